"""Measures against closed forms, brute-force counts and scipy, on records with known answers."""

import numpy as np
import pytest
import xarray as xr
from scipy import special, stats
from synthetic_records import (
    ABSENT,
    ABSENT_BOTTOM_UP,
    BOTTOM_UP,
    bistable_record,
    several,
    single_object_record,
)

from experiments import measures
from experiments.measures import localisation
from experiments.probes.bistable import summary as summaries
from experiments.probes.recognition.summary import recognition_summary
from experiments.statistics import intervals
from experiments.table import summary_text

KINDS = ["class", "place", "random vector", "shuffled class"]
OF_CUES = (
    measures.selection_index, measures.cue_decides, measures.cued_probability, measures.other_probability,
    measures.attention_auc, measures.attention_share,
)  # fmt: skip


@pytest.fixture(scope="module")
def record():
    return bistable_record()


@pytest.fixture(scope="module")
def noisy():
    """A record of random logits and maps, which has no symmetry that could hide a swapped cue."""
    generator = np.random.default_rng(3)
    record = bistable_record(n=5)
    record["logits"] = record["logits"] + generator.normal(0, 2, record["logits"].shape).astype(np.float32)
    for name in measures.MAPS:
        record[name] = (record[name].dims, generator.integers(0, 9, record[name].shape).astype(np.float16))
    record["mask_1"] = record["mask_1"] * generator.random(record["mask_1"].shape)
    record["mask_2"] = record["mask_2"] * generator.random(record["mask_2"].shape)
    return record


def at(values, kind, iteration=1):
    return values.sel(prior=kind, iteration=iteration).values


def test_probabilities_are_the_softmax(noisy):
    expected = special.softmax(noisy["logits"].values.astype(float), axis=-1)
    np.testing.assert_allclose(measures.probabilities(noisy), expected, rtol=1e-5)


def test_selection_index_has_the_known_answers(record):
    index = measures.selection_index(record)
    assert index.dims == ("iteration", "prior", "stimulus")
    assert list(index["prior"].values) == KINDS
    np.testing.assert_allclose(at(index, "class"), 0.93 / 0.96, rtol=1e-6)
    np.testing.assert_allclose(at(index, "place"), 0.85 / 0.90, rtol=1e-6)
    np.testing.assert_allclose(at(index, "random vector"), 0.5)
    np.testing.assert_array_equal(index.sel(iteration=0), 0.5)


def test_probabilities_and_selection_equal_a_loop(noisy):
    p = special.softmax(noisy["logits"].values.astype(float), axis=-1)
    names = list(noisy["prior"].values)
    for kind, cues in (("class", ("class 1", "class 2")), ("place", ("place 1", "place 2"))):
        for i in range(noisy.sizes["stimulus"]):
            pair = [int(noisy["class_1"][i]), int(noisy["class_2"][i])]
            (a, b), (c, d) = (p[1, names.index(cue), i, pair] for cue in cues)
            assert at(measures.selection_index(noisy), kind)[i] == pytest.approx((a / (a + b) + d / (c + d)) / 2)
            assert at(measures.cued_probability(noisy), kind)[i] == pytest.approx((a + d) / 2)
            assert at(measures.other_probability(noisy), kind)[i] == pytest.approx((b + c) / 2)
            assert bool(at(measures.cue_decides(noisy), kind)[i]) == (a > b and d > c)
            share = measures.object_1_share(noisy).sel(iteration=1, prior=cues[0])[i]
            assert float(share) == pytest.approx(a / (a + b))


def test_selection_survives_probabilities_that_underflow(record):
    record = record.copy(deep=True)
    record["logits"][..., 2:] += 5000
    record["logits"][:, :, 2:, :2] += 5000
    assert np.isfinite(measures.selection_index(record)).all()


def test_cue_decides_is_true_where_both_cues_win(record):
    decides = measures.cue_decides(record)
    assert decides.dtype == bool
    assert at(decides, "class").all() and at(decides, "place").all()
    assert not at(decides, "random vector").any()
    assert not decides.sel(iteration=0).any()


def test_absent_class_stands_beside_no_cue(record):
    absent = measures.absent_probability(record)
    np.testing.assert_allclose(at(absent, "absent class"), ABSENT, rtol=1e-5)
    np.testing.assert_allclose(at(absent, "absent class", 0), ABSENT_BOTTOM_UP, rtol=1e-5)
    np.testing.assert_allclose(at(absent, "none"), ABSENT_BOTTOM_UP, rtol=1e-5)


def test_accuracy_of_single_objects():
    correct = measures.accuracy(single_object_record(6))
    assert correct.dims == ("iteration", "prior", "stimulus")
    np.testing.assert_array_equal(correct.sel(prior="none", iteration=1), [1, 1, 0, 1, 1, 0])


def test_auc_equals_a_count_of_pairs_and_scipy():
    generator = np.random.default_rng(0)
    values = generator.integers(0, 6, (20, 30)).astype(np.float16)
    group = generator.integers(0, 3, (20, 30))
    areas = localisation.roc_auc(values, group == 0, group == 1)
    for row, members, area in zip(values.astype(float), group, areas, strict=True):
        a, b = row[members == 0], row[members == 1]
        wins = (a[:, None] > b).sum() + (a[:, None] == b).sum() / 2
        assert area == pytest.approx(wins / (len(a) * len(b)), abs=1e-12)
        assert area == pytest.approx(stats.mannwhitneyu(a, b).statistic / (len(a) * len(b)), abs=1e-12)


@pytest.mark.parametrize("against", ["other", "rest"])
def test_attention_auc_equals_a_loop_over_maps(noisy, against):
    areas = at(measures.attention_auc(noisy, "value_norm", against), "class")
    for i, area in enumerate(areas):
        tokens = [mask.values[i] for mask in measures.object_tokens(noisy)]
        by_cue = []
        for cue in (0, 1):
            values = noisy["value_norm"].sel(prior=f"class {cue + 1}", iteration=1).values[i]
            rest = tokens[1 - cue] if against == "other" else ~tokens[cue]
            a, b = values[tokens[cue]].astype(float), values[rest].astype(float)
            by_cue.append(stats.mannwhitneyu(a, b).statistic / (len(a) * len(b)))
        assert area == pytest.approx(np.mean(by_cue), abs=1e-12)


def test_attention_finds_the_cued_object(record):
    area = measures.attention_auc(record)
    np.testing.assert_array_equal(at(area, "class"), 1)
    assert np.isnan(area.sel(iteration=0)).all()
    assert 0.3 < at(area, "random vector").mean() < 0.7
    np.testing.assert_array_equal(at(measures.attention_auc(record, against="rest"), "place"), 1)


def test_attention_share_is_the_ratio_of_means(record):
    share = at(measures.attention_share(record, "token_norm"), "class")
    for i, value in enumerate(share):
        means = []
        for cue in (1, 2):
            values = record["token_norm"].sel(prior=f"class {cue}", iteration=1).values[i].astype(float)
            cued, other = (record[f"mask_{k}"].values[i] == 1 for k in (cue, 3 - cue))
            means.append(values[cued].mean() / (values[cued].mean() + values[other].mean()))
        assert value == pytest.approx(np.mean(means), rel=1e-5)


def test_attention_share_ignores_size_and_gives_half_to_an_empty_map(record):
    values = np.full((3, 16), 2.0, np.float16)
    values[2] = 0
    cued = np.arange(16) < 3
    np.testing.assert_allclose(localisation.mean_share(values, cued, ~cued), 0.5)
    assert np.isnan(localisation.mean_share(values * np.nan, cued, ~cued)).all()
    assert np.isnan(localisation.mean_share(values, cued, np.zeros(16, bool))).all()


def test_tokens_go_to_the_object_that_covers_more():
    masks = np.array([[[0.6, 0.4, 0.5, 0.0]], [[0.3, 0.1, 0.0, 0.0]]])
    others = np.array([[[0.1, 0.6, 0.5, 1.0]], [[0.4, 0.0, 0.0, 0.0]]])
    dims = ("stimulus", "token_y", "token_x")
    record = xr.Dataset({"mask_1": (dims, masks), "mask_2": (dims, others)})
    tokens_1, tokens_2 = measures.object_tokens(record)
    np.testing.assert_array_equal(tokens_1[:, 0], [[1, 0, 0, 0], [0, 1, 0, 0]])
    np.testing.assert_array_equal(tokens_2[:, 0], [[0, 1, 0, 1], [1, 0, 0, 0]])


@pytest.mark.parametrize("measure", OF_CUES)
def test_models_seeds_and_dask_change_nothing(measure, tmp_path):
    many = several(n=4)
    whole = measure(many)
    assert whole.dims == ("model", "seed", "iteration", "prior", "stimulus")
    for seed in (0, 1):
        one = measure(bistable_record(n=4, seed=seed))
        xr.testing.assert_equal(whole.sel(model="intact", seed=seed, drop=True), one)
    lazy = measure(many.chunk(stimulus=3, token_x=5))
    assert lazy.chunks is not None
    xr.testing.assert_allclose(lazy.compute(), whole)
    assert whole.attrs["long_name"] and whole.attrs["units"] == "1"


def test_a_record_on_disk_has_the_same_summary(record, tmp_path):
    record.to_zarr(tmp_path / "record.zarr", consolidated=False)
    with xr.open_zarr(tmp_path / "record.zarr", consolidated=False) as stored:
        assert summaries.summary(stored).equals(summaries.summary(record))


def test_bootstrap_matches_a_loop_over_resamples():
    values = xr.DataArray(np.random.default_rng(1).normal(size=(2, 9)), dims=("prior", "stimulus"))
    values[0, 3] = np.nan
    interval = intervals.bootstrap(values, n=500, seed=4)
    generator = np.random.default_rng(4)
    counts = generator.multinomial(9, np.full(9, 1 / 9), size=500)
    means = [[np.nanmean(np.repeat(row, count)) for count in counts] for row in values.values]
    np.testing.assert_allclose(interval["estimate"], np.nanmean(values, axis=1))
    np.testing.assert_allclose(interval["low"], np.quantile(means, 0.025, axis=1))
    np.testing.assert_allclose(interval["high"], np.quantile(means, 0.975, axis=1))


def test_bootstrap_covers_the_mean_as_often_as_it_says():
    values = xr.DataArray(np.random.default_rng(0).normal(2, 1, (400, 100)), dims=("seed", "stimulus"))
    interval = intervals.bootstrap(values)
    covered = ((interval["low"] <= 2) & (interval["high"] >= 2)).mean()
    assert 0.90 < covered < 0.98
    width = float((interval["high"] - interval["low"]).mean())
    assert width == pytest.approx(2 * 1.96 / 10, rel=0.05)


def test_bootstrap_is_the_same_in_blocks(monkeypatch):
    values = xr.DataArray(np.random.default_rng(0).random((7, 30)), dims=("prior", "stimulus"))
    whole = intervals.bootstrap(values, n=300)
    monkeypatch.setattr(intervals, "BLOCK", 900)
    xr.testing.assert_allclose(intervals.bootstrap(values, n=300), whole)


def test_bootstrap_of_nothing_but_nan_is_nan():
    values = xr.DataArray(np.full((2, 5), np.nan), dims=("prior", "stimulus"))
    assert intervals.bootstrap(values).to_dataarray().isnull().all()


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((0.97, 0.96, 0.98), ".97 [.96, .98]"),
        ((1.0, 0.995, 1.0), "1.00 [.99, 1.00]"),
        ((0.0, -0.001, 0.104), ".00 [.00, .10]"),
        ((-0.25, -10.5, 10.5), "-.25 [-10.50, 10.50]"),
        ((np.nan, np.nan, np.nan), ""),
    ],
)
def test_interval_text(numbers, text):
    assert intervals.interval_text(*numbers) == text


def test_summary_has_a_row_per_model_seed_and_cue():
    frame = summaries.summary(several())
    priors = [*KINDS, "none", "absent class", "third class"]
    assert list(frame["prior"]) == priors * 4
    assert (frame["n"] == 6).all()
    row = frame.set_index(["model", "seed", "prior"]).loc[("intact", 1, "class")]
    assert row["selection_index"] == pytest.approx(0.93 / 0.96)
    assert row["cue_decides"] == row["attention_auc"] == 1
    assert row["selection_index_low"] == pytest.approx(0.93 / 0.96)
    absent = frame.set_index(["model", "seed", "prior"])["p_absent"]
    assert absent["intact", 0, "absent class"] == pytest.approx(ABSENT, rel=1e-5)
    third = frame.set_index(["model", "seed", "prior"]).loc[("intact", 0, "third class"), "selection_index"]
    assert third == pytest.approx(BOTTOM_UP[0] / sum(BOTTOM_UP))
    text = summary_text(frame)
    assert text.loc[0, "selection_index"] == ".97 [.97, .97]"
    assert list(text.columns[:4]) == ["model", "seed", "prior", "n"]


def test_summary_uses_finished_stimuli_only(record):
    record = record.copy(deep=True)
    record["done"][4:] = 0
    record["logits"][:, :, 4:] = np.nan
    assert (summaries.summary(record)["n"] == 4).all()
    assert summaries.summary(record).loc[0, "selection_index"] == pytest.approx(0.93 / 0.96)
    assert list(summaries.summary(record)["model"].unique()) == ["synthetic"]


def test_summary_of_unknown_classes_measures_the_maps(record):
    unknown = record.assign_coords(class_1=("stimulus", np.full(6, -1)), class_2=("stimulus", np.full(6, -1)))
    frame = summaries.summary(unknown)
    assert "selection_index" not in frame
    assert frame.loc[0, "attention_auc"] == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: measures.attention_auc(r, "saliency"), "prior_weights.*saliency"),
        (lambda r: measures.attention_auc(r, against="all"), '"other" or "rest"'),
        (lambda r: measures.selection_index(r.sel(prior=["none", "class 1"])), "cue object 1 and 2"),
        (
            lambda r: measures.selection_index(r.assign_coords(class_1=-r["class_1"])),
            "class index in class_1",
        ),
        (lambda r: measures.absent_probability(r.sel(prior=["none"])), "absent class"),
        (measures.accuracy, "stimuli of one object"),
        (lambda r: measures.written(r.assign(done=0 * r["done"])), "none of the record's 6 stimuli"),
        (lambda r: intervals.bootstrap(r["done"], dim="trial"), "trial"),
        (lambda r: intervals.bootstrap(r["done"], n=0), "n >= 1"),
        (lambda r: intervals.bootstrap(r["done"], level=95), "level"),
    ],
)
def test_errors_say_what_was_expected(record, call, message):
    with pytest.raises(ValueError, match=message):
        call(record)


def test_map_summary_ranks_the_maps_by_what_they_localise(record):
    sharp = record.copy()
    sharp["value_norm"] = sharp["value_norm"] * 0 + 1  # says nothing
    frame = summaries.map_summary(sharp)
    assert set(frame["map"]) == set(measures.MAPS) and frame["map"].iloc[-1] == "value_norm"
    assert (frame["auc_other"].diff().dropna() <= 0).all()
    row = frame.set_index("map").loc["token_norm"]
    last = record.isel(iteration=[-1])
    for column, values in (
        ("auc_other", measures.attention_auc(last, "token_norm")),
        ("auc_rest", measures.attention_auc(last, "token_norm", against="rest")),
        ("share", measures.attention_share(last, "token_norm")),
    ):
        assert row[column] == pytest.approx(float(values.sel(prior="class").mean()))
        assert row[f"{column}_low"] <= row[column] <= row[f"{column}_high"]
    with pytest.raises(ValueError, match="kind of cue"):
        summaries.map_summary(record, kind="smell")


def test_recognition_summary_has_a_row_per_pass():
    frame = recognition_summary(single_object_record(9))
    assert frame["iteration"].tolist() == [0, 1] and (frame["n"] == 9).all()
    assert frame["accuracy"].tolist() == pytest.approx([6 / 9, 6 / 9])
