"""The map from words to kinds against regressions that are fitted again without each kind."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from absvit.mechanisms.host import Host
from absvit.words import ENCODERS, meaning, word_map
from absvit.words.dictionary import described
from absvit.words.knowledge import kinds_of, texts_of
from absvit.words.regression import STEEPNESS
from absvit.words.vectors import vectors

NAMES = (
    "tabby, tabby cat", "Persian cat", "golden retriever", "Labrador retriever", "school bus", "minibus",
    "rocking chair, rocker", "barber chair", "grand piano, grand", "upright, upright piano", "hammer", "lionfish",
)  # fmt: skip
ENCODER = ENCODERS["names"]


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ABSVIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def host(names=NAMES, channels=20, seed=0):
    """A network of these kinds: every second row is near the one before, as their names are."""
    rows = torch.randn(len(names), channels, generator=torch.Generator().manual_seed(seed))
    rows[1::2] = rows[::2] + 0.5 * rows[1::2]
    return Host(tuple(names), rows, (3, 4))


@pytest.fixture(scope="module")
def fitted():
    return word_map(host(), "names")


def regressed(query, vectors_of_texts, targets, strength):
    """Kernel ridge regression, as its equation is."""
    kernel = np.exp(STEEPNESS * (vectors_of_texts @ vectors_of_texts.T - 1))
    dual = np.linalg.solve(kernel + strength * np.eye(len(kernel)), targets)
    return np.exp(STEEPNESS * (query @ vectors_of_texts.T - 1)) @ dual


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def texts_and_rows(model):
    levels = texts_of(model.categories)
    plain = torch.cat([vectors(texts, ENCODER) for texts in levels.values()]).double().numpy()
    mean = plain.mean(0)
    return unit(plain - mean), np.tile(unit(model.rows.double().numpy()), (len(levels), 1)), mean


def test_texts_are_names_and_the_descriptions_of_imagenet():
    levels = texts_of(NAMES)
    assert levels["name"] == list(NAMES)
    assert levels["description"][0] == "a cat with a grey or tawny coat mottled with black"
    assert texts_of(["my_own kind"]) == {"name": ["my own kind"]}


def test_a_phrase_is_regressed_to_a_direction(fitted):
    placed, rows, mean = texts_and_rows(host())
    query = unit(vectors(["a big cat"], ENCODER).double().numpy() - mean)
    expected = unit(regressed(query, placed, rows, fitted.strength))
    np.testing.assert_allclose(fitted.directions(["a big cat"]), expected, atol=1e-4)


def test_a_phrase_of_the_dictionary_is_regressed_with_what_it_says(fitted):
    placed, rows, mean = texts_and_rows(host())
    known = replace(fitted, asks=True)
    assert described("a crane") == described("Crane") and len(described("crane")) == 2  # a bird, and a machine
    assert described("tench, Tinca tinca")[0].startswith("freshwater dace-like") and not described("a cat that purrs")
    ways = [["a crane"], described("a crane")]
    queries = [unit(vectors(way, ENCODER).double().numpy() - mean) for way in ways]
    each = [unit(regressed(query, placed, rows, known.strength).mean(0)) for query in queries]
    np.testing.assert_allclose(known.directions(["a crane"])[0], unit(each[0] + each[1]), atol=1e-4)
    assert known.nearness("a crane") == pytest.approx(max((q @ placed.T).max() for q in queries), abs=1e-5)


def test_whether_the_dictionary_is_asked_is_what_does_best_on_kinds_left_out(fitted):
    """Names are then the mean of two directions; the map is the better of the two."""
    placed, rows, _ = texts_and_rows(host())
    n, scores = len(NAMES), {False: [], True: []}
    for kind in range(n):
        kept = np.arange(2 * n) % n != kind
        name, said = unit(regressed(placed[[kind, n + kind]], placed[kept], rows[kept], fitted.strength))
        for asks, one in ((False, name), (True, unit(name + said))):
            scores[asks] += [one @ rows[kind], said @ rows[kind]]
    assert fitted.asks == (np.mean(scores[True]) > np.mean(scores[False])) == fitted.facts["asks"]


def test_scores_are_of_kinds_that_a_regression_never_saw(fitted):
    placed, rows, _ = texts_and_rows(host())
    n = len(NAMES)
    for text in (0, 7, n + 3):
        kept = np.arange(len(placed)) % n != text % n
        ways = [text, n + text] if fitted.asks and text < n else [text]
        direction = unit(sum(unit(regressed(placed[way], placed[kept], rows[kept], fitted.strength)) for way in ways))
        near = rows[:n] @ direction
        assert fitted.left_out.cosine[text] == pytest.approx(near[text % n], abs=1e-4)
        assert fitted.left_out.rank[text] == (near > near[text % n]).sum()
        assert fitted.left_out.nearness[text] == pytest.approx((placed[kept] @ placed[ways].T).max(), abs=1e-5)


def test_the_strength_is_the_one_that_does_best_on_kinds_left_out(fitted, monkeypatch):
    from absvit.words import regression as module

    scores = {}
    for strength in module.STRENGTHS:
        monkeypatch.setattr(module, "STRENGTHS", (strength,))
        scores[strength] = float(module.fitted.__wrapped__(kinds_of(host()), ENCODER).left_out.cosine.mean())
    assert fitted.strength == max(scores, key=scores.get) and len(set(scores.values())) == 3


def test_a_name_means_its_kind_and_an_ambiguous_one_all_of_its_kinds(fitted):
    weights = fitted.weights(["the Rocker", "tabby cat", "grand piano, grand"])
    assert [NAMES[k] for k in weights.argmax(1)] == ["rocking chair, rocker", "tabby, tabby cat", "grand piano, grand"]
    assert fitted.nearness("a rocker") == 1 and meaning("a rocker", host(), "names").confidence == 1
    two = word_map(host(("crane (n02012849)", "crane (n03126707)", "hen", "cock")), "names")
    assert set(two.weights(["crane"])[0].topk(2).indices.tolist()) == {0, 1}


def test_a_phrase_that_no_kind_is_called_by_weighs_those_it_is_near(fitted):
    weights = fitted.weights(["a cat that purrs"])[0]
    assert {NAMES[k] for k in weights.topk(2).indices} == {"tabby, tabby cat", "Persian cat"}


def test_the_map_is_fitted_once_for_equal_rows_and_again_for_others(fitted):
    assert word_map(host(), "names") is fitted
    assert word_map(host(seed=1), "names") is not fitted
    assert fitted.facts["encoder_sha256"] == ENCODER.sha256 and fitted.facts["texts"] == {"name": 12, "description": 12}
    assert set(fitted.facts["left_out"]) == {f"{a}_{b}" for a in ("name", "description") for b in ("cosine", "found")}


def test_a_meaning_is_told_with_a_confidence_that_rises_with_nearness(fitted):
    near, far = meaning("a retriever", host(), "names"), meaning("xqzt prvk", host(), "names")
    assert {name for name, _ in near.kinds[:2]} == {"golden retriever", "Labrador retriever"}
    assert sum(weight for _, weight in near.kinds) <= 1.001 and near.nearness > far.nearness
    assert far.doubtful and far.confidence <= near.confidence
    assert "doubtful" in str(far) and far.facts()["doubtful"] is True
    with pytest.warns(UserWarning, match="'xqzt prvk' is far from all that the network knows"):
        far.warn()


def test_what_does_not_fit_is_refused(fitted):
    with pytest.raises(ValueError, match="fitted with the encoder names .* come with minilm"):
        fitted.weights(["a cat"], ENCODERS["minilm"])
    with pytest.raises(ValueError, match="words need a classifier"):
        word_map(Host(NAMES), "names")
    with pytest.raises(ValueError, match="words need names of classes"):
        word_map(Host(("0", "1"), torch.eye(2)), "names")
    with pytest.raises(ValueError, match="the text is empty"):
        fitted.weights([" "])


def test_a_closed_form_likens_kinds_as_its_host_does():
    from absvit.closed_form import steerable_from
    from absvit.networks import network_of

    torch.manual_seed(0)
    layers = [torch.nn.Conv2d(3, 6, 4, 4), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(6, 4)]
    network = network_of(
        torch.nn.Sequential(*layers), name="small", categories=("cat", "dog", "bus", "car"), size=(16, 16)
    )
    kinds = kinds_of(steerable_from(network))
    rows = layers[-1].weight.detach()
    expected = F.normalize(rows - rows.mean(0), dim=1)
    torch.testing.assert_close(kinds.likeness @ kinds.likeness.T, expected @ expected.T, atol=1e-4, rtol=1e-3)
