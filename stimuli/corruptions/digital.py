"""Corruptions of ImageNet-C by processing: brightness, contrast, saturation, stretching, pixels and JPEG."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image
from scipy import ndimage
from skimage import color

from stimuli.corruptions.corruption import Corruption

__all__ = [
    "brightness", "contrast", "elastic_imagecorruptions", "elastic_transform",
    "jpeg_compression", "pixelate", "saturate",
]  # fmt: skip


def brightness(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Raise the value of hue, saturation and value by 0.1 to 0.5 of the range."""
    added = (0.1, 0.2, 0.3, 0.4, 0.5)[severity - 1]
    rgb = image / 255.0
    value = np.maximum(np.maximum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])[..., None]
    raised = np.minimum(value + added, 1)
    # with hue and saturation kept, all channels grow by one factor, the largest to the value itself
    brighter = np.where(rgb == value, raised, rgb * (raised / np.maximum(value, 1 / 255))) * 255
    # a grey level that is whole but for rounding is decided by how the benchmark's code rounds on its way
    whole = (np.abs(brighter - np.rint(brighter)) < 1e-9) & (rgb != value) & (rgb > 0)
    rounded = whole[..., 0] | whole[..., 1] | whole[..., 2]
    hsv = color.rgb2hsv(rgb[rounded])
    hsv[..., 2] = np.minimum(hsv[..., 2] + added, 1)
    brighter[rounded] = color.hsv2rgb(hsv) * 255
    return brighter


def saturate(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Multiply the saturation by 0.3, 0.1, 2, 5 and 20, the last two with 0.1 and 0.2 added."""
    times, added = ((0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2))[severity - 1]
    hsv = color.rgb2hsv(image / 255.0)
    hsv[..., 1] = np.clip(hsv[..., 1] * times + added, 0, 1)
    return np.clip(color.hsv2rgb(hsv), 0, 1) * 255


def contrast(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Lower the contrast around each channel's mean to 0.4 to 0.05 of what it was."""
    picture = image / 255.0
    means = picture.mean(axis=(0, 1), keepdims=True)
    return np.clip((picture - means) * (0.4, 0.3, 0.2, 0.1, 0.05)[severity - 1] + means, 0, 1) * 255


def elastic_transform(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Stretch, shear and squeeze the picture, as the benchmark's own code does.

    A random affine transform comes first, then smooth displacements. At 224 pixels the gradient of these
    grows with severity (.001, .165, .232, .318, .546), while the first two severities are mostly the affine
    transform.
    """
    strength, sigma, corners = (
        (488.0, 170.8, 24.4), (488.0, 19.52, 48.8), (12.2, 2.44, 4.88), (17.08, 2.44, 4.88), (29.28, 2.44, 4.88),
    )[severity - 1]  # fmt: skip
    picture = _affine(image.astype(np.float32) / 255, corners, generator)
    noise = generator.uniform(-1, 1, (2, *image.shape[:2]))
    right, down = strength * ndimage.gaussian_filter(noise, (0, sigma, sigma), mode="reflect", truncate=3)
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    places = rows + down, columns + right
    planes = [ndimage.map_coordinates(picture[..., k], places, order=1, mode="reflect") for k in range(3)]
    return np.clip(np.stack(planes, axis=-1), 0, 1) * 255


def _affine(picture: np.ndarray, reach: float, generator: np.random.Generator) -> np.ndarray:
    """Move three corners of the middle by up to so many pixels, and the picture with them."""
    middle, side = np.float32(picture.shape[:2]) // 2, min(picture.shape[:2]) // 3
    before = middle + side * np.float32([[1, 1], [1, -1], [-1, -1]])
    after = before + generator.uniform(-reach, reach, before.shape).astype(np.float32)
    matrix = cv2.getAffineTransform(before, after)
    return cv2.warpAffine(picture, matrix, picture.shape[1::-1], borderMode=cv2.BORDER_REFLECT_101)


def elastic_imagecorruptions(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Stretch and squeeze small regions, as imagecorruptions 1.1.2 has it as elastic_transform.

    Displacements are shares of the picture's side, about 1 to 2.5 pixels at 224 pixels and smooth over
    0.01 of the side; there is no affine transform.
    """
    height, width = image.shape[:2]
    strength = 250 * (0.05, 0.065, 0.085, 0.1, 0.12)[severity - 1]
    reach = 0.005 * height
    noise = generator.random((2, height, width), np.float32) * (2 * reach) - reach
    smooth = (0, 0.01 * height, 0.01 * width)
    right, down = strength * ndimage.gaussian_filter(noise, smooth, mode="reflect", truncate=3)
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(
        image.astype(np.float32), columns + right, rows + down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )


def pixelate(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Make the picture smaller, to 0.6 to 0.25 of its size, and large again."""
    factor = (0.6, 0.5, 0.4, 0.3, 0.25)[severity - 1]
    height, width = image.shape[:2]
    small = Image.fromarray(image).resize((int(width * factor), int(height * factor)), Image.Resampling.BOX)
    return np.asarray(small.resize((width, height), Image.Resampling.BOX))


def jpeg_compression(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Write the picture as a JPEG file of low quality, 25 to 7."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=(25, 18, 15, 10, 7)[severity - 1])
    with Image.open(file) as picture:
        return np.asarray(picture)


BRIGHTNESS = Corruption("brightness", "brighter", brightness)
CONTRAST = Corruption("contrast", "less contrast", contrast)
ELASTIC_TRANSFORM = Corruption("elastic_transform", "stretched here and there", elastic_transform)
ELASTIC_IMAGECORRUPTIONS = Corruption(
    "elastic_imagecorruptions", "stretched as the package imagecorruptions does it", elastic_imagecorruptions
)
PIXELATE = Corruption("pixelate", "coarse pixels", pixelate)
JPEG_COMPRESSION = Corruption("jpeg_compression", "artefacts of JPEG", jpeg_compression)
SATURATE = Corruption("saturate", "more or less colour", saturate)
