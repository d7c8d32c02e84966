"""Backgrounds: 1/f noise, a grey level, a texture of scikit-image, or crops of the pictures in a folder.

A background is named by one word, so that it fits into a family's parameters and into a command line.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from scipy import fft
from skimage import data

from stimuli.foundation import picture_files

__all__ = ["NOISE", "check", "fill", "fill_all", "one_over_f", "read_picture", "to_rgb", "unreadable"]

NOISE = "noise"
TEXTURES = ("brick", "grass", "gravel")  # CC0 photographs that come with scikit-image
EXPECTED = f"noise, grey:LEVEL with a level in [0, 1], texture:NAME ({', '.join(TEXTURES)}) or folder:PATH"
OWN_STREAM = 2**63  # added to the stimulus number: backgrounds draw from other random streams than the families


def check(background: str) -> None:
    """Refuse a background that cannot be made.

    Raises
    ------
    ValueError : the word is none of those that :func:`fill_all` takes, the level lies outside [0, 1], or the
        folder holds no pictures.
    FileNotFoundError : there is no such folder.
    """
    kind, value = _parsed(background)
    SOURCES[kind](value)


def fill(background: str, size: tuple[int, int], seed: int, index: int, contrast: float = 0.12) -> np.ndarray:
    """Give the background of one stimulus, (y, x, channel) float32, as :func:`fill_all` makes it."""
    return fill_all(background, size, seed, [index], contrast)[0]


def fill_all(
    background: str, size: tuple[int, int], seed: int, indices: Sequence[int], contrast: float = 0.12
) -> np.ndarray:
    """Give the backgrounds of some stimuli.

    Parameters
    ----------
    background : "noise" (coloured 1/f noise), "grey:LEVEL" with a level in [0, 1], "texture:NAME" (brick,
        grass or gravel) or "folder:PATH" (random crops of the pictures in a folder and its subfolders).
    size : height and width in pixels.
    seed : of the set.
    indices : (image,) numbers of the stimuli.
    contrast : standard deviation of the noise's luminance, in units of the pixel range.

    Returns
    -------
    (image, y, x, channel) float32 in [0, 1]; each a function of (background, size, seed, index, contrast)
    alone. Refused as by :func:`check`, and where a picture is unreadable or smaller than the stimulus.
    """
    kind, value = _parsed(background)
    source = SOURCES[kind](value)
    keys = np.array([(seed, OWN_STREAM + int(index)) for index in indices], np.uint64)
    generators = [np.random.Generator(np.random.Philox(key=key)) for key in keys]
    return np.stack([FILLS[kind](source, size, generator, contrast) for generator in generators])


def one_over_f(spectrum: np.ndarray, uniform: np.ndarray, size: tuple[int, int], contrast: float) -> np.ndarray:
    """Coloured 1/f noise, (image, channel, y, x) float32: one luminance field and two weaker colour fields.

    Parameters
    ----------
    spectrum : (image, 3, y, x // 2 + 1) complex normal deviates.
    uniform : (image, 4) in [0, 1): exponent, mean luminance, and tints towards red and blue.
    size : height and width in pixels.
    contrast : standard deviation of the luminance, in units of the pixel range; nothing is clipped.
    """
    height, width = size
    frequency = np.hypot(fft.fftfreq(height)[:, None], fft.rfftfreq(width)).astype(np.float32)
    frequency[0, 0] = np.inf
    # the amplitude falls as frequency ** -exponent; natural scenes lie around 1 (Field 1987)
    exponent = 0.8 + 0.5 * uniform[:, 0, None, None, None]
    fields = fft.irfft2(spectrum * frequency**-exponent, s=size)
    fields /= fields.std(axis=(2, 3), keepdims=True)
    mean = (0.3 + 0.35 * uniform[:, 1])[:, None, None, None]
    tint = ((uniform[:, 2:4] - 0.5) * 0.16)[:, :, None, None]
    luminance = mean + contrast * fields[:, :1]
    red_green, blue_yellow = np.split(tint + 0.035 * fields[:, 1:], 2, axis=1)
    return np.concatenate([luminance + red_green, luminance - red_green, luminance + blue_yellow], axis=1)


def read_picture(path: Path, upright: bool = True) -> np.ndarray:
    """Read a picture as 8-bit RGB, (y, x, channel), the transparent on white, 16-bit values scaled.

    Raises
    ------
    FileNotFoundError : there is no such file.
    ValueError : the file is not a readable picture, or its values have no known range.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"no picture at {path}; check the path")
    try:
        with Image.open(path) as opened:
            return np.asarray(to_rgb(ImageOps.exif_transpose(opened) if upright else opened))
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ValueError(f"cannot read {path} as a picture: {unreadable(error)}") from error


def unreadable(error: Exception) -> str:
    """Say why a picture cannot be read, and what helps where it is too large."""
    if isinstance(error, Image.DecompressionBombError):
        return f"it has more than {2 * Image.MAX_IMAGE_PIXELS:,} pixels, save it smaller"
    return str(error)


def to_rgb(picture: Image.Image) -> Image.Image:
    """Convert a picture of any mode to 8-bit RGB as :func:`read_picture` does."""
    if picture.mode == "F":
        raise ValueError("floating-point pixels have no known range: save the picture with 8 or 16 bits")
    if picture.mode.startswith("I"):
        values = np.asarray(picture, np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError(f"grey values from {values.min()} to {values.max()} do not fit 16 bits")
        picture = Image.fromarray(np.rint(values / 257).astype(np.uint8))
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert("RGB")


def _parsed(background: str) -> tuple[str, str]:
    kind, colon, value = background.partition(":")
    if kind not in FILLS or (kind == NOISE) == bool(colon):
        raise ValueError(f"unknown background {background!r}; expected {EXPECTED}")
    return kind, value


def _level(value: str) -> float:
    try:
        level = float(value)
    except ValueError:
        level = math.nan
    if not 0 <= level <= 1:
        raise ValueError(f"a background's grey level lies in [0, 1], got {value!r}")
    return level


def _photograph(name: str) -> np.ndarray:
    """A texture of scikit-image, (y, x) uint8."""
    if name not in TEXTURES:
        raise ValueError(f"there is no background texture {name!r}; expected one of {', '.join(TEXTURES)}")
    return np.asarray(getattr(data, name)())


def _noise(source: str, size: tuple[int, int], generator: np.random.Generator, contrast: float) -> np.ndarray:
    uniform = generator.random((1, 4), dtype=np.float32)
    normal = generator.standard_normal((1, 3, size[0], size[1] // 2 + 1, 2), dtype=np.float32)
    noise = one_over_f(normal.view(np.complex64)[..., 0], uniform, size, contrast)
    return np.clip(np.moveaxis(noise[0], 0, -1), 0, 1)


def _grey(level: float, size: tuple[int, int], generator: np.random.Generator, contrast: float) -> np.ndarray:
    return np.full((*size, 3), level, np.float32)


def _texture(texture: np.ndarray, size: tuple[int, int], generator: np.random.Generator, contrast: float) -> np.ndarray:
    """A crop of the texture, mirrored at its edges where the stimulus is larger."""
    ahead = [(0, max(0, wanted - found)) for wanted, found in zip(size, texture.shape, strict=True)]
    texture = np.pad(texture, ahead, mode="symmetric")
    return _crop(np.repeat(texture[..., None], 3, axis=2), size, generator)


def _folder(files: list[Path], size: tuple[int, int], generator: np.random.Generator, contrast: float) -> np.ndarray:
    path = files[generator.integers(len(files))]
    picture = read_picture(path)
    if picture.shape[0] < size[0] or picture.shape[1] < size[1]:
        found = " x ".join(map(str, picture.shape[:2]))
        raise ValueError(f"{path} has {found} pixels (height x width), too few for stimuli of {size[0]} x {size[1]}")
    return _crop(picture, size, generator)


def _pictures(folder: str) -> list[Path]:
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"no folder {folder!r} to take backgrounds from; check the path")
    files = picture_files.in_folder(Path(folder))
    if not files:
        raise ValueError(f"no pictures in {folder} ({', '.join(picture_files.SUFFIXES)})")
    return files


def _crop(picture: np.ndarray, size: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    corner = [generator.integers(found - wanted + 1) for found, wanted in zip(picture.shape[:2], size, strict=True)]
    rows, columns = (slice(start, start + wanted) for start, wanted in zip(corner, size, strict=True))
    return picture[rows, columns].astype(np.float32) / 255


SOURCES: dict[str, Callable] = {"noise": str, "grey": _level, "texture": _photograph, "folder": _pictures}
FILLS: dict[str, Callable] = {"noise": _noise, "grey": _grey, "texture": _texture, "folder": _folder}
