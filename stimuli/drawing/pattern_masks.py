"""Pictures that mask what was shown before them: blocks of noise, or the picture's own pieces in disorder."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["PatternMask", "noise", "shuffled"]

PatternMask = Callable[[np.ndarray, np.random.Generator], np.ndarray]
BLOCKS = 16  # on the shorter side of a picture


def noise(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Draw square blocks of black or white at random over the whole of a picture (y, x, channel) uint8."""
    side, (height, width) = _block(picture), picture.shape[:2]
    levels = random.integers(0, 2, (-(-height // side), -(-width // side), 1), np.uint8) * np.uint8(255)
    blocks = levels.repeat(side, 0).repeat(side, 1)[:height, :width]
    return np.broadcast_to(blocks, picture.shape).copy()


def shuffled(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Put the square pieces of a picture (y, x, channel) uint8 in random order: its pixels are all there.

    What is left at the edges, less than a piece, stays where it is.
    """
    side = _block(picture)
    rows, columns = (length // side for length in picture.shape[:2])
    top, left = (length % side // 2 for length in picture.shape[:2])
    part = np.s_[top : top + rows * side, left : left + columns * side]
    pieces = picture[part].reshape(rows, side, columns, side, -1).swapaxes(1, 2).reshape(rows * columns, side, side, -1)
    mixed = random.permutation(pieces).reshape(rows, columns, side, side, -1).swapaxes(1, 2)
    masked = picture.copy()
    masked[part] = mixed.reshape(rows * side, columns * side, -1)
    return masked


def _block(picture: np.ndarray) -> int:
    """Side of a block in pixels."""
    return max(2, min(picture.shape[:2]) // BLOCKS)
