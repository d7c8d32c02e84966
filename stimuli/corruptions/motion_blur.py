"""Motion blur by ImageMagick, which is needed nowhere else."""

from __future__ import annotations

import numpy as np

from stimuli.foundation.registry import later

__all__ = ["NEEDS", "missing", "moved"]

NEEDS = later("stimuli.corruptions.motion_blur:missing")
FORMATS = {1: "GRAY", 3: "RGB"}


def missing() -> str | None:
    """Say what is missing, in a sentence that names the package to install; None where nothing is."""
    try:
        import wand.image  # noqa: F401
    except ImportError:
        return (
            "motion_blur and snow need ImageMagick, which is missing: install the package libmagickwand-6.q16-6 "
            "(Debian, Ubuntu) or imagemagick (conda, Homebrew), or leave these two corruptions out"
        )
    return None


def moved(image: np.ndarray, radius: float, sigma: float, angle: float) -> np.ndarray:
    """Blur along a line, with one half of a Gaussian.

    ``image`` is (y, x, channel) uint8 of one or three channels, ``radius`` the Gaussian's reach and
    ``sigma`` its standard deviation in pixels, ``angle`` the line's in degrees. FileNotFoundError:
    ImageMagick is missing.
    """
    if told := missing():
        raise FileNotFoundError(told)
    from wand.image import Image  # fails without ImageMagick, which all else does without

    height, width, channels = image.shape
    form = FORMATS[channels]
    pixels = np.ascontiguousarray(image).tobytes()
    with Image(blob=pixels, format=form, width=width, height=height, depth=8) as picture:
        picture.motion_blur(radius, sigma, angle)
        # a copy of the pixels not by way of a blob is off by one grey level
        blob = picture.make_blob(form)
    return np.frombuffer(blob, np.uint8).reshape(image.shape)
