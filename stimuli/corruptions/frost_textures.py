"""Textures of frost: drawn by ourselves, or cut out of a folder of pictures.

The benchmark takes crops of photographs of frost that it does not own. What is drawn here are needles of
ice on 1/f noise. They differ from the photographs; means, standard deviations and how likely each kind is are
those of the five photographs that the benchmark's code draws from.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from scipy import fft

from stimuli.drawing import backgrounds
from stimuli.foundation import picture_files

__all__ = ["KINDS", "check_folder", "cropped", "drawn"]

# of each photograph that the benchmark draws from: mean of each channel and their common standard deviation
# in a crop of 224 pixels, as grey levels; the second and the third are the same photograph there
KINDS = (
    ((78.0, 149.0, 166.0), 17.0),
    ((201.0, 205.0, 215.0), 20.0),
    ((201.0, 205.0, 215.0), 20.0),
    ((138.0, 153.0, 165.0), 26.0),
    ((112.0, 123.0, 135.0), 36.0),
)
CELL = 16  # pixels of a side in which one cluster of needles grows
NEEDLES = 10


def drawn(size: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    """Draw a texture of frost of a height and width, (y, x, channel) float32 grey levels."""
    mean, deviation = KINDS[generator.integers(len(KINDS))]
    height, width = size
    frequency = np.hypot(fft.fftfreq(height)[:, None], fft.rfftfreq(width)).astype(np.float32)
    frequency[0, 0] = np.inf
    spectrum = generator.standard_normal((*frequency.shape, 2), np.float32).view(np.complex64)[..., 0]
    clouds = fft.irfft2(spectrum * frequency**-1.5, s=size)
    ice = _standardised(clouds) + _standardised(_needles(size, generator))
    return np.array(mean, np.float32) + np.float32(deviation) * _standardised(ice)[..., None]


def check_folder(folder: Path) -> list[Path]:
    """List the pictures of a folder; refuse one that is missing or has none."""
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"no folder {folder} of pictures of frost; check the path")
    files = picture_files.in_folder(Path(folder))
    if not files:
        raise ValueError(f"{folder} holds no pictures of frost ({', '.join(picture_files.SUFFIXES)})")
    return files


def cropped(folder: Path, size: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    """Cut a random part out of a random picture of a folder, (y, x, channel) uint8; small ones are enlarged.

    The benchmark's code draws from the first five of its six. Folders and pictures that cannot be used
    are refused as :func:`check_folder` and ``read_picture`` do.
    """
    files = check_folder(folder)
    picture = backgrounds.read_picture(files[generator.integers(min(len(files), 5))])
    factor = 1.1 * max(1, size[0] / picture.shape[0], size[1] / picture.shape[1])
    new = tuple(int(np.ceil(side * factor)) for side in picture.shape[1::-1])
    picture = cv2.resize(picture, new, interpolation=cv2.INTER_CUBIC)
    top, left = (generator.integers(0, picture.shape[k] - size[k]) for k in range(2))
    return picture[top : top + size[0], left : left + size[1]]


def _needles(size: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    """Clusters of needles of ice, (y, x) float32; the needles of a cluster point about the same way."""
    height, width = size
    n = max(1, height * width // CELL**2)
    centre = generator.random((n, 1, 2), np.float32) * np.array([width, height], np.float32)
    heading = np.pi * generator.random((n, 1), np.float32)
    angle = heading + 0.5 * generator.standard_normal((n, NEEDLES), np.float32)
    start = centre + 0.6 * CELL * generator.standard_normal((n, NEEDLES, 2), np.float32)
    length = CELL * generator.exponential(0.6, (n, NEEDLES)).astype(np.float32)
    end = start + length[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    lines = np.stack([start, end], axis=-2).reshape(-1, 2, 2)
    image = np.zeros(size, np.uint8)
    for level, part in zip((90, 140, 200, 255), np.array_split(lines, 4), strict=True):
        cv2.polylines(image, np.round(part * 16).astype(np.int32), False, level, 1, cv2.LINE_AA, 4)
    return cv2.GaussianBlur(image.astype(np.float32), (0, 0), 0.5)


def _standardised(field: np.ndarray) -> np.ndarray:
    """A field with mean 0 and standard deviation 1."""
    return (field - field.mean()) / field.std()
