"""Noises of ImageNet-C: Gaussian, shot, impulse and speckle noise."""

from __future__ import annotations

import numpy as np

from stimuli.corruptions.corruption import Corruption

__all__ = ["gaussian_noise", "impulse_noise", "shot_noise", "speckle_noise"]


def gaussian_noise(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Add normal noise of standard deviations of 0.08 to 0.38 of the range: of low light."""
    deviation = (0.08, 0.12, 0.18, 0.26, 0.38)[severity - 1]
    noise = generator.standard_normal(image.shape, np.float32)
    return image + np.float32(255 * deviation) * noise


def shot_noise(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Count photons, 60 to 3 for white: Poisson noise, of the discreteness of light."""
    white = (60, 25, 12, 5, 3)[severity - 1]
    return generator.poisson(image * (white / 255)) / white * 255


def impulse_noise(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Set 3 % to 27 % of the values, each channel for itself, to black or white: bit errors."""
    amount = (0.03, 0.06, 0.09, 0.17, 0.27)[severity - 1]
    uniform = generator.random(image.shape, np.float32)
    noisy = image.copy()
    noisy[uniform < amount / 2] = 0
    noisy[uniform >= 1 - amount / 2] = 255
    return noisy


def speckle_noise(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Multiply with normal noise of standard deviations of 0.15 to 0.6: the brighter, the noisier."""
    deviation = (0.15, 0.2, 0.35, 0.45, 0.6)[severity - 1]
    noise = generator.standard_normal(image.shape, np.float32)
    return image * (1 + np.float32(deviation) * noise)


GAUSSIAN_NOISE = Corruption("gaussian_noise", "normal noise, as of low light", gaussian_noise)
SHOT_NOISE = Corruption("shot_noise", "Poisson noise, as of few photons", shot_noise)
IMPULSE_NOISE = Corruption("impulse_noise", "black and white values, as of bit errors", impulse_noise)
SPECKLE_NOISE = Corruption("speckle_noise", "noise in proportion to the value", speckle_noise)
