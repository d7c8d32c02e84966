"""Compound letters against bitmaps typed by hand."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from stimuli.drawing import letters
from stimuli.families import navon

PARAMETERS = navon.Navon(size=(168, 168), letters=("H", "S", "T", "L"), height=0.875, jitter=0.0)
BITMAPS = {
    "H": "#...# #...# #...# ##### #...# #...# #...#",
    "S": "##### #.... #.... ##### ....# ....# #####",
    "T": "##### ..#.. ..#.. ..#.. ..#.. ..#.. ..#..",
    "L": "#.... #.... #.... #.... #.... #.... #####",
    "E": "##### #.... #.... ####. #.... #.... #####",
    "X": "#...# .#.#. .#.#. ..#.. .#.#. .#.#. #...#",
}


def bitmap(letter):
    return np.array([[cell == "#" for cell in row] for row in BITMAPS[letter].split()])


def cells(mask):
    """The figure's ink in its 7 x 5 cells of 21 pixels."""
    return mask[10:157, 31:136][:147, :105].reshape(7, 21, 5, 21).swapaxes(1, 2)


@pytest.mark.parametrize("letter", BITMAPS)
def test_letters_run_through_the_right_cells(letter):
    assert np.array_equal(letters.pattern(letter, 5, 7), bitmap(letter))


def test_all_letters_differ_at_both_levels():
    patterns = {letters.pattern(letter, 5, 7).tobytes() for letter in letters.LETTERS}
    assert len(patterns) == len(letters.LETTERS)


def test_the_global_and_the_local_letter_are_the_declared_ones():
    stimuli = navon.draw(PARAMETERS, 24, 0)
    for image in range(24):
        whole, part = (stimuli[f"{level}_letter"].values[image] for level in ("global", "local"))
        ink = cells(stimuli["image"].values[image, ..., 0] < 128)
        assert np.array_equal(ink.any((2, 3)), bitmap(whole))
        for row, column in np.argwhere(bitmap(whole)):
            small = ink[row, column]
            rows, columns = np.flatnonzero(small.any(1)), np.flatnonzero(small.any(0))
            box = small[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(float)
            assert 13 <= box.shape[0] <= 16
            seen = {}
            for letter in "HSTL":
                template = ndimage.zoom(bitmap(letter).astype(float), np.array(box.shape) / (7, 5), order=0)
                seen[letter] = np.corrcoef(template.ravel(), box.ravel())[0, 1]
            assert max(seen, key=seen.get) == part
        assert (whole == part) == (stimuli["congruency"].values[image] == "congruent")
        names = np.array(stimuli.attrs["categories"])
        assert names[stimuli["object_class"].values[image]].tolist() == [whole, part]


def test_all_pairs_of_letters_come_equally_often():
    stimuli = navon.draw(PARAMETERS, 96, 0)
    pairs = Counter(zip(stimuli["global_letter"].values, stimuli["local_letter"].values, strict=True))
    same = [count for (a, b), count in pairs.items() if a == b]
    different = [count for (a, b), count in pairs.items() if a != b]
    assert len(same) == 4 and set(same) == {12}
    assert len(different) == 12 and max(different) - min(different) <= 1


def test_figures_are_displaced_as_declared():
    stimuli = navon.draw(replace(PARAMETERS, height=0.6, jitter=0.1), 20, 0)
    for image in range(20):
        rows, columns = np.nonzero(stimuli["object_mask"].values[image, 0])
        middle = (rows.min() + rows.max() + 1) / 2
        assert middle == pytest.approx(float(stimuli["object_y"][image, 0]), abs=1.5)
    x = stimuli["object_x"].values[:, 0]
    assert np.ptp(x) > 15 and np.abs(x - 84).max() <= 16.8 + 1e-3
