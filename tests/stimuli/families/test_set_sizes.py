"""Scenes of several set sizes: they are the scenes of each size, balanced, and empty where there is no object."""

import numpy as np
import xarray as xr

from stimuli.families import objects, scenes
from stimuli.sets import format, reading

PARAMETERS = scenes.Scenes(objects.Objects(size=(40, 48)), (2, 4))


def test_each_scene_is_one_of_the_objects_family():
    drawn = scenes.draw(PARAMETERS, 6, 3)
    assert (np.sort(drawn["set_size"].values.reshape(3, 2)) == [2, 4]).all()
    for k, size in enumerate(drawn["set_size"].values.tolist()):
        classes = drawn["object_class"].values[k : k + 1, :size].astype(int)
        alone = objects.render(objects.Objects(size=(40, 48), n_objects=size), 3, [k], classes)
        assert np.array_equal(drawn["image"][k], alone["image"][0])
        assert np.array_equal(drawn["object_mask"][k, :size], alone["object_mask"][0])
        assert (drawn["object_class"][k, size:] == -1).all() and not drawn["object_mask"][k, size:].any()
        assert drawn["object_x"][k, size:].isnull().all()
    part = scenes.draw(PARAMETERS, 3, 3, first=2)
    assert np.array_equal(part["image"], drawn["image"][2:5])


def test_categories_are_balanced_within_each_set_size():
    drawn = scenes.draw(scenes.Scenes(objects.Objects(size=(32, 32)), (1, 2, 3)), 36, 0)
    for size in (1, 2, 3):
        first = drawn["object_class"].values[drawn["set_size"].values == size, 0]
        assert sorted(first) == list(range(12))


def test_a_set_on_disk_is_read_in_parts(tmp_path):
    format.write(scenes.draw(PARAMETERS, 5, 0), tmp_path / "set")
    part, n = reading.read_parts(tmp_path / "set")
    assert n == 5
    xr.testing.assert_identical(part(2, 2), format.read(tmp_path / "set").isel(stimulus=slice(2, 4)))
