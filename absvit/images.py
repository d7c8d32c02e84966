"""The pixel contract: photographs in, normalised batches out; the one place of mean and std."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Normalize, RandomCrop, Resize, ToTensor

from stimuli.drawing.backgrounds import to_rgb, unreadable
from stimuli.foundation import picture_files

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MICRO_MEAN, MICRO_STD = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
STEM_MEAN, STEM_STD = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)  # what EfficientNet-Lite0 was trained with
SMALL_INPUT = 32  # pixels; up to here DeiT crops padded pictures instead of cropping and resizing
LARGEST_NORMALISED = 20.0  # [0, 1] pixels stay far below in any usual mean and std; raw 0..255 pixels do not


def read_photograph(path: str | os.PathLike, upright: bool = True) -> Image.Image:
    """Read any photograph as 8-bit RGB.

    Grey, palette and CMYK are converted as Pillow does (no colour profiles), 16-bit values are scaled to
    8 bits, transparent pixels are composited on white, and an animation gives its first frame.

    Parameters
    ----------
    path : picture file.
    upright : turn the picture as its EXIF orientation says. False keeps the stored orientation, which
        is what the original ImageNet evaluation did.

    Returns
    -------
    Picture in mode RGB, values 0..255.

    Raises
    ------
    FileNotFoundError : there is no such file.
    ValueError : the file is not a readable picture, or its values have no known range.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"no photograph at {path}; check the path")
    return _decode(path, str(path), upright)


def decode_photograph(encoded: bytes, name: str, upright: bool = True) -> Image.Image:
    """Read a photograph from the bytes of its file, as :func:`read_photograph` does.

    Parameters
    ----------
    encoded : content of a picture file.
    name : what to call it where it cannot be read.
    upright : as in :func:`read_photograph`.

    Returns
    -------
    Picture in mode RGB, values 0..255.

    Raises
    ------
    ValueError : the bytes are not a readable picture, or its values have no known range.
    """
    return _decode(io.BytesIO(encoded), name, upright)


def _decode(file: Path | io.BytesIO, name: str, upright: bool) -> Image.Image:
    try:
        with Image.open(file) as picture:
            picture.load()
            return to_rgb(ImageOps.exif_transpose(picture) if upright else picture)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ValueError(f"cannot read {name} as a photograph (JPEG, PNG, TIFF ...): {unreadable(error)}") from error


def eval_transform(
    size: int = 224,
    crop_fraction: float = 0.875,
    interpolation: str = "bicubic",
    mean: Sequence[float] = IMAGENET_MEAN,
    std: Sequence[float] = IMAGENET_STD,
    resize: bool = True,
) -> Compose:
    """Give the evaluation transform of the original work: resize, crop the centre, normalise.

    The defaults are Resize(256, bicubic), CenterCrop(224), ToTensor, Normalize (ImageNet).

    Parameters
    ----------
    size : height and width of the result in pixels.
    crop_fraction : share of the resized picture's shorter side that is kept, in (0, 1].
    interpolation : "nearest", "bilinear", "bicubic" or "lanczos".
    mean, std : mean and standard deviation of each channel, of pixels in [0, 1].
    resize : False crops without resizing (ImageNet-C); a smaller picture is then padded with black.

    Returns
    -------
    Function of an RGB picture that gives a float32 tensor (channel, y, x), normalised.

    Raises
    ------
    ValueError : size, crop_fraction or interpolation is not usable.
    """
    known = ("nearest", "bilinear", "bicubic", "lanczos")
    if interpolation not in known:
        raise ValueError(f"interpolation must be one of {', '.join(known)}; got {interpolation!r}")
    if size < 1 or not 0 < crop_fraction <= 1:
        raise ValueError(f"need a size of at least 1 and crop_fraction in (0, 1], got {size}, {crop_fraction}")
    steps = [CenterCrop(size), ToTensor(), Normalize(mean, std)]
    if resize:
        steps.insert(0, Resize(int(size / crop_fraction), InterpolationMode(interpolation)))
    return Compose(steps)


def train_transform(
    size: int = 224,
    mean: Sequence[float] = IMAGENET_MEAN,
    std: Sequence[float] = IMAGENET_STD,
    color_jitter: float = 0.4,
    auto_augment: str | None = "rand-m9-mstd0.5-inc1",
    interpolation: str = "bicubic",
    erasing: float = 0.25,
    erasing_mode: str = "pixel",
    erasing_count: int = 1,
) -> Compose:
    """Give timm's training transform with DeiT's exception for small inputs (Touvron et al. 2021).

    Up to 32 px a picture is padded by 4 px and cropped at random instead of cropped and resized. All
    randomness comes from the global generators of random, numpy and torch.

    Parameters
    ----------
    size : height and width of the result in pixels.
    mean, std : mean and standard deviation of each channel, of pixels in [0, 1].
    color_jitter : strength in [0, 1] of colour jitter; as in timm without effect beside RandAugment.
    auto_augment : timm's name of an automatic augmentation, such as rand-m9-mstd0.5-inc1; None for none.
    interpolation : "nearest", "bilinear", "bicubic", "lanczos" or "random" (bilinear or bicubic).
    erasing : probability in [0, 1] of random erasing.
    erasing_mode : what fills the erased region: "const" (0), "rand" (one colour) or "pixel" (noise).
    erasing_count : largest number of erased regions.

    Returns
    -------
    Function of an RGB picture that gives a float32 tensor (channel, y, x), normalised.

    Raises
    ------
    ValueError : an argument is not usable.
    """
    if size < 1 or not 0 <= erasing <= 1 or erasing_count < 1 or color_jitter < 0:
        raise ValueError(
            "need a size and erasing_count of at least 1, erasing in [0, 1] and color_jitter of at least 0, got "
            f"{size}, {erasing_count}, {erasing}, {color_jitter}"
        )
    for name, value, known in (
        ("interpolation", interpolation, ("nearest", "bilinear", "bicubic", "lanczos", "random")),
        ("erasing_mode", erasing_mode, ("const", "rand", "pixel")),
    ):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}; got {value!r}")
    from timm.data import create_transform
    from timm.data.auto_augment import posterize

    try:
        transform = create_transform(
            size, is_training=True, color_jitter=color_jitter, auto_augment=auto_augment,
            interpolation=interpolation, mean=tuple(mean), std=tuple(std),
            re_prob=erasing, re_mode=erasing_mode, re_count=erasing_count,
        )  # fmt: skip
    except (AssertionError, ValueError, KeyError) as error:
        raise ValueError(f"timm knows no augmentation {auto_augment!r}; take one like rand-m9-mstd0.5-inc1") from error
    if size <= SMALL_INPUT:
        transform.transforms[0] = RandomCrop(size, padding=4)
    for step in transform.transforms:
        policy = getattr(step, "policy", ())
        for operation in [*getattr(step, "ops", ()), *(operation for pair in policy for operation in pair)]:
            if operation.aug_fn is posterize:
                operation.aug_fn = _posterised
    return transform


def _posterised(picture: Image.Image, bits: int, **_) -> Image.Image:
    """Keep so many bits of each channel: none at timm's highest magnitude, which Pillow refuses from 13 on."""
    from timm.data.auto_augment import posterize

    return posterize(picture, bits) if bits else Image.new(picture.mode, picture.size)


def transform_for(pretrained_cfg: Mapping, resize: bool = True) -> Compose:
    """Give the evaluation transform of a model.

    Parameters
    ----------
    pretrained_cfg : a timm model's ``pretrained_cfg``: input_size (channel, y, x), mean, std, and optionally
        crop_pct (0.875 if absent) and interpolation (bicubic if absent).
    resize : as in :func:`eval_transform`.

    Raises
    ------
    ValueError : an entry is missing, or the input is not square RGB.
    """
    missing = [key for key in ("input_size", "mean", "std") if pretrained_cfg.get(key) is None]
    if missing:
        raise ValueError(f"pretrained_cfg lacks {', '.join(missing)}; pass a timm model's pretrained_cfg")
    channels, height, width = size = tuple(pretrained_cfg["input_size"])
    if channels != 3 or height != width:
        raise ValueError(f"expected a square RGB input_size (3, n, n), got {size}")
    mean, std, crop = pretrained_cfg["mean"], pretrained_cfg["std"], pretrained_cfg.get("crop_pct") or 0.875
    interpolation = pretrained_cfg.get("interpolation") or "bicubic"
    return eval_transform(height, crop, interpolation, mean, std, resize)


def normalise(
    pixels: np.ndarray, mean: Sequence[float] = IMAGENET_MEAN, std: Sequence[float] = IMAGENET_STD
) -> torch.Tensor:
    """Turn pixels into what a model takes.

    Parameters
    ----------
    pixels : (image, y, x, channel) or (y, x, channel), uint8 in 0..255 or floating point in [0, 1].
    mean, std : mean and standard deviation of each channel, of pixels in [0, 1].

    Returns
    -------
    Tensor (image, channel, y, x), float32, normalised.

    Raises
    ------
    ValueError : wrong rank, number of channels, dtype or range.
    """
    pixels = np.asarray(pixels)
    if pixels.ndim not in (3, 4) or pixels.shape[-1] != len(mean) or 0 in pixels.shape:
        raise ValueError(
            f"expected pixels (image, y, x, {len(mean)} channels), got shape {pixels.shape}: read_photograph brings "
            "files of any kind to that"
        )
    if pixels.dtype == np.uint8:
        pixels = pixels / np.float32(255)
    elif not (np.issubdtype(pixels.dtype, np.floating) and pixels.min() >= 0 and pixels.max() <= 1):
        raise ValueError(
            f"expected pixels in uint8, or in floating point within [0, 1]; got {pixels.dtype} from "
            f"{pixels.min():g} to {pixels.max():g}; divide 0..255 pixels by 255 or make them uint8"
        )
    values = (pixels.astype(np.float32) - np.asarray(mean, np.float32)) / np.asarray(std, np.float32)
    values = values.reshape(-1, *values.shape[-3:])
    return torch.from_numpy(np.ascontiguousarray(values.transpose(0, 3, 1, 2)))


def denormalise(
    images: torch.Tensor, mean: Sequence[float] = IMAGENET_MEAN, std: Sequence[float] = IMAGENET_STD
) -> np.ndarray:
    """Turn a model's input back into pixels: the inverse of :func:`normalise`.

    Parameters
    ----------
    images : (image, channel, y, x), normalised.
    mean, std : the numbers that normalised them.

    Returns
    -------
    Pixels (image, y, x, channel), float32, clipped to [0, 1].

    Raises
    ------
    ValueError : as :func:`check_images`.
    """
    check_images(images, channels=len(mean))
    values = images.detach().float().cpu().numpy().transpose(0, 2, 3, 1)
    return np.clip(values * np.asarray(std, np.float32) + np.asarray(mean, np.float32), 0, 1)


def check_images(images: torch.Tensor, size: int | tuple[int, int] | None = None, channels: int = 3) -> None:
    """Refuse what is not a batch of normalised images.

    Parameters
    ----------
    images : (image, channel, y, x), floating point, normalised.
    size : expected height and width in pixels; None takes any.
    channels : expected number of channels.

    Raises
    ------
    ValueError : wrong type, rank, dtype or size; not finite; beyond +-20, as raw 0..255 pixels are.
    """
    expected = "expected normalised images (image, channel, y, x)"
    if not (isinstance(images, torch.Tensor) and images.is_floating_point()):
        kind = getattr(images, "dtype", type(images).__name__)
        raise ValueError(f"{expected} as a floating-point tensor, got {kind}; use absvit.images.normalise")
    if images.ndim != 4 or images.shape[1] != channels or 0 in images.shape:
        raise ValueError(f"{expected} with {channels} channels, got shape {tuple(images.shape)}")
    if size is not None:
        size = (size, size) if isinstance(size, int) else tuple(size)
        if images.shape[-2:] != size:
            raise ValueError(f"{expected} of (y, x) = {size} pixels, got {tuple(images.shape[-2:])}")
    lowest, highest = (float(value) for value in images.detach().aminmax())
    if not np.isfinite([lowest, highest]).all():
        raise ValueError(f"{expected}, all finite, got NaN or infinity; check how the images were made")
    if max(-lowest, highest) > LARGEST_NORMALISED:
        raise ValueError(
            f"{expected}, within +-{LARGEST_NORMALISED:g}, got {lowest:g} to {highest:g}: "
            "these look like raw 0..255 pixels; use absvit.images.normalise"
        )


def class_folder(path: str | os.PathLike) -> tuple[list[tuple[Path, int]], list[str]]:
    """List the pictures of a data set that keeps one folder per class, as ``picture_files`` tells them.

    Parameters
    ----------
    path : folder of class folders, named by wnid or class name.

    Returns
    -------
    samples : (picture, class index) pairs, sorted by class, then path.
    classes : class names, sorted, in Unicode's composed form; the class index counts them.

    Raises
    ------
    FileNotFoundError : the folder is missing.
    ValueError : there is no class folder, a class folder holds no picture, or two bear one name.
    """
    found = picture_files.by_class(Path(path))
    return [(picture, index) for index, pictures in enumerate(found.values()) for picture in pictures], list(found)
