"""Patch augmentation against torchvision's crops, and as often as it should be."""

import numpy as np
import pytest
import torch
from torchvision.transforms.functional import resized_crop

from absvit.training.pictures.patch_augmentation import patch_augment


def ramps(side=16, grid=40):
    """An image whose patches all hold x, y and a texture: what a crop did can be read off."""
    y, x = np.mgrid[:side, :side].astype(np.float32)
    texture = np.random.default_rng(0).normal(size=(side, side)).astype(np.float32)
    return torch.from_numpy(np.stack([x, y, texture])), torch.from_numpy(
        np.tile(np.stack([x, y, texture]), (1, grid, grid))
    )


def tiles_of(image, side=16):
    return image.unfold(1, side, side).unfold(2, side, side).permute(1, 2, 0, 3, 4).flatten(0, 1)


def test_patches_are_cropped_made_noisy_and_mirrored_as_told():
    patch, image = ramps()
    kept = image.clone()
    changed = tiles_of(patch_augment(image, torch.Generator().manual_seed(1)))
    assert torch.equal(image, kept)
    counts = {"crop": 0, "noise": 0, "mirror": 0, "none": 0}
    noises, heights, widths = [], [], []
    for tile in changed:
        mirrored = bool(tile[0, 0, 0] > tile[0, 0, -1])
        upright = tile.flip(-1) if mirrored else tile
        width, height = (float(line[-4] - line[4]) * 2 for line in (upright[0].mean(0), upright[1].mean(1)))
        left, top = (
            float(line[8]) - 8.5 / 16 * side + 0.5
            for line, side in ((upright[0].mean(0), width), (upright[1].mean(1), height))
        )
        box = [round(value) for value in (top, left, height, width)]
        expected = resized_crop(patch, *box, [16, 16], antialias=True)
        difference = upright - expected
        noisy = float(difference.abs().max()) > 1e-4
        whole = box == [0, 0, 16, 16]
        if noisy:
            noises.append(difference)
        if not whole:
            heights.append(box[2])
            widths.append(box[3])
            assert 0.78 < box[2] * box[3] / 256 <= 1 and 0.6 < box[3] / box[2] < 1.6  # rounded to whole pixels
        counts["crop"] += not whole
        counts["noise"] += noisy
        counts["mirror"] += mirrored
        counts["none"] += torch.equal(tile, patch)
    noise = torch.stack(noises)
    assert float(noise.abs().max()) < 0.06
    assert float(noise.std()) == pytest.approx(0.01, rel=0.02) and abs(float(noise.mean())) < 2e-4
    spread = (1600 * 0.1 * 0.9) ** 0.5
    for kind in ("noise", "mirror"):
        assert abs(counts[kind] - 160) < 3.5 * spread
    assert 160 - 5 * spread < counts["crop"] <= 160 + 3.5 * spread  # a crop may be the whole patch
    assert abs(counts["none"] - 1600 * 0.9**3) < 5 * spread
    assert min(heights) >= 12 and min(widths) >= 12 and len(set(heights)) > 3 and len(set(widths)) > 3


def test_patch_augmentation_keeps_shape_and_refuses_parts_of_patches():
    image = torch.randn(3, 32, 48, generator=torch.Generator().manual_seed(0))
    shown = [patch_augment(image, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert shown[0].shape == image.shape and torch.equal(shown[0], shown[1]) and not torch.equal(shown[0], shown[2])
    with pytest.raises(ValueError, match="multiples of 16 px, got 32 x 40"):
        patch_augment(image[..., :40], torch.Generator())
