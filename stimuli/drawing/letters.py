"""Letters as strokes, so that they look the same wherever they are drawn."""

from __future__ import annotations

import numpy as np

__all__ = ["LETTERS", "lines", "pattern"]

# polylines in a box from -1 to 1, x to the right and y up
STROKES = {
    "A": [[(-1, -1), (-1, 0.5), (-0.5, 1), (0.5, 1), (1, 0.5), (1, -1)], [(-1, 0), (1, 0)]],
    "C": [[(1, 1), (-1, 1), (-1, -1), (1, -1)]],
    "E": [[(1, 1), (-1, 1), (-1, -1), (1, -1)], [(-1, 0), (0.5, 0)]],
    "F": [[(1, 1), (-1, 1), (-1, -1)], [(-1, 0), (0.5, 0)]],
    "H": [[(-1, 1), (-1, -1)], [(1, 1), (1, -1)], [(-1, 0), (1, 0)]],
    "L": [[(-1, 1), (-1, -1), (1, -1)]],
    "O": [[(-1, -1), (-1, 1), (1, 1), (1, -1), (-1, -1)]],
    "S": [[(1, 1), (-1, 1), (-1, 0), (1, 0), (1, -1), (-1, -1)]],
    "T": [[(-1, 1), (1, 1)], [(0, 1), (0, -1)]],
    "U": [[(-1, 1), (-1, -1), (1, -1), (1, 1)]],
    "X": [[(-1, 1), (1, -1)], [(1, 1), (-1, -1)]],
    "Z": [[(-1, 1), (1, 1), (-1, -1), (1, -1)]],
}
LETTERS = tuple(STROKES)


def lines(letter: str, centre_x: float, centre_y: float, half_width: float, half_height: float) -> list[np.ndarray]:
    """Place a letter's strokes, polylines (point, 2) in pixels; the box reaches to their middle."""
    scale = np.array([half_width, -half_height])
    return [np.array(line) * scale + (centre_x, centre_y) for line in STROKES[letter]]


def pattern(letter: str, columns: int, rows: int) -> np.ndarray:
    """Give the cells (row, column) of an odd grid of at least 3 that a letter runs through."""
    filled = np.zeros((rows, columns), bool)
    for line in lines(letter, (columns - 1) / 2, (rows - 1) / 2, (columns - 1) / 2, (rows - 1) / 2):
        for start, end in zip(line, line[1:], strict=False):
            steps = int(np.ceil(np.abs(end - start).max())) + 1
            along = np.linspace(start, end, steps)
            x, y = np.floor(along + 0.5).astype(int).T
            filled[y, x] = True
    return filled
