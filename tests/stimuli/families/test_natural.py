"""Scenes of segmented pictures, from a folder of one-coloured objects whose place and class can be read off."""

import shutil
from collections import Counter

import numpy as np
import pytest
from PIL import Image, ImageDraw

from stimuli.families import cutout_scenes
from stimuli.pictures import cutouts

WNIDS = ("n01440764", "n02123045", "n02504458", "n03000684", "n07753592")


def colour(c, k):
    return (40 + 50 * c, 200 - 30 * k, 60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three pictures of each of five classes: an ellipse in the class's colour on white."""
    root = tmp_path_factory.mktemp("segmented")
    for c, wnid in enumerate(WNIDS):
        for part in ("images", "masks"):
            (root / part / wnid).mkdir(parents=True)
        for k in range(3):
            box = (20, 30, 150 + 10 * k, 110 + 8 * c)
            picture, mask = Image.new("RGB", (200, 180), "white"), Image.new("L", (200, 180))
            ImageDraw.Draw(picture).ellipse(box, colour(c, k))
            ImageDraw.Draw(mask).ellipse(box, 255)
            picture.save(root / "images" / wnid / f"{wnid}_{k}.png")
            mask.save(root / "masks" / wnid / f"{wnid}_{k}.png")
    return root


def parameters(folder, **changes):
    return cutout_scenes.Natural(**{"folder": str(folder), "size": (96, 128), **changes})


@pytest.mark.parametrize("n_objects", [1, 2, 3, 4])
def test_objects_are_those_declared_and_masks_are_their_pixels(folder, n_objects):
    stimuli = cutout_scenes.draw(parameters(folder, n_objects=n_objects), 15, 0)
    assert stimuli.attrs["categories"] == list(WNIDS) and "pictures" in stimuli.attrs["licence"]
    image, mask = stimuli["image"].values.astype(int), stimuli["object_mask"].values
    union = mask.any(1)
    for i, k in np.ndindex(mask.shape[:2]):
        rows, columns = np.nonzero(mask[i, k])
        seen = np.median(image[i][mask[i, k]], axis=0)
        c, number = stimuli["object_class"].values[i, k], int(stimuli["object_source"].values[i, k][-5])
        assert stimuli["object_source"].values[i, k] == f"{WNIDS[c]}/{WNIDS[c]}_{number}.png"
        np.testing.assert_allclose(seen, colour(c, number), atol=1)
        assert np.abs(image[i][mask[i, k]] - seen).max() < 70  # mixed with grey at the edge, but never with white
        middle = (columns.min() + columns.max() + 1) / 2, (rows.min() + rows.max() + 1) / 2
        declared = stimuli["object_x"].values[i, k], stimuli["object_y"].values[i, k]
        np.testing.assert_allclose(middle, declared, atol=1.1)
        longer = max(np.ptp(rows), np.ptp(columns)) + 1
        assert longer == pytest.approx(2 * stimuli["object_radius"].values[i, k], abs=1.5)
    assert mask.sum(1).max() == 1
    away = np.abs(image - 128).max(-1)
    assert away[~union].max() < 70 and (away[~union] > 2).mean() < 0.05
    assert all(len(set(row)) == n_objects for row in stimuli["object_class"].values.tolist())


def test_pairs_lie_in_either_half_and_are_balanced(folder):
    stimuli = cutout_scenes.draw(parameters(folder, size=(64, 64)), 40, 0)
    right = stimuli["object_side"].values == "right"
    assert ((stimuli["object_x"].values > 32) == right).all() and (right.sum(1) == 1).all()
    running = np.cumsum(2 * right[:, 0] - 1)
    assert np.abs(running).max() <= 1
    classes = stimuli["object_class"].values
    rows = Counter((bool(side), *pair) for side, pair in zip(right[:, 0], classes.tolist(), strict=True))
    assert rows == {(side, a, b): 1 for side in (False, True) for a in range(5) for b in range(5) if a != b}


def test_cut_outs_keep_their_colours_at_the_edge():
    picture = np.full((40, 60, 3), 255, np.uint8)
    mask = np.hypot(np.arange(60) - 30, (np.arange(40) - 20)[:, None]) < 15
    picture[mask] = (200, 100, 50)
    shade, coverage = cutouts.resized(picture, mask, 24)
    seen = shade[coverage > 0.05] * 255
    np.testing.assert_allclose(seen, np.broadcast_to((200, 100, 50), seen.shape), atol=0.6)
    assert coverage.sum() == pytest.approx(mask.sum() * (24 / 60) ** 2, rel=0.02)


FIRST = f"{WNIDS[0]}/{WNIDS[0]}_0.png"


@pytest.mark.parametrize(
    ("spoil", "told", "error"),
    [
        (lambda root: (root / "masks" / FIRST).unlink(), "has no mask", FileNotFoundError),
        (lambda root: Image.new("L", (200, 181), 255).save(root / "masks" / FIRST), "must agree", ValueError),
        (lambda root: Image.new("L", (200, 180)).save(root / "masks" / FIRST), "is empty", ValueError),
        (lambda root: (root / "images" / FIRST).write_bytes(b"no picture"), "cannot read", ValueError),
        (lambda root: (root / "masks" / FIRST).write_bytes(b"no picture"), "cannot read", ValueError),
        (lambda root: [path.unlink() for path in root.rglob("images/*/*")], "holds no picture", ValueError),
    ],
)
def test_folders_that_do_not_do_are_refused(folder, tmp_path, spoil, told, error):
    root = shutil.copytree(folder, tmp_path / "copy")
    spoil(root)
    with pytest.raises(error, match=told):
        cutout_scenes.draw(parameters(root, n_objects=1), 30, 0)


def test_what_cannot_be_composed_is_refused(folder, tmp_path):
    for nowhere in ("", str(tmp_path / "none")):
        with pytest.raises(FileNotFoundError, match="expected FOLDER/images/WNID"):
            cutout_scenes.draw(parameters(nowhere), 1, 0)
    with pytest.raises(ValueError, match="too small: its object has .* pixels"):
        cutout_scenes.draw(parameters(folder, size=(400, 400), n_objects=1), 5, 0)
    large = cutout_scenes.draw(parameters(folder, size=(400, 400), n_objects=1, enlargement=3.5), 1, 0)
    assert large["image"].shape == (1, 400, 400, 3)
    few = tmp_path / "few"
    for part in ("images", "masks"):
        (few / part / WNIDS[0]).mkdir(parents=True)
        (few / part / FIRST).write_bytes((folder / part / FIRST).read_bytes())
    with pytest.raises(ValueError, match="as many classes"):
        cutout_scenes.draw(parameters(few), 1, 0)
