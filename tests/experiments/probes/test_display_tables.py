"""Tables of displays say how many displays there are, and claim no interval where nothing could vary."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats
from synthetic_probe_records import search_record

from experiments import measures
from experiments.probes.search.summary import search_summary
from experiments.statistics.intervals import bootstrap, interval_text, student_interval
from experiments.table import table


def test_search_counts_displays_and_a_single_one_has_no_interval():
    record = search_record().sel(prior=["target"])
    chosen = np.flatnonzero((record["set_size"].values != 2) | (np.arange(record.sizes["stimulus"]) < 2))
    rows = search_summary(record.isel(stimulus=chosen), n=20).set_index(["model", "set_size"]).loc["intact"]
    assert rows["n_present"].to_dict() == rows["n_absent"].to_dict() == {2: 1, 4: 4, 8: 4, "slope": 9}
    for name in ("detection_area", "d_prime", "evidence", "map_auc"):
        assert rows[f"{name}_low"].isna().to_dict() == {2: True, 4: False, 8: False, "slope": True}
        assert rows[name].notna().all()


@pytest.mark.parametrize("resample", [bootstrap, measures.hierarchical_bootstrap])
def test_a_single_value_has_no_interval(resample):
    values = xr.DataArray([[0.5, np.nan, np.nan], [0.5, 0.5, 0.5]], dims=("prior", "stimulus"))
    found = resample(values, n=200)
    assert found["estimate"].values.tolist() == [0.5, 0.5]
    assert np.isnan(found["low"][0]) and np.isnan(found["high"][0])
    assert found["low"][1] == found["high"][1] == 0.5


def test_an_estimate_without_an_interval_stands_alone():
    assert interval_text(0.83, np.nan, np.nan) == ".83"
    assert interval_text(0.83, 0.5, 1.0) == ".83 [.50, 1.00]" and interval_text(np.nan, np.nan, np.nan) == ""


def test_no_preference_is_no_negative_zero():
    assert not np.signbit(measures.criterion(5, 10, 5, 10))


def test_infinite_ends_are_explained_under_the_table():
    frame = pd.DataFrame({"spacing": ["critical"], "critical_spacing": [0.97], "critical_spacing_low": [-np.inf],
                          "critical_spacing_high": [np.inf]})  # fmt: skip
    assert table(frame).splitlines()[-1] == (
        "inf and -inf: above and below all values that were shown; an interval with such an end: not determined, "
        "all in it fit as well"
    )
    assert "above and below" not in table(frame.replace([np.inf, -np.inf], 1.0))


def test_a_table_says_that_its_intervals_are_over_few():
    frame = pd.DataFrame(
        {"n": [4, 200], "reported": [0.5, 0.6], "reported_low": [0.2, 0.5], "reported_high": [0.8, 0.7]}
    )
    rough = "intervals over fewer than 5 are rough, mostly too narrow"
    assert table(frame).splitlines()[-1] == f"n = 4 stimuli: {rough}"
    assert table(frame.iloc[1:], seeds=3).splitlines()[-1] == f"n = 3 trained models: {rough}"
    assert "rough" not in table(frame.iloc[1:]) + table(frame[["n", "reported"]])


def test_one_training_has_no_interval_over_trainings():
    assert np.isnan(student_interval([0.7])).all()
    assert student_interval([0.7, 0.8]) == pytest.approx(stats.t.interval(0.95, 1, 0.75, 0.05))
