"""Contours are where grey levels change, and patches are what a picture was cut into."""

import numpy as np

from stimuli.pictures.cue_versions import VERSIONS, edges, patches, sketch

STEP = np.full((48, 60, 3), 40, np.uint8)
STEP[:, 30:] = 200


def test_contours_lie_where_the_picture_changes():
    for draw in (edges, sketch):
        ink = 255 - draw(STEP).astype(int)
        assert ink.shape == STEP.shape and (ink[..., :1] == ink).all()
        columns = ink[10:38, :, 0].mean(0)
        assert abs(columns.argmax() - 29.5) <= 1.5 and columns[:15].max() == columns[45:].max() == 0
        assert (draw(np.full_like(STEP, 90)) == 255).all()


def test_patches_are_the_tiles_in_another_order():
    picture = np.random.default_rng(0).integers(0, 256, (48, 60, 3), np.uint8)
    shown = patches(6)(picture, np.random.default_rng(1))
    tiles = [{of[y : y + 8, x : x + 10].tobytes() for y in range(0, 48, 8) for x in range(0, 60, 10)}
             for of in (picture, shown)]  # fmt: skip
    assert tiles[0] == tiles[1] and not np.array_equal(picture, shown)
    odd = patches(7)(picture, np.random.default_rng(1))
    assert odd.shape == picture.shape and (odd[42:] == odd[41]).all() and (odd[:, 56:] == odd[:, 55:56]).all()
    assert {name: len(of) for name, of in VERSIONS.items()} == {"shape": 2, "texture": 2}
