"""The corruptions of ImageNet-C at five severities: one picture, name, severity and random generator.

Hendrycks and Dietterich, Benchmarking neural network robustness to common corruptions and perturbations,
ICLR 2019. Parameters are the published ones, which are meant for 224 x 224 pixels; lengths among them are
in pixels and are not scaled with the picture, so that 224 pixels give the benchmark and other sizes give
what the benchmark's code would.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from stimuli.corruptions.corruption import Corruption
from stimuli.foundation.registry import Registry

__all__ = [
    "BENCHMARK", "CORRUPTIONS", "Corruption", "EXTRA", "NAMES", "SEVERITIES", "SMALLEST", "check", "corrupt",
    "generator_for", "ordered",
]  # fmt: skip

KIND = "stimuli.corruptions.corruption:Corruption"
CORRUPTIONS: Registry[Corruption] = Registry(KIND, "absvit.corruptions", ("stimuli.corruptions",))

# the 15 that the mean corruption error is taken over, in the benchmark's order; the 4 left for development, and a
# variant that a package of these corruptions has under the name of the benchmark's
BENCHMARK = (
    "gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "glass_blur", "motion_blur", "zoom_blur", "snow",
    "frost", "fog", "brightness", "contrast", "elastic_transform", "pixelate", "jpeg_compression",
)  # fmt: skip
EXTRA = ("speckle_noise", "gaussian_blur", "spatter", "saturate", "elastic_imagecorruptions")
NAMES: tuple[str, ...] = BENCHMARK + EXTRA
SEVERITIES = (1, 2, 3, 4, 5)
SMALLEST = 32


def corrupt(
    image: np.ndarray,
    name: str | Corruption,
    severity: int,
    generator: np.random.Generator,
    frost_folder: Path | None = None,
) -> np.ndarray:
    """Corrupt a picture.

    Parameters
    ----------
    image : (y, x, channel) uint8, RGB, at least 32 x 32 pixels; it is not changed.
    name : one of ``CORRUPTIONS``, or the corruption itself.
    severity : 1 to 5.
    generator : source of all that is random; the corruptions that are not random do not touch it.
    frost_folder : folder of pictures of frost, from which ``frost`` takes its crops, as the benchmark does;
        textures of our own, if left out.

    Returns
    -------
    (y, x, channel) uint8, of the picture's size; a new array.

    Raises
    ------
    ValueError : the name, the severity or the picture is none of these, or a picture of frost cannot be read.
    FileNotFoundError : there is no such folder of frost, or motion_blur or snow is asked for and
        ImageMagick is missing; the message names its package.

    Examples
    --------
    >>> picture = stimuli.draw("objects", n=1)["image"].values[0]
    >>> stimuli.corrupt(picture, "fog", 3, np.random.default_rng(0)).shape
    (112, 112, 3)
    """
    check(() if isinstance(name, Corruption) else (name,), (severity,))
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(
            f"a picture to corrupt must be (y, x, 3) uint8, RGB with grey levels 0 to 255; got shape {image.shape} and "
            f"{image.dtype}"
        )
    if min(image.shape[:2]) < SMALLEST:
        raise ValueError(f"a picture to corrupt must have at least {SMALLEST} x {SMALLEST} pixels, got {image.shape}")
    corruption = CORRUPTIONS.of(name)
    given = {"folder": frost_folder} if corruption.name == "frost" else {}
    corrupted = np.asarray(corruption.apply(image, severity, generator, **given))
    # grey levels are cut off, not rounded, as in the benchmark's code
    return np.array(corrupted) if corrupted.dtype == np.uint8 else np.clip(corrupted, 0, 255).astype(np.uint8)


def check(names: tuple[str, ...], severities: tuple[int, ...] = SEVERITIES, frost_folder: Path | None = None) -> None:
    """Refuse what cannot be made, before anything is.

    Raises
    ------
    ValueError : a name or a severity is unknown, or the folder holds no pictures of frost.
    FileNotFoundError : there is no such folder.
    """
    if unknown := [name for name in names if name not in CORRUPTIONS]:
        known = ", ".join(ordered(CORRUPTIONS))
        raise ValueError(f"there is no corruption {', '.join(map(repr, unknown))}; expected of {known}")
    if wrong := [severity for severity in severities if severity not in SEVERITIES]:
        raise ValueError(f"severity must be one of 1, 2, 3, 4, 5, got {', '.join(map(repr, wrong))}")
    if frost_folder is not None:
        from stimuli.corruptions.frost_textures import check_folder  # which loads SciPy and OpenCV

        check_folder(frost_folder)


def ordered(names: Iterable[str]) -> list[str]:
    """Put corruptions into the benchmark's order, further ones after it."""
    return sorted(names, key=lambda name: NAMES.index(name) if name in NAMES else len(NAMES))


def generator_for(seed: int, name: str, severity: int, file: str) -> np.random.Generator:
    """Give the generator of one corruption of one file (CLASS/FILE), which depends on nothing else."""
    digest = hashlib.sha256(f"{seed}/{name}/{severity}/{file}".encode()).digest()
    return np.random.Generator(np.random.Philox(key=np.frombuffer(digest[:16], "<u8")))
