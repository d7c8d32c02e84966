"""Versions of a picture in which only one dimension of it is left: its shape, or its texture."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy import ndimage
from skimage import color, feature, filters, morphology

__all__ = ["VERSIONS", "edges", "patches", "sketch"]

Version = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def edges(picture: np.ndarray, random: np.random.Generator | None = None) -> np.ndarray:
    """Draw its contours in black on white (Canny 1986), three pixels wide.

    Parameters
    ----------
    picture : (y, x, channel) uint8.
    random : of no use here.
    """
    found = feature.canny(color.rgb2gray(picture), sigma=3)
    return _drawn(ndimage.binary_dilation(found, morphology.disk(1)).astype(float))


def sketch(picture: np.ndarray, random: np.random.Generator | None = None) -> np.ndarray:
    """Draw the steepness of its grey levels, smoothed by 2 pixels, dark on white (Sobel's filter).

    The steepest fiftieth of the pixels is black. Parameters are those of :func:`edges`.
    """
    steepness = filters.sobel(filters.gaussian(color.rgb2gray(picture), 2))
    return _drawn(steepness / max(np.quantile(steepness, 0.98), 1e-6))


def patches(cells: int) -> Version:
    """Give the version that cuts a picture into cells x cells patches and puts these in random order.

    The patches tile the picture from its upper left corner; rows and columns that are left over are cut off,
    and the picture is enlarged to its size by repeating pixels at its edge.
    """

    def shuffled(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
        tall, wide = (side // cells for side in picture.shape[:2])
        whole = picture[: tall * cells, : wide * cells]
        tiles = whole.reshape(cells, tall, cells, wide, -1).swapaxes(1, 2).reshape(cells**2, tall, wide, -1)
        tiles = tiles[random.permutation(cells**2)].reshape(cells, cells, tall, wide, -1)
        lost = [(0, side - kept) for side, kept in zip(picture.shape, whole.shape, strict=True)]
        return np.pad(tiles.swapaxes(1, 2).reshape(whole.shape), lost, mode="edge")

    return shuffled


def _drawn(ink: np.ndarray) -> np.ndarray:
    """Grey levels (y, x, channel) uint8 of ink in [0, 1], more being cut off."""
    return np.repeat(np.round(255 * (1 - np.clip(ink, 0, 1)))[..., None], 3, axis=2).astype(np.uint8)


VERSIONS: Mapping[str, tuple[Version, ...]] = {"shape": (edges, sketch), "texture": (patches(6), patches(8))}
