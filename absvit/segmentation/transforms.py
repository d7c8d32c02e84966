"""Joint transforms of pictures and labels: mmseg's training and test pipelines on torchvision's v2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from absvit.segmentation.classes import IGNORED

__all__ = [
    "CategoryCrop", "PhotometricDistortion", "RandomScale", "TrainingTransform", "Varied", "WholeTransform",
    "picture_tensor", "rescaled_size",
]  # fmt: skip

TRIES = 10  # crops looked at for one in which no class prevails, as in mmseg


@dataclass(frozen=True)
class Varied:
    """How a training picture is changed, as in mmseg.

    Parameters
    ----------
    crop
        Height and width in pixels of what the model sees.
    scale
        Long and short side in pixels that a picture is made to fit, its shape kept; the stored size if left
        out.
    ratios
        Smallest and largest random factor on that scale.
    cat_max_ratio
        Crops in which one class covers more than this share of the labelled pixels are drawn again, ten times
        at most.
    flip
        Probability of a mirrored picture.
    distortion
        Vary brightness, contrast, saturation and hue.
    """

    crop: tuple[int, int] = (512, 512)
    scale: tuple[int, int] | None = (2048, 512)
    ratios: tuple[float, float] = (0.5, 2.0)
    cat_max_ratio: float = 0.75
    flip: float = 0.5
    distortion: bool = True

    def __post_init__(self) -> None:
        if min(self.crop) < 1 or (self.scale and min(self.scale) < 1):
            raise ValueError(f"crop and scale must be positive pixels, got {self.crop} and {self.scale}")
        if not 0 < self.ratios[0] <= self.ratios[1]:
            raise ValueError(f"ratios must hold 0 < smallest <= largest, got {self.ratios}")
        if not (0 < self.cat_max_ratio <= 1 and 0 <= self.flip <= 1):
            raise ValueError(
                f"cat_max_ratio must be in (0, 1] and flip in [0, 1], got {self.cat_max_ratio} and {self.flip}"
            )


def rescaled_size(size: tuple[int, int], scale: tuple[int, int] | None, ratio: float = 1.0) -> tuple[int, int]:
    """Height and width of a picture that fits a scale times a ratio, as mmcv rounds it; at least 1.

    The scale is the long and short side in pixels that it must not exceed; None keeps the picture's own.
    """
    factor = ratio
    if scale is not None:
        factor = min(int(max(scale) * ratio) / max(size), int(min(scale) * ratio) / min(size))
    return max(1, int(size[0] * factor + 0.5)), max(1, int(size[1] * factor + 0.5))


class RandomScale(v2.Transform):
    """Make a picture fit a scale times a random ratio: pictures bilinearly without antialiasing, labels to the nearest.

    Parameters
    ----------
    scale, ratios : as :class:`Varied` has them.
    """

    def __init__(self, scale: tuple[int, int] | None, ratios: tuple[float, float]) -> None:
        super().__init__()
        self.scale, self.ratios = scale, ratios

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Draw a size."""
        low, high = self.ratios
        ratio = low + (high - low) * torch.rand(()).item()
        return {"size": rescaled_size(tuple(flat_inputs[0].shape[-2:]), self.scale, ratio)}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Resize a picture or labels."""
        return F.resize(inpt, list(params["size"]), antialias=False)


class CategoryCrop(v2.Transform):
    """Crop at random so that no class prevails; a side that is shorter than the crop is kept whole.

    Parameters
    ----------
    crop, cat_max_ratio : as :class:`Varied` has them.
    """

    def __init__(self, crop: tuple[int, int], cat_max_ratio: float) -> None:
        super().__init__()
        self.crop, self.cat_max_ratio = crop, cat_max_ratio

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Draw a place."""
        labels = next(entry for entry in flat_inputs if isinstance(entry, tv_tensors.Mask))
        for _ in range(1 if self.cat_max_ratio == 1 else TRIES + 1):
            top, left = (
                int(torch.randint(max(pixels - wanted, 0) + 1, ()))
                for pixels, wanted in zip(labels.shape[-2:], self.crop, strict=True)
            )
            shown = labels[..., top : top + self.crop[0], left : left + self.crop[1]]
            counts = torch.bincount(shown.flatten().long(), minlength=IGNORED + 1)[:IGNORED]
            if (counts > 0).sum() > 1 and counts.max() < self.cat_max_ratio * counts.sum():
                break
        return {"top": top, "left": left, "height": shown.shape[-2], "width": shown.shape[-1]}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Crop a picture or labels."""
        return F.crop(inpt, **params)


class PhotometricDistortion(v2.Transform):
    """Vary brightness (+-32 of 255), contrast and saturation (factors 0.5 to 1.5) and hue (+-36 degrees).

    Each has probability 1/2; contrast comes before or after saturation and hue (Liu et al. 2016, as in
    mmseg). torchvision's own transform of this name multiplies brightness, keeps the mean in contrast, mixes
    with grey in saturation and permutes channels.
    """

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Draw what is done."""
        use = (torch.rand(5) < 0.5).tolist()
        brightness, contrast, saturation, hue = torch.rand(4).tolist()
        return {
            "brightness": (2 * brightness - 1) * 32 / 255 if use[0] else None,
            "contrast": 0.5 + contrast if use[1] else None,
            "saturation": 0.5 + saturation if use[2] else None,
            "hue": (2 * hue - 1) * 0.1 if use[3] else None,
            "contrast_first": use[4],
        }

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Change a picture (channel, y, x) in [0, 1]; labels stay."""
        if not isinstance(inpt, tv_tensors.Image):
            return inpt
        picture = torch.as_tensor(inpt)
        if params["brightness"] is not None:
            picture = (picture + params["brightness"]).clamp(0, 1)
        for first in (True, False):
            if params["contrast"] is not None and params["contrast_first"] == first:
                picture = (picture * params["contrast"]).clamp(0, 1)
            if first and params["saturation"] is not None:
                picture = saturated(picture, params["saturation"])
            if first and params["hue"] is not None:
                picture = F.adjust_hue_image(picture, params["hue"])
        return tv_tensors.wrap(picture, like=inpt)


def saturated(picture: Tensor, factor: float) -> Tensor:
    """Multiply HSV's saturation (1 - smallest / largest channel), hue and value kept; it stays at most 1."""
    value = picture.amax(0)
    saturation = 1 - picture.amin(0) / value.clamp(min=1e-6)
    factors = torch.clamp(1 / saturation.clamp(min=1e-6), max=factor)
    return (value - (value - picture) * factors).clamp(0, 1)


class PadToCrop(v2.Transform):
    """Pad below and on the right: a normalised picture with 0, labels so that nothing counts there.

    Parameters
    ----------
    crop : height and width of the result in pixels.
    """

    def __init__(self, crop: tuple[int, int]) -> None:
        super().__init__()
        self.crop = crop

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Pad a picture or labels."""
        height, width = inpt.shape[-2:]
        fill = IGNORED if isinstance(inpt, tv_tensors.Mask) else 0.0
        return F.pad(inpt, [0, 0, self.crop[1] - width, self.crop[0] - height], fill=fill)


def picture_tensor(picture: Image.Image) -> tv_tensors.Image:
    """Give an 8-bit RGB picture as torchvision's v2 transforms take it, (channel, y, x) uint8."""
    return tv_tensors.Image(F.pil_to_tensor(picture))


class TrainingTransform:
    """The training pipeline: scale, crop, flip, distort, normalise, pad. It can be pickled, for workers.

    All randomness is torch's global generator's.

    Parameters
    ----------
    varied : how pictures are changed.
    mean, std : mean and standard deviation of each channel, of pixels in [0, 1].
    """

    def __init__(self, varied: Varied, mean: Sequence[float], std: Sequence[float]) -> None:
        self.varied = varied
        self.steps = v2.Compose(
            [
                RandomScale(varied.scale, varied.ratios),
                CategoryCrop(varied.crop, varied.cat_max_ratio),
                v2.RandomHorizontalFlip(varied.flip),
                v2.ToDtype({tv_tensors.Image: torch.float32, "others": None}, scale=True),
                *([PhotometricDistortion()] if varied.distortion else []),
                v2.Normalize(list(mean), list(std)),
                PadToCrop(varied.crop),
            ]
        )

    def __call__(self, picture: Image.Image, labels: np.ndarray, name: str) -> tuple[Tensor, Tensor]:
        """Change an 8-bit RGB picture and its labels (y, x) uint8 together.

        The image is (channel, y, x) float32, normalised; both are of the crop's size. A picture smaller than
        the crop at every scale is refused by its name.
        """
        varied = self.varied
        largest = rescaled_size(labels.shape, varied.scale, varied.ratios[1])
        if all(pixels < wanted for pixels, wanted in zip(largest, varied.crop, strict=True)):
            raise ValueError(
                f"{name} is at most {largest[0]} x {largest[1]} pixels (y, x), smaller than the crop of "
                f"{varied.crop[0]} x {varied.crop[1]}: choose a smaller --crop or a larger --scale"
            )
        image, mask = self.steps(picture_tensor(picture), tv_tensors.Mask(torch.from_numpy(labels.copy())))
        return torch.as_tensor(image), torch.as_tensor(mask)


class WholeTransform:
    """The test pipeline: fit the scale, normalise. Can be pickled, for worker processes.

    Parameters
    ----------
    scale : long and short side in pixels that a picture is made to fit; the stored size if None.
    mean, std : mean and standard deviation of each channel, of pixels in [0, 1].
    """

    def __init__(self, scale: tuple[int, int] | None, mean: Sequence[float], std: Sequence[float]) -> None:
        self.scale, self.mean, self.std = scale, list(mean), list(std)

    def __call__(self, picture: Image.Image) -> Tensor:
        """Make an image (channel, y, x) float32, normalised, of an 8-bit RGB picture."""
        image = picture_tensor(picture)
        image = F.resize(image, list(rescaled_size(tuple(image.shape[-2:]), self.scale)), antialias=False)
        return torch.as_tensor(F.normalize(F.to_dtype(image, torch.float32, scale=True), self.mean, self.std))
