"""What figures draw: the numbers of the records, by closed forms and short loops."""

import itertools
import re

import dask.array
import matplotlib
import numpy as np
import pandas as pd
import pytest
import synthetic_probe_records as made
from scipy import stats
from synthetic_figures import RECORDS
from synthetic_records import bistable_record, several

from experiments import measures
from experiments.exchange.human_trials import trials_of
from experiments.figures import FIGURES, numbers_of, robustness_profiles, style
from experiments.figures.layout import page_of_panels
from experiments.figures.page import two_digits
from experiments.figures.panels import Key, Panel, tick_text
from experiments.probes.bistable import gains, psychometric


def line_of(axes, look):
    """Heights of the line that looks so."""
    wanted = matplotlib.colors.to_hex(look["color"]), look.get("linestyle", "-")
    return [
        line.get_ydata() for line in axes.lines
        if matplotlib.colors.to_hex(line.get_color()) == wanted[0] and line.get_linestyle() == wanted[1]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("write", "values", "texts"),
    [
        (two_digits, (134.2, 56.3, 0.667, 0, -2345), "130 56 0.67 0 -2300"),
        (tick_text, (0.5, -0.25, 0, -0.0, 10, -2), ".5 −.25 0 0 10 −2"),
    ],
)
def test_numbers_of_scales_and_ticks_are_short(write, values, texts):
    assert [write(value) for value in values] == texts.split()


@pytest.mark.seconds
@pytest.mark.parametrize(("name", "protocol"), [("settling", "settling"), ("energy", "settling"), ("hysteresis",) * 2])
def test_figures_of_dynamics_read_what_they_draw_and_nothing_else(name, protocol):
    record = made.dynamics_record(protocol)
    maps = (*record["state_change"].dims, "token_y", "token_x")
    shape = (*record["state_change"].shape, 2, 2)

    def refuse(block):
        raise AssertionError("maps are not drawn")

    unread = dask.array.zeros(shape).map_blocks(refuse, meta=np.ones(1))
    lazy = record.chunk(stimulus=2).assign(prior_weights=(maps, unread))
    drawn, whole = (FIGURES[name](one, n=20) for one in (lazy, record))
    for ours, theirs in zip(drawn.axes[1:], whole.axes[1:], strict=True):
        for line, other in zip(ours.lines, theirs.lines, strict=True):
            np.testing.assert_allclose(line.get_xydata(), other.get_xydata())


def test_the_logits_of_the_two_readings_are_all_that_a_share_needs():
    record = made.dynamics_record("hysteresis")
    figure = FIGURES["hysteresis"](record, n=20, gain=1.0)
    odds = np.take_along_axis(
        record["logits"].isel(model=0).sel(gain=1.0, severity=0, prior="percept").values,
        np.stack([record["class_1"].values, record["class_2"].values], 1)[None, None], 3,
    )  # fmt: skip
    share = 1 / (1 + np.exp(odds[..., 1] - odds[..., 0]))  # (seed, iteration, stimulus)
    up = share[:, 1:, record["direction"].values == 1].mean((0, 2))
    assert any(np.allclose(line.get_ydata(), up, atol=1e-6) for line in figure.axes[1].lines)


def test_cueing_benefits_are_differences_of_shares():
    record = made.spatial_prior_record()
    figure = FIGURES["spatial_prior"](record, n=20, gain=1.0)
    right = record["logits"].isel(iteration=1).sel(gain=1.0).argmax("class") == record["class_1"]
    share = right.isel(model=0).mean(("seed", "stimulus"))
    for place, width in enumerate((0.05, 0.1)):
        expected = [
            float(share.sel(prior=f"place {a} width {width:g}") - share.sel(prior="diffuse")) for a in (0, 90, 180)
        ]
        found = line_of(figure.axes[1], style.STYLE.shades(2)[place])
        assert any(np.allclose(line, expected) for line in found)
    distances = figure.axes[1].lines[0].get_xdata()
    np.testing.assert_allclose(
        distances, [0, 5 * np.sqrt(2), 10], atol=1e-6
    )  # the target lies 5 pixels from the centre


def test_psychometric_thresholds_are_those_that_the_record_was_made_with():
    record = made.graded_record(450)
    found = psychometric._fits(record, None).set_index("row")
    for row, threshold in (("no cue", 0.5), ("cue: reading 1", 0.6), ("cue: reading 2", 0.4)):
        fit = found.loc[row]
        assert fit["threshold"] == pytest.approx(threshold, abs=0.04)
        assert fit["threshold_low"] <= fit["threshold"] <= fit["threshold_high"]
        assert 0 <= fit["lapse"] <= 0.1
    caption = FIGURES["psychometric"](record, n=20).get_label()
    assert f"no cue {found.loc['no cue', 'threshold']:.2f}".replace("0.", ".") in caption


def test_a_threshold_that_was_not_shown_is_left_out():
    record = made.graded_record()
    record["logits"][1, :, :, :] = record["logits"][1, 1]  # what cue 1 does, under every prior
    never = record.copy(deep=True)
    for k in range(never.sizes["stimulus"]):
        never["logits"][1, :, k, int(never["class_1"][k])] = 99.0
    found = psychometric._fits(never, None)
    assert found["threshold"].isna().all() and found["lapse_low"].isna().all()
    caption = FIGURES["psychometric"](never, n=20).get_label()
    assert re.search(r"not determined \(from 0\.[89]\d* on all fit as well\) in 1 of 1 trainings", caption)


def test_gain_curves_are_the_selection_indices():
    record = made.gains_record()
    rows = gains._summary(record, 20)
    index = measures.selection_index(several(n=4, size=16, tokens=4)).isel(iteration=1, model=0).sel(prior="class")
    chosen = rows[(rows["model"] == "intact") & (rows["prior"] == "class")]
    np.testing.assert_allclose(chosen["selection_index"], float(index.mean()), rtol=1e-6)
    assert sorted(chosen["gain"]) == [0.5, 1, 2]


def test_robustness_rows_are_means_with_student_intervals_over_trainings():
    records = [made.robustness_record(seed=seed) for seed in (0, 1, 2)]
    rows = robustness_profiles.profile_rows(records).set_index(["suite", "severity"])
    values = 100 * np.array([0.7, 0.72, 0.74])  # fog at severity 3
    row = rows.loc[("imagenet_c/fog", 3)]
    low, high = stats.t.interval(0.95, 2, values.mean(), stats.sem(values))
    assert row["trainings"] == 3 and row["top1"] == pytest.approx(values.mean())
    assert (row["top1_low"], row["top1_high"]) == pytest.approx((low, high))
    with pytest.raises(ValueError, match="same weights on clean: these are no two seeds"):
        robustness_profiles.profile_rows([*records, records[1]])
    assert robustness_profiles._suite_name("pgd/eps=0.5/targeted/steps=9") == "PGD 0.5/255\ntargeted\nsteps=9"
    single = robustness_profiles.profile_rows(records[:1]).set_index(["suite", "severity"]).loc[("imagenet_c/fog", 3)]
    assert single["top1_low"] == pytest.approx(65) and single["top1_high"] == pytest.approx(75)


def test_the_matrix_holds_every_pairs_kappa():
    trials = pd.concat([trials_of(bistable_record(12, model=name, seed=k)) for k, name in enumerate("abc")])
    trials["object_response"] = np.where(np.arange(len(trials)) % 3 == 0, "none", trials["object_response"])
    figure = FIGURES["consistency"](trials)
    image = figure.axes[1].collections[0]
    matrix, bar = np.asarray(image.get_array()), image.colorbar.ax
    assert bar.get_xlabel() == "kappa" and bar.get_xlim() == image.get_clim()
    right = {name: (part["object_response"] == part["category"]).to_numpy() for name, part in trials.groupby("subj")}
    for (i, a), (j, b) in itertools.combinations(enumerate("abc"), 2):
        observed, p, q = (right[a] == right[b]).mean(), right[a].mean(), right[b].mean()
        expected = p * q + (1 - p) * (1 - q)
        assert matrix[i, j] == matrix[j, i] == pytest.approx((observed - expected) / (1 - expected))


def test_shape_decisions_leave_out_what_is_neither():
    names = ["1_dog1-cat2.png", "2_dog1-cat2.png", "3_dog1-cat2.png", "4_cat3-cat1.png"]
    trials = pd.DataFrame({"subj": list("aabb"), "imagename": names, "object_response": ["dog", "cat", "car", "cat"]})
    assert measures.shape_decisions(trials).to_dict("list") == {"subj": ["a", "a"], "shape": [True, False]}
    bias = measures.shape_bias(trials)
    assert bias["a"] == 0.5 and np.isnan(bias["b"])


def test_energy_is_the_sum_over_blocks_relative_to_pass_0():
    record = made.dynamics_record("settling")
    figure = FIGURES["energy"](record, n=20, gain=2.0)
    error = record["reconstruction_error"].isel(model=0, severity=0).sel(gain=2.0, prior="none").sum("layer")
    expected = (error / error.isel(iteration=0) - 1).mean(("seed", "stimulus"))
    found = line_of(figure.axes[2], style.STYLE.looks(1)[0])
    assert any(len(line) == len(expected) and np.allclose(line, expected) for line in found)


def test_a_contact_sheet_shows_the_pictures_and_their_classes():
    record = made.graded_record(10)
    figure = FIGURES["sheet"](record, stimuli=(4, 2))
    page = figure.axes[0]
    for image, number in zip(page.images, (4, 2), strict=True):
        np.testing.assert_array_equal(image.get_array(), record["image"][number])
    first = f"4  {record['class'].values[record['class_1'][4]]}, {record['class'].values[record['class_2'][4]]}"
    assert [text.get_text() for text in page.texts][:2] == [first, "mix 0.9"]


def test_keys_go_on_in_a_new_line_and_letters_follow_the_panels():
    keys = [Key(f"a line of some length {k}", {"color": "black"}) for k in range(9)]
    panels = [Panel(lambda axes: None, title="one", keys=tuple(keys[:2])), Panel(lambda axes: None)]
    page = page_of_panels(panels, keys=keys).axes[0]
    heights = {text.get_position()[1] for text in page.texts if text.get_text().startswith("a line")}
    assert len(heights) >= 3
    assert [text.get_text() for text in page.texts if text.get_weight() == "bold"] == ["a", "b"]


def test_psychometric_tables_hold_thresholds_lapses_and_the_points_of_the_curves():
    figure = FIGURES["psychometric"](RECORDS["psychometric"](), n=20)
    table = numbers_of(figure)
    for name in ("threshold", "lapse", "share"):
        assert table[[name, f"{name}_low", f"{name}_high"]].notna().any().all()
    assert table["fitted"].notna().sum() > 400
    assert "fitted" not in numbers_of(figure, curves=False)
