"""Measures of targets, spotlights and letters on small records with known answers, against plain loops."""

import numpy as np
import pytest
import xarray as xr
from scipy import special

from experiments import measures

TOKENS = ("token_y", "token_x")


@pytest.fixture(scope="module")
def record():
    """Three objects on 4 x 4 tokens, random logits and maps, of two seeds."""
    generator = np.random.default_rng(0)
    n = 5
    masks = {f"mask_{k}": (("stimulus", *TOKENS), np.zeros((n, 4, 4), np.float32)) for k in (1, 2, 3)}
    masks["mask_1"][1][:, :2, :2] = [[1, 0.6], [0.6, 0.2]]
    masks["mask_2"][1][:, 2:, 2:] = [[0.3, 0.4], [0.45, 0.3]]
    masks["mask_3"][1][:3, 0, 1:] = [0.7, 1, 1]  # takes a token from object 1; the last two stimuli lack object 3
    weights = generator.random((2, 2, 2, n, 4, 4)).astype(np.float16)
    weights[:, 0] = np.nan
    dims = ("seed", "iteration", "prior", "stimulus")
    logits = generator.normal(0, 2, (2, 2, 2, n, 6)).astype(np.float32)
    data = {"logits": ((*dims, "class"), logits), "prior_weights": ((*dims, *TOKENS), weights), **masks}
    coordinates = {
        "prior": np.array(["valid", "neutral"], object), "class_1": ("stimulus", [0, 1, 2, 3, 4]),
        "absent_class": ("stimulus", [5, 5, 5, 5, -1]), "seed": [0, 1], "iteration": [0, 1],
    }  # fmt: skip
    return xr.Dataset(data, coordinates)


def regions(record, k):
    """Object 1's, 2's and 3's tokens of a stimulus, flat."""
    has_third = k < 3
    one = [0, 4] if has_third else [0, 1, 4]
    return one, [14], [1, 2, 3] if has_third else []  # object 2 covers no token by half: its best one counts


def test_tokens_belong_to_the_object_that_covers_most_of_them(record):
    found = measures.object_tokens_of_all(record)
    for k in range(5):
        for tokens, expected in zip(found, regions(record, k), strict=True):
            assert np.flatnonzero(tokens[k]).tolist() == expected
    pair = measures.object_tokens(record.drop_vars("mask_3"))
    assert np.flatnonzero(pair[0][0]).tolist() == [0, 1, 4]
    with pytest.raises(ValueError, match="no masks"):
        measures.object_tokens_of_all(record[["logits"]])


def test_regions_of_a_map_against_loops(record):
    auc, rest, share, overlap, pointing = (
        measures.region_auc(record), measures.region_auc(record, against="rest"),
        measures.region_share(record), measures.region_iou(record), measures.region_pointing(record),
    )  # fmt: skip
    assert auc.dims == ("seed", "iteration", "prior", "stimulus")
    for name in (auc, rest, share, overlap, pointing):
        assert name.isel(iteration=0).isnull().all()
    for seed, prior, k in np.ndindex(2, 2, 5):
        values = record["prior_weights"].values[seed, 1, prior, k].astype(float).ravel()
        one, two, three = regions(record, k)
        others, elsewhere = [*two, *three], [t for t in range(16) if t not in one]
        at = {"seed": seed, "iteration": 1, "prior": prior, "stimulus": k}
        wins = np.mean([(values[a] > values[b]) + 0.5 * (values[a] == values[b]) for a in one for b in others])
        assert float(auc.isel(at)) == pytest.approx(wins)
        wins = np.mean([(values[a] > values[b]) + 0.5 * (values[a] == values[b]) for a in one for b in elsewhere])
        assert float(rest.isel(at)) == pytest.approx(wins)
        means = [values[tokens].mean() for tokens in (one, two, three) if tokens]
        assert float(share.isel(at)) == pytest.approx(means[0] / sum(means), rel=1e-5)
        assert float(pointing.isel(at)) == (values.argmax() in one)
        top = set(sorted(range(16), key=lambda t: (-values[t], t))[: len(one)])
        assert float(overlap.isel(at)) == pytest.approx(len(top & set(one)) / len(top | set(one)))
    assert measures.region_share(record, target=3).isel(stimulus=4).isnull().all()
    assert measures.region_pointing(record, target=3).isel(stimulus=4).isnull().all()
    even = record.assign(prior_weights=xr.ones_like(record["prior_weights"]))
    assert np.allclose(measures.region_pointing(even).isel(stimulus=0), 2 / 16)  # chance, where all places tie
    for call in (lambda: measures.region_auc(record, "value_norm"), lambda: measures.region_iou(record, target=4)):
        with pytest.raises(ValueError, match="expected"):
            call()


def test_evidence_probability_and_reports_are_the_softmax(record):
    p = special.softmax(record["logits"].values.astype(float), axis=-1)
    own = np.take_along_axis(p, record["class_1"].values.reshape(1, 1, 1, 5, 1), -1)[..., 0]
    np.testing.assert_allclose(measures.target_probability(record), own, rtol=1e-6)
    np.testing.assert_allclose(measures.target_evidence(record), np.log(own / (1 - own)), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(measures.reported(record), p.argmax(-1) == record["class_1"].values)
    with pytest.raises(ValueError, match="absent_class"):
        measures.reported(record, "absent_class")


def test_benefit_and_cost_are_differences_within_stimuli(record):
    values = measures.target_evidence(record)
    benefit = measures.cueing_benefit(values)
    np.testing.assert_allclose(benefit, values.sel(prior="valid").values - values.sel(prior="neutral").values)
    np.testing.assert_allclose(measures.cueing_cost(values, invalid="valid"), -benefit.values)
    with pytest.raises(ValueError, match="'invalid'"):
        measures.cueing_cost(values)


def test_the_gradient_of_attention_is_found():
    stimuli, angles, widths = np.arange(3), np.array([0.0, 90.0, 180.0]), np.array([0.1, 0.2])
    place = {"x_1": ("stimulus", [40.0, 50, 60]), "y_1": ("stimulus", [50.0, 50, 50])}
    names = ["diffuse", *[f"{a:g} {w:g}" for w in widths for a in angles]]
    levels = np.array([(np.nan, np.nan), *[(a, w) for w in widths for a in angles]])
    coordinates = {
        "prior": np.array(names, object), "kind": ("prior", np.array(["diffuse", *["place"] * 6], object)),
        "angle": ("prior", levels[:, 0]), "width": ("prior", levels[:, 1]), "stimulus": stimuli, **place,
        "x": np.arange(100), "y": np.arange(100),
    }  # fmt: skip
    record = xr.Dataset(coords=coordinates)
    distance = measures.cue_distance(record)
    eccentricity = np.array([10.0, 0, 10])
    np.testing.assert_allclose(distance, [0 * eccentricity, np.sqrt(2) * eccentricity, 2 * eccentricity])
    values = np.zeros((7, 3)) + 0.3  # diffuse gives .3
    for k, (angle, width) in enumerate(levels[1:], 1):
        values[k] += 0.5 - (0.02 if width == 0.1 else 0.01) * distance.sel(angle=angle).values
    told = {name: record[name] for name in ("prior", "kind", "angle", "width", "stimulus")}
    values = xr.DataArray(values, told, ("prior", "stimulus"))
    benefit = measures.benefit_by_place(values)
    np.testing.assert_allclose(benefit.sel(angle=0.0), 0.5)
    slopes = measures.attention_gradient(benefit, distance)
    np.testing.assert_allclose(slopes.sel(stimulus=[0, 2]), [[-0.02, -0.02], [-0.01, -0.01]])
    assert slopes.sel(stimulus=1).isnull().all()  # at fixation all places are one
    with pytest.raises(ValueError, match="'neutral'"):
        measures.benefit_by_place(values, "neutral")


@pytest.mark.parametrize("decides", ["global", "local"])
def test_letters_are_told_by_the_level_that_the_logits_follow(decides):
    generator = np.random.default_rng(1)
    whole = np.array(list("HSHSHSHSHSHS"), object)
    part = np.where(np.arange(12) < 6, whole, np.where(whole == "H", "S", "H"))
    patterns = {"H": np.array([2.0, 0, 0, 1]), "S": np.array([0.0, 2, 1, 0])}
    follows = whole if decides == "global" else part
    logits = np.stack([patterns[letter] for letter in follows]) + generator.normal(0, 0.1, (12, 4))
    coordinates = {
        "congruency": ("stimulus", np.where(whole == part, "congruent", "incongruent").astype(object)),
        "global_letter": ("stimulus", whole), "local_letter": ("stimulus", part),
    }  # fmt: skip
    record = xr.Dataset({"logits": (("prior", "stimulus", "class"), logits[None] + 7.0)}, coordinates)
    evidence = {level: measures.letter_evidence(record, level)[0].values for level in ("global", "local")}
    np.testing.assert_allclose(evidence["global"][6:], -evidence["local"][6:])
    assert ((evidence["global"] > 0) == (whole == follows)).all()
    left_out = [k for k in range(2, 6) if whole[k] == whole[0]]
    centred = logits - logits.mean(1, keepdims=True)
    own = ((centred[0] - centred[left_out].mean(0)) ** 2).sum()
    other = ((centred[0] - centred[[1, 3, 5]].mean(0)) ** 2).sum()
    assert evidence["global"][0] == pytest.approx(other - own)
    effect = measures.congruency_effect(measures.letter_evidence(record, "global") > 0, n=50)
    assert float(effect["estimate"][0]) == (0 if decides == "global" else 1)
    with pytest.raises(ValueError, match="two congruent figures"):
        measures.letter_evidence(record.isel(stimulus=slice(5, None)))
