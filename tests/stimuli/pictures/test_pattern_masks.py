"""Masks: noise of black and white blocks, and pieces of a picture that are all there, but elsewhere."""

import numpy as np
import pytest

from stimuli.drawing.pattern_masks import noise, shuffled

SIZES = [(64, 64), (35, 70), (224, 100)]


@pytest.mark.parametrize("size", SIZES)
def test_noise_has_black_and_white_blocks_of_one_size(size):
    picture = np.zeros((*size, 3), np.uint8)
    mask, side = noise(picture, np.random.default_rng(0)), max(2, min(size) // 16)
    assert mask.shape == picture.shape and mask.dtype == np.uint8 and not picture.any()
    for row in range(0, size[0], side):
        for column in range(0, size[1], side):
            assert len(np.unique(mask[row : row + side, column : column + side])) == 1
    assert set(np.unique(mask)) == {0, 255} and 0.35 < (mask == 255).mean() < 0.65


@pytest.mark.parametrize("size", SIZES)
def test_shuffled_pieces_are_those_of_the_picture(size):
    side = max(2, min(size) // 16)
    picture = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    mask = shuffled(picture, np.random.default_rng(0))
    top, left = (length % side // 2 for length in size)

    def pieces(image):
        return [
            image[row : row + side, column : column + side].tobytes()
            for row in range(top, size[0] - side + 1, side)
            for column in range(left, size[1] - side + 1, side)
        ]

    found, wanted = pieces(mask), pieces(picture)
    assert sorted(found) == sorted(wanted)
    assert sum(a == b for a, b in zip(found, wanted, strict=True)) < 0.1 * len(found)
    np.testing.assert_array_equal(mask[:top], picture[:top])
    np.testing.assert_array_equal(shuffled(picture, np.random.default_rng(0)), mask)
