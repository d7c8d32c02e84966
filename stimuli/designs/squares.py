"""Latin squares: orders of conditions, and of response keys, in which each comes at each place equally often."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["key_map", "latin_square", "williams_square"]


def latin_square(n: int) -> np.ndarray:
    """Give the cyclic Latin square: (row, place) int, each of ``n`` levels once in each row and at each place."""
    return (np.arange(n)[:, None] + np.arange(n)) % n


def williams_square(n: int) -> np.ndarray:
    """Give orders in which each level follows each other one equally often (Williams 1949).

    Bradley (1958) writes them out: 0, n - 1, 1, n - 2 ... and the same counted on from each level; an odd
    number of levels needs these orders backwards as well.

    Parameters
    ----------
    n : number of levels, at least 1.

    Returns
    -------
    (order, place) int levels; ``n`` orders where ``n`` is even, ``2 * n`` where it is odd, 1 of one level.
    """
    first = np.empty(n, int)
    first[::2], first[1::2] = np.arange((n + 1) // 2), n - 1 - np.arange(n // 2)
    square = (first + np.arange(n)[:, None]) % n
    return square if n == 1 or n % 2 == 0 else np.concatenate([square, square[:, ::-1]])


def key_map(options: Sequence[str], keys: Sequence[str], key_order: int) -> dict[str, str]:
    """Say which key means which option in an order of keys, a row of the cyclic Latin square.

    Parameters
    ----------
    options : what can be answered.
    keys : as many, as they lie on the keyboard.
    key_order : the column of that name of a participant's list, 0 to ``len(keys) - 1``; in order 0 the first
        option has the first key.

    Raises
    ------
    ValueError : there are not as many keys as options, or no such order.
    """
    if len(options) != len(keys):
        raise ValueError(f"keys are one an option: got {len(keys)} for {len(options)} options")
    if not 0 <= key_order < max(1, len(keys)):
        raise ValueError(f"{len(keys)} keys have the orders 0 to {len(keys) - 1}, got {key_order}")
    return {option: keys[place] for option, place in zip(options, latin_square(len(keys))[key_order], strict=True)}
