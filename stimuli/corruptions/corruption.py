"""The contract of a corruption: a function of a picture, a severity and a random generator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Corruption"]


def nothing() -> str | None:
    """Say that nothing is missing."""


@dataclass(frozen=True)
class Corruption:
    """A corruption of pictures at five severities.

    Parameters
    ----------
    name : word that calls it, and the folder of its pictures.
    line : what it is, in a line.
    apply : function of a picture (y, x, channel) uint8 of at least 32 x 32 pixels, which it leaves as it is, a severity
        1 to 5, and a generator, the source of all that is random. It gives a picture of the same size, grey levels
        0 to 255; what lies beyond is clipped, fractions are cut off.
    missing : says what has to be installed before it can be made; None where nothing has to be.
    """

    name: str
    line: str
    apply: Callable[[np.ndarray, int, np.random.Generator], np.ndarray]
    missing: Callable[[], str | None] = nothing
