"""Given photographs, checked and brought to the size of the stimuli."""

from __future__ import annotations

import numpy as np
from PIL import Image

__all__ = ["resized"]


def resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bring a photograph to a size.

    Parameters
    ----------
    picture : (y, x, channel) uint8.
    size : height and width in pixels; the aspect ratio is not kept.

    Returns
    -------
    (y, x, channel) uint8.

    Raises
    ------
    ValueError : the picture is not (y, x, 3) uint8.
    """
    picture = np.asarray(picture)
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise ValueError(f"a photograph must be (y, x, 3) uint8, got shape {picture.shape} and {picture.dtype}")
    return np.asarray(Image.fromarray(picture).resize(size[::-1], Image.Resampling.BICUBIC))
