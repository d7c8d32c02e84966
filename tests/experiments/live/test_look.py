"""Looking at a few pictures: the same numbers as perceive, cues in an experimenter's words, graded pictures."""

import json

import numpy as np
import pytest
from PIL import Image

import absvit
from absvit import maps, priors
from absvit.images import normalise
from experiments import measures
from experiments.live import pictures as shown_pictures
from experiments.live.compete import compete
from experiments.live.look import CUES, MAPS, Cue, look, stamped
from experiments.live.pictures import fitted
from experiments.observers import observer_of


@pytest.fixture(scope="module")
def pictures(model):
    return np.stack([shown_pictures.picture("halves", number, model) for number in (3, 4)])


def test_a_record_holds_what_perceive_gives(model, pictures):
    cues = {"star": Cue("class", "star", gain=3), "left": Cue("place", place=(0.25, 0.5), width=0.2)}
    record = look(model, pictures, cues, iterations=2)
    place = priors.SpatialPrior.gaussian((28, 56), 22.4, (112, 112), (14, 14))
    given = [priors.ClassPrior(model.categories.index("star"), 3), place]
    images = normalise(pictures, model.pretrained_cfg["mean"], model.pretrained_cfg["std"])
    seen = absvit.perceive(model, images, given, 2, ("token_norms", "value_norms", "attention", "feedback_norms"))
    np.testing.assert_array_equal(record["logits"], seen.logits)
    np.testing.assert_array_equal(record["prior_weights"][1:], maps.prior_weight_map(seen))
    np.testing.assert_array_equal(record["token_norm"].isel(layer=1), maps.token_norm_map(seen, 1))
    np.testing.assert_array_equal(record["feedback_norm"].isel(layer=1)[1:], maps.feedback_norm_map(seen, 1))
    to_patches = seen.attention[..., 0, 1:].unflatten(-1, (14, 14))
    np.testing.assert_array_equal(record["class_attention"], to_patches)
    np.testing.assert_array_equal(record["rollout"], maps.attention_rollout(seen))
    assert np.isnan(record["prior_weights"][0]).all() and set(MAPS) < set(record.data_vars)


def test_fewer_maps_are_the_same_maps(model, pictures):
    cues = {"star": Cue("class", "star")}
    every = look(model, pictures, cues, 2)
    for kind in MAPS:
        one = look(model, pictures, cues, 2, kinds=[kind])
        assert {name for name in MAPS if name in one} == {kind}
        np.testing.assert_allclose(one["logits"], every["logits"], rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(one[kind], every[kind], rtol=1e-4, atol=1e-5)


def test_a_product_multiplies_the_weights_of_its_factors(model, pictures):
    where = {"place": (0.7, 0.4), "width": 0.1}
    cues = {
        "class": Cue("class", "star", gain=3), "place": Cue("place", gain=1, **where),
        "both": Cue("class and place", "star", gain=3, **where),
    }  # fmt: skip
    weights = look(model, pictures, cues)["prior_weights"][1]
    product = weights.sel(prior="class") * weights.sel(prior="place")
    np.testing.assert_allclose(weights.sel(prior="both"), product, rtol=1e-5, atol=1e-7)


def test_a_box_is_the_share_of_each_token_that_it_covers(model, pictures):
    record = look(model, pictures, {"box": Cue("place", gain=2, box=(0.25, 0, 0.75, 0.5))})
    weights = record["prior_weights"][1, 0, 0].values
    inside = (np.arange(14) < 7)[:, None] * np.r_[0, 0, 0, 0.5, [1] * 6, 0.5, 0, 0, 0]
    np.testing.assert_allclose(weights, 2 * inside, atol=1e-6)
    edges = [float(record[f"box_{edge}"][0]) for edge in ("left", "top", "right", "bottom")]
    assert edges == [28, 0, 84, 56] and np.isnan(record["place_x"][0])


def test_no_cue_is_bottom_up_in_every_pass(model, pictures):
    record = look(model, pictures, {"none": Cue("none"), "learned": Cue("learned")}, 2)
    none = record.sel(prior="none")
    np.testing.assert_array_equal(none["logits"][2], record["logits"].sel(prior="learned")[0])
    np.testing.assert_array_equal(none["token_norm"][1], none["token_norm"][0])
    assert np.isnan(none["prior_weights"]).all()


def test_a_plain_vit_looks_bottom_up_and_refuses_cues(pictures):
    plain = absvit.load_model("vit_micro")
    assert look(plain, pictures, {"cue": Cue("none")}, 3).sizes["iteration"] == 1
    with pytest.raises(ValueError, match="no feedback path"):
        look(plain, pictures, {"cue": Cue("learned")})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kind": "clas"}, f"one of {', '.join(CUES)}"),
        ({"place": (1.2, 0.5)}, "place lies in"),
        ({"width": 0.0}, "width in"),
        ({"box": (0.5, 0.2, 0.5, 0.9)}, "a box has"),
    ],
)
def test_a_cue_that_is_none_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        Cue(**given)


def test_an_unknown_class_is_refused_with_its_neighbours(model, pictures):
    with pytest.raises(ValueError, match="no class 'strar'; the nearest are star"):
        look(model, pictures, {"cue": Cue("class", "strar")})


def test_a_photograph_is_fitted_as_in_evaluation(model):
    wide = Image.fromarray(np.tile(np.arange(224, dtype=np.uint8)[:, None, None], (1, 448, 3)))
    pixels = fitted(wide, model)
    assert pixels.shape == (112, 112, 3) and pixels.dtype == np.uint8
    np.testing.assert_allclose(pixels[:, 50, 0], np.arange(112) * 2 + 0.5, atol=1.5)


def test_a_photograph_is_resized_as_far_as_it_shows_anything(model):
    assert fitted(Image.new("RGB", (300, 3)), model).shape == fitted(Image.new("RGB", (1, 1)), model).shape
    with pytest.raises(ValueError, match=r"60000 x 1 pixels \(width x height\) is longer than 100 times"):
        fitted(Image.new("RGB", (60000, 1)), model)


def test_a_record_in_memory_can_be_stamped(model, pictures):
    record = look(model, pictures, {"cue": Cue("class", "star")})
    attributes = stamped(record).attrs
    assert attributes["checkpoint_sha256"] == model.checkpoint_sha256 and attributes["created"]
    assert json.loads(attributes["parameters"])["cues"]["cue"]["category"] == "star"


@pytest.mark.parametrize("family", shown_pictures.GRADED)
def test_the_mix_moves_from_one_reading_to_the_other(model, family):
    record = compete(model, family, 3, (0.0, 0.5, 1.0))
    p = measures.probabilities(record).isel(iteration=0, prior=0)
    first, second = int(record["class_1"][0]), int(record["class_2"][0])
    assert p[0, first] > 0.5 > p[2, first] and p[2, second] > 0.5 > p[0, second]


def test_a_class_cue_moves_the_dominance_of_an_overlay(model):
    share = measures.object_1_share(compete(model, "overlay", 3, (0.5,))).isel(iteration=-1, stimulus=0)
    assert share.sel(prior="class 1") > share.sel(prior="none") > share.sel(prior="class 2")


def test_gain_0_is_no_cue(model):
    record = compete(model, "overlay", 3, (0.4,), gain=0.0)
    np.testing.assert_allclose(record["logits"][1, 1], record["logits"][1, 2], atol=1e-6)


def test_a_picture_is_the_same_whatever_else_is_drawn(model):
    record = compete(model, "overlay", 5, (0.25, 0.75))
    alone = shown_pictures.two_readings("overlay", 5, 0.75)["image"].values[0]
    np.testing.assert_array_equal(record["image"][1], alone)
    half = shown_pictures.two_readings("morph", 2, 0.5)
    assert float(half["morph"][0]) == 0.5 and str(half["direction"].values[0]) == "ascending"


@pytest.mark.parametrize("given", [("cube", 0, 0.5), ("overlay", 0, 1.5), ("halves", -1, 0.5)])
def test_pictures_that_do_not_exist_are_refused(model, given):
    with pytest.raises(ValueError, match="expected one of halves, overlay, morph"):
        shown_pictures.two_readings(*given)
    if given[0] == "cube":
        with pytest.raises(ValueError, match="pairs, got 'cube'"):
            shown_pictures.picture("cube", 0, model)


def test_photographs_compete_for_the_model_that_knows_them(model, tmp_path):
    for name, colour in (("cat", (200, 30, 30)), ("ship", (30, 30, 200)), ("truck", (30, 200, 30))):
        (tmp_path / name).mkdir()
        Image.new("RGB", (300, 150), colour).save(tmp_path / name / "0.png")
    natural = absvit.create_model("absvit_hybrid_lite0_224").eval()
    for family in shown_pictures.FAMILIES:
        record = compete(natural, family, 3, (0.0, 0.5, 1.0), folder=tmp_path)
        names = [record["class"].values[int(record[f"class_{k}"][0])] for k in (1, 2)]
        assert set(names) < {"cat", "ship", "truck"} and len(set(names)) == 2
        assert record["image"].shape == (3, 224, 224, 3)
        if family != "halves":
            first, middle, last = record["image"].values[:, 100, 100].astype(int)
            assert first.argmax() == ("cat", "truck", "ship").index(names[0])
            assert last.argmax() == ("cat", "truck", "ship").index(names[1])
            np.testing.assert_allclose(middle, (first + last) / 2, atol=12)
    with pytest.raises(ValueError, match="does not know .*: choose one trained on the embedded objects, or"):
        compete(model, "overlay", 0, (0.5,), folder=tmp_path)


@pytest.mark.parametrize("squeezed", [False, True])
def test_photographs_keep_their_proportions_unless_the_model_was_trained_on_squeezed_ones(model, tmp_path, squeezed):
    edges = np.zeros((90, 240, 3), np.uint8)
    edges[:, :20] = edges[:, -20:] = (255, 255, 255)  # only a squeezed picture shows its ends
    for name in ("star", "ring"):
        Image.fromarray(edges).save(tmp_path / f"{name}.png")
    told = absvit.load_model("absvit_micro")
    told.card = {**told.card, "squeezed": squeezed}
    shown = shown_pictures.picture("halves", 0, told, folder=tmp_path)
    assert (shown.max() > 200) == squeezed


@pytest.mark.seconds
def test_the_bundled_models_of_photographs_say_that_they_were_trained_on_squeezed_ones():
    for tag in ("default", "seed1", "seed2"):
        assert shown_pictures.saw_squeezed(absvit.load_model("absvit_hybrid_lite0_224", tag))
    assert not shown_pictures.saw_squeezed(absvit.load_model("absvit_micro"))


def test_a_gain_can_be_a_factor_on_the_default_of_whoever_looks(model):
    observer = observer_of(model)
    told = Cue("class", "star", times=3.0), Cue("class", "star", gain=2.0, times=3.0), Cue("class", "star")
    assert [cue.prior(observer).gain for cue in told] == [3 * observer.gains["class"], 6.0, None]
    (of_class, of_place) = Cue("class and place", "star", times=0.5).prior(observer).factors
    assert (of_class.gain, of_place.gain) == (0.5 * observer.gains["class"], 1.0)
