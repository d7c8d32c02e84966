"""Luminance and contrast of stimuli, as a calibrated screen would show them."""

from __future__ import annotations

import numpy as np

__all__ = ["measure", "summary"]

WEIGHTS = (0.2126, 0.7152, 0.0722)  # of linear red, green and blue in luminance: sRGB, IEC 61966-2-1


def measure(picture: np.ndarray) -> tuple[float, float]:
    """Mean luminance and RMS contrast of an sRGB picture, (y, x, channel) uint8.

    The mean of the relative luminance, 0 (black) to 1 (white), and its standard deviation over pixels,
    which is the RMS contrast of Peli (1990), 0 to 0.5.
    """
    value = np.arange(256) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    shares = [(weight * linear).astype(np.float32)[picture[..., c]] for c, weight in enumerate(WEIGHTS)]
    luminance = (shares[0] + shares[1] + shares[2]).ravel()
    return float(luminance.mean(dtype=np.float64)), float(luminance.std(dtype=np.float64))


def summary(measured: np.ndarray) -> dict[str, dict[str, float]]:
    """Mean, sd (population), min and max over stimuli of what :func:`measure` gives of each."""
    functions = {"mean": np.mean, "sd": np.std, "min": np.min, "max": np.max}
    columns = dict(zip(("mean_luminance", "rms_contrast"), np.asarray(measured).T, strict=True))
    return {
        name: {key: round(float(function(values)), 6) for key, function in functions.items()}
        for name, values in columns.items()
    }
