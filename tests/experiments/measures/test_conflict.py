"""Answers to pictures in conflict against shares that are counted one by one."""

import numpy as np
import pytest
from synthetic_probe_records import cue_conflict_record

from experiments import measures, summary
from experiments.figures import FIGURES


@pytest.fixture(scope="module")
def record():
    return cue_conflict_record()


def test_shares_are_those_that_are_counted(record):
    table = summary(record).set_index(["model", "prior"])
    logits = record["logits"].isel(iteration=-1, gain=0)
    told = zip(*(record[name].values for name in ("class_1", "class_2", "absent_class")), strict=True)
    shown = [(number, *classes) for number, classes in enumerate(told) if classes[0] != classes[1]]
    for (model, prior), row in table.iterrows():
        counts, of_absent = {"shape": 0, "texture": 0, "other": 0}, 0
        p_shape = []
        for seed in record["seed"].values:
            for number, shape, texture, absent in shown:
                values = logits.sel(model=model, seed=seed, prior=prior, stimulus=number).values.astype(float)
                counts[{shape: "shape", texture: "texture"}.get(int(values.argmax()), "other")] += 1
                of_absent += values.argmax() == absent
                p_shape.append(np.exp(values[shape]) / np.exp(values).sum())
        n = sum(counts.values())
        assert row["n"] == len(shown) == 10 and n == 20
        np.testing.assert_allclose(row[[*counts]].astype(float), np.array([*counts.values()]) / n)
        assert row["shape_bias"] == pytest.approx(counts["shape"] / (counts["shape"] + counts["texture"]))
        assert row["p_shape"] == pytest.approx(np.mean(p_shape))
        if prior in ("none", "absent class"):
            assert row["absent"] == pytest.approx(of_absent / n)
        else:
            assert np.isnan(row["absent"]) and np.isnan(row["p_absent"])
    cued, without = table.loc["intact", "texture"], table.loc["intact", "none"]
    assert (
        cued["texture_change"] == pytest.approx(cued["texture"] - without["texture"]) and cued["texture_change"] > 0.5
    )
    assert np.isnan(without["shape_change"]) and cued["texture_low"] <= cued["texture"] <= cued["texture_high"]


def test_pictures_that_agree_are_no_conflict(record):
    decided = measures.shape_decides(record)
    assert np.isnan(decided.isel(stimulus=slice(2))).all() and set(np.unique(decided)[:2]) == {0, 1}
    with pytest.raises(ValueError, match="shape and texture agree in all 2 pictures"):
        measures.in_conflict(record.isel(stimulus=slice(2)))


def test_people_are_drawn_with_their_source_alone(record):
    given = {"people": (0.79, 0.04), "source": "Geirhos et al. 2019, trials of people"}
    caption = FIGURES["cue_conflict"](record, n=20, **given).get_label()
    assert "People, without a cue: shape .79, texture .04 (Geirhos et al. 2019, trials of people)." in caption
    for wrong, told in (({"people": (0.79, 0.04)}, "belong together"), ({"source": "a paper"}, "belong together"),
                        ({"people": (0.8, 0.4), "source": "a paper"}, r"got \(0.8, 0.4\)")):  # fmt: skip
        with pytest.raises(ValueError, match=told):
            FIGURES["cue_conflict"](record, n=20, **wrong)
