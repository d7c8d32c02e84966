"""Figures of the explorers: nothing clipped or overlapping, and the numbers that the record holds."""

import numpy as np
import pytest
import xarray as xr
from synthetic_records import bistable_record

import absvit
from absvit import maps, priors
from absvit.images import normalise
from experiments import measures
from experiments.figures import style_of
from experiments.figures.check import faults_of_text
from experiments.figures.record_view import view_record
from experiments.figures.screen import png
from experiments.live import compete_figure, look_figure, pictures
from experiments.live.compete import compete
from experiments.live.look import Cue, look
from experiments.measures.view import View, reduced


@pytest.fixture(scope="module")
def model():
    return absvit.load_model("absvit_micro")


@pytest.fixture(scope="module")
def looked(model):
    cue = Cue("class and place", "star", (0.1, 0.9), 0.3)
    return look(model, pictures.picture("halves", 3, model), {"cue": cue}, 8)


@pytest.fixture(scope="module")
def competed(model):
    return compete(model, "overlay", 3, (0.0, 0.3, 0.5, 1.0))


@pytest.fixture(scope="module")
def stored():
    record = bistable_record(n=8)
    record["prior_weights"] = record["prior_weights"].astype(np.float32)
    return record


def graded(record):
    return record.assign_coords(mix=("stimulus", np.arange(8) % 4 / 3))


LONG = "a class of an extraordinary length, which no column holds"
DRAWINGS = {  # function of looked, competed and stored that gives a figure's function and its arguments
    "class and place": lambda looked, *_: (look_figure.attention, looked),
    "a layer": lambda looked, *_: (look_figure.attention, looked, "token_norm", 0, None, 0.2),
    "the paper's": lambda looked, *_: (look_figure.attention, looked, look_figure.CLIPPED),
    "a head": lambda looked, *_: (look_figure.attention, looked, "class_attention", -1, 1),
    "bottom-up": lambda looked, *_: (look_figure.attention, looked.isel(iteration=[0])),
    "long names": lambda looked, *_: (
        look_figure.attention,
        looked.assign_coords({"class": [LONG] * looked.sizes["class"]}),
    ),
    "competition": lambda _, competed, stored: (
        compete_figure.competition, competed, 0.5, measures.DEFAULT_MAP, graded(stored),
    ),
    "lines": lambda _, __, stored: (
        view_record, stored, View("logits", "class", "prior", "iteration", "stimulus", (("stimulus", 1),)),
    ),
    "a line": lambda _, __, stored: (view_record, stored, View("logits", "iteration", at=(("stimulus", 1),))),
    "maps": lambda _, __, stored: (
        view_record, stored, View("prior_weights", "token_x", facet="prior", at=(("iteration", 1), ("stimulus", 3))),
    ),
    "pictures": lambda _, __, stored: (view_record, stored, View("image", "x", facet="stimulus")),
}  # fmt: skip
LOOKS = {"paper": (), "one column": ("paper", "single"), "slide": ("slides",)}
WIDTHS = {"paper": 180, "one column": 89, "slide": 333}


@pytest.mark.seconds
@pytest.mark.parametrize("drawing", DRAWINGS)
@pytest.mark.parametrize("look", LOOKS)
def test_text_is_whole_and_overlaps_nothing(looked, competed, stored, drawing, look):
    draw, *given = DRAWINGS[drawing](looked, competed, stored)
    figure = draw(*given, style=style_of(*LOOKS[look]))
    assert figure.get_size_inches()[0] * 25.4 == pytest.approx(WIDTHS[look])
    assert figure.get_label() and not [*faults_of_text(figure)]


def test_bars_have_the_length_of_the_probabilities(looked):
    figure = look_figure.attention(looked)
    p = measures.probabilities(looked).isel(prior=0, stimulus=0).values
    first = int(np.argmax(p[[0, -1]].max(axis=0)))
    bars = [patch.get_width() / 44 for patch in figure.axes[0].patches if getattr(patch, "get_height", float)() == 2.6]
    np.testing.assert_allclose(bars[:4], [1, p[0, first], 1, p[-1, first]], rtol=1e-5)


def test_the_difference_is_after_minus_before(looked):
    run = look_figure.only_map(looked, "token_norm", 2)
    np.testing.assert_array_equal(run["token_norm"], looked["token_norm"].isel(layer=2))
    heads = look_figure.only_map(looked, "class_attention", 2)["class_attention"]
    np.testing.assert_allclose(heads, looked["class_attention"].isel(layer=2).values.mean(3), rtol=1e-6)


def test_the_map_of_the_paper_is_that_of_its_demo(model):
    picture = pictures.picture("halves", 3, model)
    record = look(model, picture, {"cue": Cue("class", "star")})
    images = normalise(picture[None], model.pretrained_cfg["mean"], model.pretrained_cfg["std"])
    star = model.categories.index("star")
    seen = absvit.perceive(model, images, [priors.ClassPrior(star)], record=("token_norms",))
    expected = maps.token_norm_map(seen, 1, clip=True)[:, :, 0]
    found = look_figure.only_map(record, look_figure.CLIPPED, 1)[look_figure.CLIPPED].isel(stimulus=0)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert 0 < (found.values == 0).mean() < 1
    assert "clipped token norm of block 1" in look_figure.attention(record, look_figure.CLIPPED, 1).get_label()


@pytest.mark.parametrize(("kind", "layer", "head"), [("taste", 0, None), ("token_norm", 9, None), ("rollout", 0, 0)])
def test_what_is_not_in_the_record_is_refused(looked, kind, layer, head):
    if kind == "rollout":
        assert look_figure.only_map(looked, kind, layer, head)["rollout"].ndim == 5
        return
    with pytest.raises(ValueError, match="expected one of the maps|layer must be in"):
        look_figure.only_map(looked, kind, layer, head)


def test_dominance_is_the_mean_share_at_each_mix(stored):
    record = graded(stored)
    found = compete_figure.dominance(record, "class 1")
    share = measures.object_1_share(record).isel(iteration=-1).sel(prior="class 1").values
    np.testing.assert_allclose(found["estimate"], [share[[k, k + 4]].mean() for k in range(4)], rtol=1e-6)
    with pytest.raises(ValueError, match="this one has none"):
        compete_figure.dominance(stored, "class 1")


def test_curves_that_are_made_before_are_drawn_like_their_record(competed, stored):
    record = graded(stored)
    one, other = (
        compete_figure.competition(competed, 0.3, stored=each) for each in (record, compete_figure.curves(record))
    )
    assert one.get_label() == other.get_label()
    assert png(one) == png(other) != png(compete_figure.competition(competed, 0.3))


def test_an_average_is_the_mean_with_its_interval(stored):
    record = stored.assign(done=("stimulus", np.array([1, 1, 1, 1, 1, 0, 0, 0])))
    found = reduced(record, View("logits", "class", "prior", average="stimulus", at=(("iteration", 1),)))
    values = record["logits"].isel(iteration=1).values[:, :5]
    error = values.std(axis=1, ddof=1) / np.sqrt(5)
    np.testing.assert_allclose(found["estimate"], values.mean(axis=1), rtol=1e-5)
    t = 2.776445  # of 4 degrees of freedom, from a table
    np.testing.assert_allclose(found["high"] - found["estimate"], t * error, rtol=1e-3, atol=1e-5)
    assert (
        "mean over 5 members of stimulus, with Student's 95 % intervals"
        in view_record(record, View("logits", "class", "prior", average="stimulus", at=(("iteration", 1),))).get_label()
    )


def test_only_what_is_shown_is_read(stored):
    read = []

    def load(block):
        read.append(block.shape)
        return block

    lazy = stored.chunk(stimulus=1).assign(prior_weights=stored["prior_weights"].chunk(stimulus=1))
    lazy["prior_weights"] = lazy["prior_weights"].copy(
        data=lazy["prior_weights"].data.map_blocks(load, meta=np.ones(1))
    )
    reduced(lazy, View("prior_weights", "token_x", facet="prior", at=(("stimulus", 3), ("iteration", 1))))
    assert len(read) == 1 and read[0][2] == 1


@pytest.mark.parametrize(
    ("view", "message"),
    [
        (View("taste", "class"), "no variable 'taste'"),
        (View("logits", "layer"), "has the dimensions"),
        (View("logits", "class", "class"), "has the dimensions"),
        (View("prior_weights", "token_x", "prior"), "no lines to colour"),
        (View("logits", "class", at=(("stimulus", 99),)), "positions 0 to 7"),
    ],
)
def test_a_view_that_cannot_be_is_refused(stored, view, message):
    with pytest.raises(ValueError, match=message):
        reduced(stored, view)


def test_too_many_lines_are_refused():
    many = xr.Dataset({"v": (("a", "b"), np.zeros((13, 2)))})
    with pytest.raises(ValueError, match="too many"):
        reduced(many, View("v", "b", "a"))
