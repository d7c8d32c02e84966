"""Weather of ImageNet-C: snow, frost, fog and spatter."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from scipy import ndimage

from stimuli.corruptions import frost_textures
from stimuli.corruptions.blur import magnified
from stimuli.corruptions.corruption import Corruption
from stimuli.corruptions.motion_blur import NEEDS, moved

__all__ = ["fog", "frost", "plasma", "snow", "spatter"]

WATER, MUD = (175, 238, 238), (63, 42, 20)  # pale turquoise and brown, RGB


def snow(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Let it snow: streaks of thresholded noise on a whitened picture. It needs ImageMagick."""
    mean, deviation, size, least, radius, sigma, kept = (
        (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
        (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
        (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
        (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
        (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
    )[severity - 1]
    picture = image.astype(np.float32) / 255
    noise = mean + deviation * generator.standard_normal((*image.shape[:2], 1), np.float32)
    flakes = magnified(noise, size)
    flakes[flakes < least] = 0
    flakes = (np.clip(flakes, 0, 1) * 255).astype(np.uint8)
    flakes = moved(flakes, radius, sigma, generator.uniform(-135, -45)) / np.float32(255)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None]
    picture = kept * picture + (1 - kept) * np.maximum(picture, grey * 1.5 + 0.5)
    return 255 * (picture + flakes + flakes[::-1, ::-1])


def frost(image: np.ndarray, severity: int, generator: np.random.Generator, folder: Path | None = None) -> np.ndarray:
    """Look through a frosted window: 1 to 0.6 times the picture, 0.4 to 0.75 times a texture of ice.

    ``folder`` holds pictures of frost; textures of our own, if left out.
    """
    kept, added = ((1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75))[severity - 1]
    if folder is None:
        ice = frost_textures.drawn(image.shape[:2], generator)
    else:
        ice = frost_textures.cropped(folder, image.shape[:2], generator)
    return np.float32(kept) * image + np.float32(added) * ice


def fog(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Add clouds of fog, 1.5 to 3 times the range, coarse to fine, then scale to the picture's."""
    amount, decay = ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4))[severity - 1]
    height, width = image.shape[:2]
    clouds = plasma(1 << (max(height, width) - 1).bit_length(), decay, generator)[:height, :width, None]
    brightest = image.max() / 255
    return (image / 255.0 + amount * clouds) * (255 * brightest / (brightest + amount))


def plasma(size: int, decay: float, generator: np.random.Generator) -> np.ndarray:
    """Draw a fractal height map by the diamond-square algorithm on a torus (Fournier et al. 1982).

    It is (y, x) float64 in [0, 1], both reached, ``size`` a power of two; the random part shrinks by
    ``decay``, above 1, from one scale to the next.
    """
    heights = np.zeros((size, size))
    step, reach = size, 100.0
    while step >= 2:
        half = step // 2

        def varied(sums: np.ndarray, reach: float = reach) -> np.ndarray:
            return sums / 4 + reach * generator.uniform(-reach, reach, sums.shape)

        corners = heights[::step, ::step]
        pairs = corners + np.roll(corners, -1, 0)
        heights[half::step, half::step] = varied(pairs + np.roll(pairs, -1, 1))
        centres = heights[half::step, half::step]
        beside = corners + np.roll(corners, -1, 1)
        heights[::step, half::step] = varied(centres + np.roll(centres, 1, 0) + beside)
        below = corners + np.roll(corners, -1, 0)
        heights[half::step, ::step] = varied(centres + np.roll(centres, 1, 1) + below)
        step, reach = half, reach / decay
    heights -= heights.min()
    return heights / heights.max()


def spatter(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Splash water (severities 1 to 3) or mud (4 and 5) on the lens."""
    mean, deviation, sigma, least, strength = (
        (0.65, 0.3, 4, 0.69, 0.6),
        (0.65, 0.3, 3, 0.68, 0.6),
        (0.65, 0.3, 2, 0.68, 0.5),
        (0.65, 0.3, 1, 0.65, 1.5),
        (0.67, 0.4, 1, 0.65, 1.5),
    )[severity - 1]
    liquid = ndimage.gaussian_filter(generator.normal(mean, deviation, image.shape[:2]), sigma, mode="nearest")
    liquid[liquid < least] = 0
    if severity <= 3:
        drops = strength * _refracting((liquid * 255).astype(np.uint8))
        return image + drops[..., None] * np.array(WATER, np.float32)
    splashes = ndimage.gaussian_filter((liquid > least).astype(np.float32), strength, mode="nearest")
    splashes[splashes < 0.8] = 0
    return image * (1 - splashes[..., None]) + splashes[..., None] * np.array(MUD, np.float32)


def _refracting(liquid: np.ndarray) -> np.ndarray:
    """Brightness of drops of water, (y, x) float32 up to 1: brightest by their lower right edges."""
    distance = cv2.distanceTransform(255 - cv2.Canny(liquid, 50, 150), cv2.DIST_L2, 5)
    distance = cv2.equalizeHist(cv2.blur(np.minimum(distance, 20), (3, 3)).astype(np.uint8))
    embossed = cv2.filter2D(distance, cv2.CV_8U, np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]))
    light = liquid * cv2.blur(embossed, (3, 3)).astype(np.float32)
    return light / max(light.max(), np.float32(1))


SNOW = Corruption("snow", "falling snow", snow, missing=NEEDS)
FROST = Corruption("frost", "ice on the window", frost)
FOG = Corruption("fog", "fog of a fractal density", fog)
SPATTER = Corruption("spatter", "drops of water or mud on the lens", spatter)
