"""Patch augmentation: every patch is, now and then, cropped, made noisy or mirrored on its own."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["patch_augment"]

CROP_SCALE, CROP_RATIO, CROP_TRIES = (0.85, 1.0), (3 / 4, 4 / 3), 10  # share of the area, width over height
NOISE_SD = 0.01
PROBABILITY = 0.1


def patch_augment(image: Tensor, generator: torch.Generator, patch: int = 16) -> Tensor:
    """Change single patches of an image (Mao et al. 2022, Robust Vision Transformer).

    Each of three changes meets each patch with probability 0.1, in this order: a random crop of 0.85 to 1 of
    its area, resized to the whole patch; Gaussian noise of standard deviation 0.01; a horizontal flip.

    Parameters
    ----------
    image : (channel, y, x), normalised.
    generator : source of chance.
    patch : side of a patch in pixels.

    Returns
    -------
    (channel, y, x), a new tensor.

    Raises
    ------
    ValueError : the image is not a whole number of patches.
    """
    channels, height, width = image.shape
    if height % patch or width % patch:
        raise ValueError(f"patch augmentation needs sides that are multiples of {patch} px, got {height} x {width}")
    tiles = image.unfold(1, patch, patch).unfold(2, patch, patch).permute(1, 2, 0, 3, 4).flatten(0, 1).contiguous()
    cropped, noisy, mirrored = torch.rand(3, len(tiles), generator=generator) < PROBABILITY
    tiles[cropped] = _crops(tiles[cropped], generator)
    noise = torch.randn(tiles[noisy].shape, generator=generator, dtype=image.dtype)
    tiles[noisy] += NOISE_SD * noise
    tiles[mirrored] = tiles[mirrored].flip(-1)
    grid = tiles.unflatten(0, (height // patch, width // patch))
    return grid.permute(2, 0, 3, 1, 4).reshape(channels, height, width)


def _crops(tiles: Tensor, generator: torch.Generator) -> Tensor:
    """Random resized crops of square tiles (tile, channel, y, x), as of torchvision's RandomResizedCrop."""
    n, _, side, _ = tiles.shape
    chance = torch.rand(n, CROP_TRIES, 2, generator=generator)
    area = side * side * (CROP_SCALE[0] + (CROP_SCALE[1] - CROP_SCALE[0]) * chance[..., 0])
    low, high = (math.log(ratio) for ratio in CROP_RATIO)
    ratio = torch.exp(low + (high - low) * chance[..., 1])
    sizes = torch.stack([(area / ratio).sqrt(), (area * ratio).sqrt()], dim=-1).round().long()  # height, width
    fits = (sizes <= side).all(dim=-1)
    first = fits.int().argmax(dim=1)  # the first try that fits into the tile; the whole tile if none does
    size = torch.where(fits.any(dim=1, keepdim=True), sizes[torch.arange(n), first], side)
    start = (torch.rand(n, 2, generator=generator) * (side - size + 1)).long()
    for axis in (0, 1):
        tiles = _stretch(tiles, start[:, axis], size[:, axis], dim=axis + 2)
    return tiles


def _stretch(tiles: Tensor, start: Tensor, size: Tensor, dim: int) -> Tensor:
    """Resize a part of each tile to the whole along one dimension, linearly between pixel centres."""
    side = tiles.shape[dim]
    centre = ((torch.arange(side) + 0.5) * (size / side).unsqueeze(1) - 0.5).clamp(min=0)
    below = centre.long()
    above = torch.minimum(below + 1, size.unsqueeze(1) - 1)
    shape = [len(tiles), 1, 1, 1]
    shape[dim] = side
    share = (centre - below).to(tiles.dtype).view(shape)
    values = [tiles.gather(dim, (start.unsqueeze(1) + place).view(shape).expand_as(tiles)) for place in (below, above)]
    return values[0] * (1 - share) + values[1] * share
