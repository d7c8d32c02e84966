"""Scenes of outlined objects in the probe of object priors: maps against outlines, and how evenly objects compete."""

import numpy as np
import pandas as pd
import pytest
import torch
from formula import untrained
from PIL import Image

import absvit
from absvit.images import normalise
from experiments import measures
from experiments.experiment import run
from experiments.observers import load_observers, observer_of
from experiments.probes.bistable.probe import Bistable
from experiments.probes.object_prior.probe import ObjectPrior
from experiments.table import grouped, profiles, summary
from stimuli.families import scenes
from stimuli.families.objects import CATEGORIES, Objects
from stimuli.families.photographed.outlines import Outlines, draw
from stimuli.sets.resizing import resized

N = 6


@pytest.fixture(scope="module")
def outlined(tmp_path_factory):
    """Drawn scenes of two objects as outlined pictures: the polygons are the convex outlines of the masks."""
    from scipy.spatial import ConvexHull

    root = tmp_path_factory.mktemp("outlined")
    for part in ("images", "polygons"):
        (root / part).mkdir()
    drawn = scenes.draw(scenes.Scenes(Objects((112, 112)), (2,)), N, 3)
    for k in range(N):
        Image.fromarray(drawn["image"].values[k]).save(root / "images" / f"{k}.png")
        lines = []
        for c, mask in zip(drawn["object_class"].values[k], drawn["object_mask"].values[k], strict=True):
            corners = np.argwhere(mask)[:, ::-1] + 0.5
            corners = corners[ConvexHull(corners).vertices] / 112
            lines.append(" ".join([str(c + 1), *(f"{value:.5f}" for value in corners.ravel())]))
        (root / "polygons" / f"{k}.txt").write_text("\n".join(lines))
    (root / "config.yaml").write_text("names:\n" + "".join(f"  {k}: {name}\n" for k, name in enumerate(CATEGORIES, 1)))
    return root


@pytest.fixture(scope="module")
def shown(outlined):
    return draw(Outlines(str(outlined), (112, 112)), N, 0)


@pytest.fixture(scope="module")
def record(shown):
    observers = load_observers(("cnn_micro+evidence_gate:strength=4", "vit_micro+evidence_gate:strength=1"))
    return run("object_prior", observers, shown, ObjectPrior(gains=(1.0,)))


def test_maps_are_told_against_the_outlines_of_what_is_cued(record):
    table = summary(record, maps=True).set_index(["model", "map"])
    gate = "cnn_micro+evidence_gate:strength=4"
    assert {"prior_weights", "class_evidence"} <= set(table.loc[gate].index) and (table["n"] == N).all()
    last = record.isel(iteration=-1, gain=0).sel(model=gate)
    for name in ("prior_weights", "class_evidence"):
        found = []
        for prior, k in (("valid", 1), ("invalid", 2)):
            for i in range(N):
                values = last[name].sel(prior=prior).values[i].astype(float).ravel()
                own = measures.object_tokens_of_all(last)[k - 1].values[i].ravel()
                inside, outside = values[own], values[~own]
                wins = np.sign(inside[:, None] - outside).mean()
                found.append([(wins + 1) / 2, (own & (values == values.max())).sum() / (values == values.max()).sum()])
        np.testing.assert_allclose(table.loc[(gate, name), ["auc_rest", "pointing"]].astype(float), np.mean(found, 0))
    assert table.loc[(gate, "class_evidence"), "auc_other"] > 0.9  # it knows these objects
    deciding = profiles([record]).set_index("model")["cue_decides"]
    assert deciding[gate] > 0.5  # each of two objects can be made the seen one


def test_evidence_for_a_class_sums_to_its_bottom_up_logit(record, shown):
    """Where places are pooled by their mean: class activation mapping (Zhou et al. 2016)."""
    logits = record["logits"].isel(model=0, gain=0, iteration=0, prior=0).values
    evidence = record["class_evidence"].isel(model=0).sum(("token_y", "token_x"))
    rows = np.arange(N)
    bias = absvit.load_model("cnn_micro").get_classifier().bias.detach().numpy()
    for prior, name in (("valid", "class_1"), ("invalid", "class_2"), ("absent", "absent_class")):
        index = record[name].values
        np.testing.assert_allclose(evidence.sel(prior=prior), logits[rows, index] - bias[index], rtol=0.02, atol=0.05)
    answered = logits.argmax(1)
    np.testing.assert_allclose(
        evidence.sel(prior="neutral"), logits[rows, answered] - bias[answered], rtol=0.02, atol=0.05
    )
    model = untrained()
    observer = observer_of(model)
    images = normalise(shown["image"].values[:2], (0.5,) * 3, (0.5,) * 3)
    seen = absvit.perceive(model, images, iterations=0, record=("class_activation",))
    with torch.no_grad():
        found = observer.evidence(images, seen.logits[0].argmax(-1))[0]  # what is answered has its map there
    np.testing.assert_allclose(found.flatten(1), seen.class_activation[0, 0, :, 1:], rtol=1e-4, atol=1e-6)


def test_competition_is_the_ratio_of_the_bottom_up_probabilities(record):
    p = measures.probabilities(record.isel(iteration=0, prior=0, gain=0))
    first, second = (p.values[:, np.arange(N), record[name].values] for name in ("class_1", "class_2"))
    np.testing.assert_allclose(record["competition"], np.minimum(first, second) / np.maximum(first, second), rtol=1e-4)
    assert record["competition"].dims == ("model", "stimulus") and record["competition"].attrs["units"] == "1"


def test_competition_of_unknown_classes_is_not_known(shown):
    two = shown.isel(object=[0, 1], stimulus=[0, 1]).assign_attrs(categories=["moth", *CATEGORIES[1:]])
    with pytest.warns(UserWarning, match="does not know moth"):
        found = run("bistable", observer_of(untrained()), two, Bistable(priors=("none", "place")))
    known = (two["object_class"].values != 0).all(1)
    assert (np.isfinite(found["competition"].values) == known).all()


def test_stimuli_are_grouped_by_any_variable_of_theirs(record):
    def table(part):
        return pd.DataFrame({"stimuli": [part["stimulus"].values.tolist()]})

    level = record["competition"].mean("model").values
    found = grouped(table, record, "competition", bins=2)
    assert [set(row) for row in found["stimuli"]] == [set(np.argsort(level)[:3]), set(np.argsort(level)[3:])]
    assert found["competition"][0] == f"{level.min():.2g} to {np.sort(level)[2]:.2g}"
    by_scene = grouped(table, record, "scene")
    assert (
        by_scene["scene"].tolist() == [f"{k}.png" for k in range(N)]
        and by_scene["stimuli"].map(len).tolist() == [1] * N
    )
    assert grouped(table, record)["stimuli"][0] == [*range(N)]
    sizes = summary(record, by="set_size")
    assert sizes["set_size"].tolist() == [2, 2]  # models; no row of all beside
    with pytest.raises(ValueError, match="expected a variable of the stimuli, .*competition, .*; got 'mood'"):
        grouped(table, record, "mood")


def test_a_set_of_outlines_serves_a_model_of_another_size(outlined, shown):
    small = draw(Outlines(str(outlined), (64, 64)), 1, 0)
    assert np.abs(resized(shown["image"].values[0], (64, 64)).astype(int) - small["image"].values[0]).max() <= 1
