"""Reversible figures: what makes each ambiguous, and what the controls take away, read off the pixels."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from stimuli.families import ambiguous

PARAMETERS = ambiguous.Ambiguous(size=(160, 176), jitter=0.0)


def drawn(figure, **changes):
    """One picture of a figure by (condition, version)."""
    stimuli = ambiguous.draw(replace(PARAMETERS, figures=(figure,), **changes), 6, 0)
    names = zip(stimuli["condition"].values, stimuli["version"].values, strict=True)
    return {name: stimuli.isel(stimulus=i) for i, name in enumerate(names)}


def grey(picture):
    return picture["image"].values[..., 0].astype(int)


def regions(picture):
    """Number of regions that the lines cut out of the figure's inside."""
    parts, count = ndimage.label(grey(picture) > 100)
    outside = {parts[0, 0], parts[0, -1], parts[-1, 0], parts[-1, -1]}
    areas = np.bincount(parts.ravel())
    return sum(areas[part] > 20 for part in range(1, count + 1) if part not in outside)


def test_a_solid_cube_shows_three_faces_and_the_wire_cube_the_regions_of_both():
    pictures = drawn("necker")
    for version in ("plain", "reversed"):
        assert regions(pictures["ambiguous", version]) == 7
        assert regions(pictures["first", version]) == regions(pictures["second", version]) == 3
        wire = grey(pictures["ambiguous", version]) < 90
        for condition in ("first", "second"):
            solid = grey(pictures[condition, version]) < 90
            assert (solid & ~wire).sum() == 0 and 0.6 < solid.sum() / wire.sum() < 0.9


def test_either_reading_of_the_cube_is_the_other_turned_around():
    pictures = drawn("necker", size=(160, 160))
    assert (np.abs(grey(pictures["first", "plain"]) - grey(pictures["second", "plain"])[::-1, ::-1]) > 40).sum() < 5


def test_the_stairs_are_the_same_upside_down_and_the_controls_are_not():
    pictures = drawn("schroeder", size=(160, 160))
    whole = grey(pictures["ambiguous", "plain"])
    assert (np.abs(whole - whole[::-1, ::-1]) > 40).sum() < 5
    assert regions(pictures["ambiguous", "plain"]) == 9  # four treads, three risers, two walls
    above, below = (grey(pictures[condition, "plain"]) for condition in ("first", "second"))
    lines = [picture < 25 for picture in (above, below)]
    assert (np.logical_xor(lines[0], lines[1][::-1, ::-1])).mean() < 0.01
    assert (lines[0] & ~(whole < 90)).sum() == 0 and (lines[1] & ~(whole < 90)).sum() == 0
    treads = [np.unique(picture[picture != 179], return_counts=True) for picture in (above, below)]
    assert 242 in treads[0][0] and 242 not in treads[1][0]  # only from above are the lit treads seen


def test_vase_and_faces_share_their_outline():
    pictures = drawn("vase")
    for version, (vase_level, face_level) in {"plain": (255, 0), "reversed": (0, 255)}.items():
        picture = pictures["ambiguous", version]
        vase, faces = picture["object_mask"].values
        level = grey(picture)
        assert (level[ndimage.binary_erosion(vase)] == vase_level).mean() > 0.99
        assert (level[ndimage.binary_erosion(faces)] == face_level).mean() > 0.99
        assert not (vase & faces).any() and ndimage.label(vase)[1] == 1 and ndimage.label(faces)[1] == 2
        panel = vase | faces
        rows, columns = np.flatnonzero(panel.any(1)), np.flatnonzero(panel.any(0))
        assert panel[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean() > 0.995  # no gap between the two
        assert np.array_equal(vase, vase[:, ::-1])


def test_controls_of_the_vase_show_one_of_the_two():
    pictures = drawn("vase")
    both = pictures["ambiguous", "plain"]["object_mask"].values
    alone = pictures["first", "plain"]["object_mask"].values
    assert not alone[1].any() and (both[0] & ~alone[0]).sum() == 0  # the vase with its brim
    heads = pictures["second", "plain"]["object_mask"].values
    assert not heads[0].any() and (heads[1] & both[0]).sum() == 0
    profile = ndimage.binary_dilation(both[0], iterations=2) & both[1]  # what the faces turn to the vase
    middle = np.arange(160)[:, None] < 120
    assert (heads[1] & profile & middle).sum() > 0.8 * (profile & middle).sum()
    assert ndimage.label(heads[1])[1] == 2


def test_perspective_tells_on_which_side_the_card_is_folded():
    pictures = drawn("mach")
    heights = {}
    for condition in ("ambiguous", "first", "second"):
        ink = grey(pictures[condition, "plain"]) < 60
        columns = np.flatnonzero(ink.any(0))
        spine, side = ink[:, 86:90].any(1).nonzero()[0], ink[:, columns[0] : columns[0] + 2].any(1).nonzero()[0]
        heights[condition] = np.ptp(spine), np.ptp(side)
        assert regions(pictures[condition, "plain"]) == 2
    assert heights["ambiguous"][0] == pytest.approx(heights["ambiguous"][1], abs=2)
    assert heights["first"][0] > 1.2 * heights["first"][1] and heights["second"][0] < 0.8 * heights["second"][1]


def test_reversed_versions_are_mirrored_or_of_reversed_contrast():
    for figure in ("necker", "schroeder", "mach", "vase"):
        pictures = drawn(figure)
        for condition in ("ambiguous", "first", "second"):
            plain, other = (grey(pictures[condition, version]) for version in ("plain", "reversed"))
            if figure == "vase":
                inner = ndimage.binary_erosion(pictures[condition, "plain"]["object_mask"].values.any(0))
                assert (np.abs(255 - plain - other)[inner] <= 1).mean() > 0.99  # all but the edge of the brim
            else:
                assert np.abs(plain - other[:, ::-1]).max() <= 1


@pytest.mark.parametrize("figure", ["necker", "schroeder", "vase", "mach"])
def test_masks_cover_the_pixels_that_differ_from_the_background(figure):
    for picture in drawn(figure).values():
        mask = picture["object_mask"].values.any(0)
        differs = np.abs(grey(picture) - 179) > 2
        fringe = ndimage.binary_dilation(mask, np.ones((3, 3))) & ~mask
        assert not (differs & ~mask & ~fringe).any()
        assert (differs & mask).sum() > 0.97 * mask.sum()  # shading passes through the background's grey level
        readings = np.array(picture.attrs["categories"])[picture["object_class"].values]
        shown = picture["object_mask"].values.any((1, 2))
        assert readings.tolist() == list(ambiguous.READINGS[figure])
        expected = {"ambiguous": [True, True], "first": [True, False], "second": [False, True]}
        assert shown.tolist() == expected[picture["condition"].item()]
