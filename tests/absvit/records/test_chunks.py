"""Filling a record: a record that is there is found, or refused, before a chunk of stimuli is shown."""

import numpy as np
import pytest
import xarray as xr

from absvit.records.fill import fill
from absvit.records.options import Store


def test_only_a_stimulus_is_shown_to_find_a_record_refused_or_done(tmp_path):
    seen = []

    def shown(part):
        seen.append(part.stop - part.start)
        numbers = np.arange(part.start, part.stop)
        return xr.Dataset({"value": ("stimulus", 2.0 * numbers)}, {"stimulus": numbers})

    def run(**options):
        seen.clear()
        store = Store(tmp_path / "r.zarr", chunk=4, **options)
        return fill(shown, 7, lambda: {"title": "t", "parameters": "{}"}, store)

    assert run()["value"].values.tolist() == [0, 2, 4, 6, 8, 10, 12] and seen == [4, 3]
    with pytest.raises(ValueError, match="--resume"):
        run()
    assert seen == [1]
    assert run(resume=True)["value"].values.tolist() == [0, 2, 4, 6, 8, 10, 12] and seen == [1]
    assert run(overwrite=True)["value"].values.tolist() == [0, 2, 4, 6, 8, 10, 12] and seen == [1, 4, 3]
