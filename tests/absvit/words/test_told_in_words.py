"""Priors in words: what they weigh, how they compose, and what is refused."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from timm.data import ImageNetInfo

import absvit
from absvit import priors
from absvit.mechanisms.host import Host
from absvit.models.priors.directions import sharpened
from absvit.words import word_map
from absvit.words.places import ComplementPrior, RegionPrior

pytestmark = pytest.mark.filterwarnings("ignore:.* is far from all that the network knows")
NAMES = ("tabby cat", "Persian cat", "golden retriever", "Labrador retriever", "school bus", "minibus")
GRID = (4, 4)


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ABSVIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def host():
    return Host(NAMES, torch.randn(6, 20, generator=torch.Generator().manual_seed(0)), GRID)


@pytest.fixture(scope="module")
def tokens():
    return torch.randn(3, 16, 20, generator=torch.Generator().manual_seed(1))


def told(text, **kwargs):
    return priors.TextPrior(text, encoder="names", **kwargs)


def test_a_text_weighs_places_by_the_cosine_with_its_direction(host, tokens):
    direction = word_map(host, "names").directions(["a cat"])[0]
    expected = priors.VectorPrior(direction, gain=3.0, sharpness=2.0).weigh(tokens, host)
    torch.testing.assert_close(told("a cat", gain=3.0, sharpness=2.0).weigh(tokens, host), expected)
    torch.testing.assert_close(told("a cat").match(tokens, host), sharpened(expected / 3, 0.5), atol=1e-5, rtol=1e-4)


def test_one_text_an_image_is_each_of_them(host, tokens):
    several = told(["a cat", "a retriever", "a bus"])
    assert several.n_images == 3 and several.label == "text" and told("a cat").label == '"a cat"'
    apart = [told(text).match(tokens[k : k + 1], host) for k, text in enumerate(several.texts)]
    torch.testing.assert_close(several.match(tokens, host), torch.cat(apart))
    cut = several.for_images(slice(1, 3))
    assert cut.texts == ["a retriever", "a bus"]
    torch.testing.assert_close(cut.match(tokens[1:], host), torch.cat(apart[1:]))


def test_texts_multiply_with_all_other_priors(micro):
    images = torch.zeros(2, 3, 112, 112)
    made = told("a star") * priors.ClassPrior("heart") * priors.instruction("left", encoder="names")
    seen = absvit.perceive(micro, images, [told("a star"), priors.ClassPrior("heart"), RegionPrior(("left",)), made])
    one, two, three, product = seen.prior_weights[0]
    torch.testing.assert_close(product, one * two * three)


@pytest.mark.parametrize(
    ("where", "inside"),
    [
        (("left",), lambda y, x: x < 2),
        (("top", "right"), lambda y, x: (y < 2) & (x >= 2)),
        (("centre",), lambda y, x: ((y == 1) | (y == 2)) & ((x == 1) | (x == 2))),
        (("corners",), lambda y, x: ((y == 0) | (y == 3)) & ((x == 0) | (x == 3))),
        (("everywhere",), lambda y, x: x >= 0),
    ],
)  # fmt: skip
def test_places_in_words_are_parts_of_the_picture(host, tokens, where, inside):
    y, x = np.mgrid[:4, :4]
    weights = RegionPrior(where).match(tokens, host).reshape(3, *GRID)
    np.testing.assert_allclose(weights, np.broadcast_to(inside(y, x), (3, 4, 4)))


def test_an_instruction_is_a_product_of_its_clauses(host, tokens):
    made = priors.instruction("a cat on the left, ignore the bus", gain=2.0, encoder="names")
    cat, bus = (told(text).match(tokens, host) for text in ("a cat", "the bus"))
    left = RegionPrior(("left",)).match(tokens, host)
    ignored = 1 - bus / bus.amax(1, keepdim=True)
    torch.testing.assert_close(made.weigh(tokens, host), 2 * cat * left * 2 * ignored)
    assert str(made.reading) == '"a cat" at the place left x all but "the bus"'
    assert made.label == '"a cat on the left, ignore the bus"'
    assert made.for_images(slice(0, 1)).label == made.label


def test_what_is_ignored_may_be_a_product(host, tokens):
    cat, left = told("a cat"), RegionPrior(("left",))
    seen = cat.match(tokens, host)
    expected = 1 - seen / seen.amax(1, keepdim=True) * left.match(tokens, host)
    torch.testing.assert_close(ComplementPrior(cat * left).match(tokens, host), expected)
    sharp = ComplementPrior(cat * left, sharpness=3.0).match(tokens, host)
    torch.testing.assert_close(sharp, expected**3)  # a peak of 1: places to the right are left
    nothing = ComplementPrior(RegionPrior(("everywhere",))).match(tokens, host)
    assert not nothing.any()


def test_only_who_weighs_places_can_be_told_in_words(host):
    from absvit.mechanisms import MECHANISMS
    from absvit.networks import network_of

    layers = [torch.nn.Conv2d(3, 6, 4, 4), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(6, 6)]
    network = network_of(torch.nn.Sequential(*layers), name="small", categories=NAMES, size=(16, 16))
    images = network.picture()
    seen = MECHANISMS["evidence_gate"].on(network).perceive(images, [told("a cat"), told("a cat", gain=0.0)])
    assert seen.logits.shape == (2, 2, 2, 6) and not torch.equal(seen.logits[1, 0], seen.logits[0, 0])
    with pytest.raises(ValueError, match="none of text"):
        MECHANISMS["explaining_away"].on(network).perceive(images, [told("a cat")])
    with pytest.raises(ValueError, match="complement"):
        MECHANISMS["decision_bias"].on(network).perceive(images, [ComplementPrior(priors.ClassPrior(0))])


def test_who_weighs_classes_is_told_their_shares_of_what_a_text_means(host):
    from absvit.mechanisms import MECHANISMS
    from absvit.networks import network_of

    layers = [torch.nn.Conv2d(3, 6, 4, 4), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(6, 6)]
    network = network_of(torch.nn.Sequential(*layers), name="small", categories=NAMES, size=(16, 16))
    images, texts = network.picture(2), ["a cat", "a school bus"]
    weights = word_map(host, "names").weights(texts)
    expected = weights.clamp(min=0) / weights.max(1, keepdim=True).values
    torch.testing.assert_close(told(texts).class_shares(host), expected)
    assert priors.SpatialPrior(torch.ones(2, 2)).class_shares(host) is None
    seen = MECHANISMS["decision_bias"].on(network).perceive(images, [told(texts, gain=3.0), told("a cat", gain=3.0)])
    rows = network.readout.weight - network.readout.weight.mean(0)
    known = Host(NAMES, rows)
    torch.testing.assert_close(seen.logits[1, 0] - seen.logits[0, 0], 3 * told(texts).class_shares(known))
    alike = (3 * told("a cat").class_shares(known)).expand(2, -1)
    torch.testing.assert_close(seen.logits[1, 1] - seen.logits[0, 1], alike)
    own = (
        MECHANISMS["posterior_gate"].on(network).perceive(images, [told("school bus"), priors.ClassPrior("school bus")])
    )
    assert own.logits[1, 0, :, 4].min() > -10 and not torch.equal(own.logits[1, 0], own.logits[0, 0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the text is empty"),
        ([], "a sentence or one for each image, got none"),
        (["a cat", " "], "the text is empty"),
        (3, "expected a text, got int"),
        (None, "expected a text, got NoneType"),
        ("the of", "names nothing to look for"),
    ],
)
def test_what_is_no_text_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        told(text)


def test_texts_for_other_images_and_wrong_numbers_are_refused(micro):
    with pytest.raises(ValueError, match="a prior was given for 3 images, but there are 2"):
        absvit.perceive(micro, torch.zeros(2, 3, 112, 112), [told(["a star", "a heart", "a ring"])])
    with pytest.raises(ValueError, match="sharpness must be a finite number above 0"):
        told("a cat", sharpness=0)
    with pytest.raises(ValueError, match="where takes words of everywhere, left"):
        RegionPrior(("nowhere",))
    with pytest.raises(ValueError, match="there is no encoder 'minillm'"):
        priors.TextPrior("a cat", encoder="minillm").match(torch.zeros(1, 196, 192), micro)


def test_a_doubtful_text_is_warned_of(host, tokens):
    with pytest.warns(UserWarning, match="'xqzt' is far from all"):
        told("xqzt").match(tokens, host)


def test_the_pairs_of_the_first_sentences_are_of_known_kinds():
    """The list was written before any observer was told its sentences."""
    rows = list(csv.DictReader(Path(__file__).with_name("fitting_pairs.csv").open(encoding="utf-8")))
    known = set(ImageNetInfo().label_descriptions())
    assert len({row["sentence"] for row in rows}) == 20 and len(rows) == 80
    assert {row["level"] for row in rows} == {"superordinate", "function"}
    assert {row[side] for row in rows for side in ("fits", "fits_not")} <= known
    others = list(csv.DictReader(Path(__file__).with_name("other_pairs.csv").open(encoding="utf-8")))
    assert len(others) == 124 and {row[side] for row in others for side in ("fits", "fits_not")} <= known
