"""Blurs of ImageNet-C: defocus, glass, motion, zoom and Gaussian blur."""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage

from stimuli.corruptions.corruption import Corruption
from stimuli.corruptions.motion_blur import NEEDS, moved

__all__ = ["defocus_blur", "gaussian_blur", "glass_blur", "magnified", "motion_blur", "shuffled", "zoom_blur"]


def defocus_blur(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Blur with a disk of 3 to 10 pixels: out of focus."""
    radius, soft = ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))[severity - 1]
    reach, smooth = (8, (3, 3)) if radius <= 8 else (radius, (5, 5))
    along = np.arange(-reach, reach + 1)
    disk = (along[:, None] ** 2 + along**2 <= radius**2).astype(np.float32)
    kernel = cv2.GaussianBlur(disk / disk.sum(), smooth, soft)
    return np.clip(cv2.filter2D(image / 255.0, -1, kernel), 0, 1) * 255


def glass_blur(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Blur, move pixels about, blur again: as if through frosted glass.

    Blurs of 0.7 to 1.5 pixels, moves of up to 1 to 4 pixels, 1 to 3 times.
    """
    sigma, reach, times = ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2))[severity - 1]
    across = 2 * int(4 * sigma + 0.5) + 1

    def blurred(picture: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(picture.astype(np.float64), (across, across), sigma, borderType=cv2.BORDER_REPLICATE)

    moving = blurred(image).astype(np.uint8)
    for _ in range(times):
        shape = (image.shape[0] - 2 * reach, image.shape[1] - 2 * reach, 2)
        moving = shuffled(moving, generator.integers(-reach, reach, shape, np.int8), reach)
    return blurred(moving)


def shuffled(image: np.ndarray, moves: np.ndarray, reach: int) -> np.ndarray:
    """Give each inner pixel the colour of a neighbour, one pixel after the other from the last to the first.

    The benchmark's code is written as an exchange of two pixels, ``x[h, w], x[k, l] = x[k, l], x[h,
    w]``, but numpy works on views there, so that it copies the second to the first; the published
    pictures were made that way. A pixel that was copied earlier hands on what it got. Each pixel's
    colour therefore comes from the end of a chain of neighbours; all chains are followed at once, each
    step doubling what has been followed. ``moves`` (y - 2 reach, x - 2 reach, 2) in [-reach, reach) are
    the steps right and down of the pixels of rows and columns reach + 1 to size - reach, the last one
    first.
    """
    height, width = image.shape[:2]
    number = np.arange(height * width, dtype=np.int32).reshape(height, width)
    inner = (slice(height - reach, reach, -1), slice(width - reach, reach, -1))
    source = number.copy()
    source[inner] += moves[..., 0] + np.int32(width) * moves[..., 1]
    is_inner = np.zeros((height, width), bool)
    is_inner[inner] = True
    number, source, is_inner = number.ravel(), source.ravel(), is_inner.ravel()
    # a chain goes on where the neighbour had been copied before: it is inner and comes after this pixel
    onward = is_inner & (source > number) & is_inner[source]
    following = np.where(onward, source, number)
    while True:
        further = following[following]
        if np.array_equal(further, following):
            break
        following = further
    return image.reshape(height * width, -1)[source[following]].reshape(image.shape)


def motion_blur(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Blur along a line, half a Gaussian of 3 to 15 pixels: a moving camera. It needs ImageMagick."""
    radius, sigma = ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))[severity - 1]
    return moved(image, radius, sigma, generator.uniform(-45, 45))


def zoom_blur(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Average over magnifications of up to 1.1 to 1.3 times: a camera that moves towards what it sees."""
    end, step = ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))[severity - 1]
    factors = np.arange(1, end, step)
    planes = np.ascontiguousarray(np.moveaxis((image / 255.0).astype(np.float32), -1, 0))
    picture = np.moveaxis(planes, 0, -1)
    total = np.zeros_like(picture)
    for factor in factors:
        total += magnified(picture, factor)
    return np.clip((picture + total) / (len(factors) + 1), 0, 1) * 255


def gaussian_blur(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Blur with a Gaussian of standard deviations of 1 to 6 pixels."""
    return np.clip(_blurred(image / 255.0, (1, 2, 3, 4, 6)[severity - 1]), 0, 1) * 255


def magnified(picture: np.ndarray, factor: float) -> np.ndarray:
    """Magnify the middle of a picture, interpolating linearly between the first and the last pixel.

    Of what was magnified, which is larger by less than the factor (at least 1), the upper left part of
    the picture's size; the same as ``scipy.ndimage.zoom`` of order 1 gives, in float32.
    """
    (top, below, down), (left, right, across) = (_enlarging(side, factor) for side in picture.shape[:2])
    planes = np.moveaxis(picture, -1, 0)  # along rows numpy copies whole stretches, along columns single values
    lines = _between(planes.take(top, 1), planes.take(below, 1), down[:, None])
    return np.moveaxis(_between(lines.take(left, 2), lines.take(right, 2), across), 0, -1)


def _enlarging(size: int, factor: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels between which each of a magnified side lies, and how near to the second, float32 in [0, 1)."""
    part = int(np.ceil(size / factor))
    start = (size - part) // 2
    place = np.arange(size) * ((part - 1) / (round(part * factor) - 1))
    first = np.minimum(place.astype(int), part - 1)
    return start + first, start + np.minimum(first + 1, part - 1), (place - first).astype(np.float32)


def _between(first: np.ndarray, second: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Values between two, exact where they are the same; the second array is overwritten."""
    second -= first
    second *= weight
    second += first
    return second


def _blurred(picture: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur of each channel, the border's pixels going on beyond it."""
    return ndimage.gaussian_filter(picture, (sigma, sigma, 0), mode="nearest", truncate=4)


DEFOCUS_BLUR = Corruption("defocus_blur", "out of focus", defocus_blur)
GLASS_BLUR = Corruption("glass_blur", "seen through frosted glass", glass_blur)
MOTION_BLUR = Corruption("motion_blur", "moved while it was taken", motion_blur, missing=NEEDS)
ZOOM_BLUR = Corruption("zoom_blur", "moved towards while it was taken", zoom_blur)
GAUSSIAN_BLUR = Corruption("gaussian_blur", "Gaussian low-pass", gaussian_blur)
