"""Observers that answer in the categories of a set, against the same observers and priors of classes."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from absvit import priors
from absvit.models.course import CourseSettings
from absvit.models.kind_sets import KindSet, kind_set_of
from experiments import run
from experiments.classes import known_of_folder, known_of_set
from experiments.live.look import Cue, look
from experiments.observers import Observer, answering_in, check_observer, load_observers, observer_of
from stimuli.families import halves
from stimuli.families.objects import CATEGORIES
from stimuli.sets import format

ROUND, OTHER = CATEGORIES[:3], CATEGORIES[3:]
FORMS = KindSet("forms", "round and other drawn objects", {"round": tuple(ROUND), "other": tuple(OTHER)})
EACH = KindSet("each", "drawn objects, each by itself", {name: (name,) for name in CATEGORIES})
PICTURES = np.random.default_rng(0).integers(0, 256, (2, 112, 112, 3), np.uint8)
WORDS = [
    "absvit_micro",
    *(f"cnn_micro+{name}" for name in ("evidence_gate", "decision_bias:strength=2", "feature_gain:n=24")),
]


@pytest.fixture(scope="module", params=[*WORDS, "vit_micro+attention_bias"])
def observer(request):
    (found,) = load_observers(request.param)
    return found


def means(logits: torch.Tensor) -> torch.Tensor:
    p = logits.softmax(-1)
    return torch.stack([p[..., :3].mean(-1), p[..., 3:].mean(-1)], -1)


def test_a_category_is_told_as_its_kinds_by_any_mechanism(observer):
    forms, images = answering_in(observer, FORMS), observer.images(PICTURES)
    kinds = [[0, 1, 2], [*range(3, 12)]]
    found = forms.seen(images, [priors.ClassPrior(0, 2.0), priors.ClassPrior(["other", "round"], 2.0)], 1)
    each = torch.tensor([kinds[1], kinds[0] + [-1] * 6])
    plain = observer.seen(images, [priors.KindsPrior(kinds[0], 2.0), priors.KindsPrior(each, 2.0)], 1)
    torch.testing.assert_close(found.logits, means(plain.logits).log())
    torch.testing.assert_close(found.prior_weights, plain.prior_weights, equal_nan=True)
    assert not torch.allclose(found.logits[1], found.logits[0]) and found.shown.classes == ("round", "other")
    assert found.shown.priors == ("class 0", "class")


def test_what_is_made_of_categories_and_words_that_are_none(observer):
    forms, images = answering_in(observer, FORMS), observer.images(PICTURES)
    place = priors.SpatialPrior(torch.rand(observer.grid or (1, 1)))

    def made_of(prior):
        return [prior, place * prior, priors.ShuffledPrior(prior * prior)]

    told = [*made_of(priors.ClassPrior("round")), priors.KindsPrior(f"round, {OTHER[0]}"), priors.KindsPrior(OTHER[0])]
    kinds = [*made_of(priors.KindsPrior([0, 1, 2])), priors.KindsPrior([0, 1, 2, 3]), priors.KindsPrior([3])]
    taken = [number for number, prior in enumerate(told) if observer.takes(prior)]
    found, plain = (
        each.seen(images, [of[number] for number in taken], 1) for each, of in ((forms, told), (observer, kinds))
    )
    torch.testing.assert_close(found.logits, means(plain.logits).log())


def test_in_a_course_a_category_is_told_as_its_kinds(micro):
    observer, settings = observer_of(micro), CourseSettings(2)
    images = [observer.images(PICTURES)]
    found = answering_in(observer, FORMS).course(images, lambda t, fatigue: priors.ClassPrior(1), settings, ())
    plain = observer.course(images, lambda t, fatigue: priors.KindsPrior(range(3, 12)), settings, ())
    torch.testing.assert_close(found.logits, means(plain.logits).log())


def test_evidence_for_a_category_is_the_best_of_its_kinds(micro):
    observer = observer_of(micro)
    images = observer.images(PICTURES)
    found = answering_in(observer, FORMS).evidence(images, torch.tensor([[0, 1], [1, 0]]))
    each = [observer.evidence(images, torch.full((1, 2), kind))[0] for kind in range(12)]
    forms = [torch.stack(each[:3]).amax(0), torch.stack(each[3:]).amax(0)]
    torch.testing.assert_close(found[0], torch.stack([forms[0][0], forms[1][1]]))
    torch.testing.assert_close(found[1], torch.stack([forms[1][0], forms[0][1]]))


def test_the_promises_of_an_observer_are_kept():
    (observer,) = load_observers("cnn_micro+evidence_gate", read_out=FORMS)
    check_observer(observer)


def test_of_a_set_of_single_kinds_a_record_is_the_same_but_for_a_constant():
    (plain,), (each,) = (
        load_observers("cnn_micro+evidence_gate"),
        load_observers("cnn_micro+evidence_gate", read_out=EACH),
    )
    records = [run("bistable", of, n=3, seed=5) for of in (plain, each)]
    p = [torch.from_numpy(record["logits"].values).softmax(-1) for record in records]
    torch.testing.assert_close(*p, rtol=1e-4, atol=1e-6)
    assert (records[0]["class"] == records[1]["class"]).all() and "read_out" not in records[0].attrs
    told = json.loads(records[1].attrs["read_out"])
    assert told == {"name": "each", "kinds": {name: [index] for index, name in enumerate(CATEGORIES)}}


def test_an_explorer_cues_categories(micro):
    record = look(
        answering_in(observer_of(micro), FORMS), PICTURES, {"a": Cue("class", "round")}, kinds=("prior_weights",)
    )
    kinds = look(micro, PICTURES, {"a": Cue("class", ", ".join(ROUND))}, kinds=("prior_weights",))
    assert record["class"].values.tolist() == ["round", "other"] and record["category"].item() == "round"
    np.testing.assert_allclose(record["prior_weights"], kinds["prior_weights"], rtol=1e-6)


def test_the_sixteen_are_answered_and_told_by_a_network_of_imagenet():
    sixteen, rows = kind_set_of("sixteen"), torch.randn(1000, 3, generator=torch.Generator().manual_seed(0))

    def colours(images):
        return images.mean((2, 3)) @ rows.T

    observer = Observer("colours", "mean colours", tuple(map(str, range(1000))), (8, 8), colours)
    found = answering_in(observer, "sixteen")
    assert found.categories == tuple(sixteen.kinds) and json.dumps(found.facts["read_out"])
    images = torch.rand(2, 3, 8, 8)
    dogs = colours(images).softmax(-1)[:, list(sixteen.members("dog", observer))].mean(1)
    torch.testing.assert_close(found.seen(images).logits[0, 0, :, 10].exp(), dogs)


def test_photographs_of_kinds_are_of_their_categories(tmp_path, micro):
    observer, generator = answering_in(observer_of(micro), FORMS), np.random.default_rng(0)
    for name in (*ROUND[:2], OTHER[0], "unheard"):
        (tmp_path / name).mkdir()
        Image.fromarray(generator.integers(0, 256, (8, 8, 3), np.uint8)).save(tmp_path / name / f"{name}.png")
    with pytest.warns(UserWarning) as said:
        files, names = known_of_folder(tmp_path, observer, 2)
    assert {name: sorted(file.stem for file in of) for name, of in zip(names, files, strict=True)} == {
        "round": sorted(ROUND[:2]), "other": [OTHER[0]],
    }  # fmt: skip
    assert f"{OTHER[0]!r} as 'other'" in str(said[0].message) and "unheard" in str(said[1].message)


def test_a_set_of_kinds_is_of_their_categories(tmp_path, micro):
    drawn = halves.draw(halves.Halves(), 40, 3)
    format.write(drawn, tmp_path / "set")
    with pytest.warns(UserWarning, match=r"left out of .*: \d+ with two objects of one category"):
        part, n = known_of_set(tmp_path / "set", answering_in(observer_of(micro), FORMS))
    classes = np.where(drawn["object_class"].values < len(ROUND), 0, 1)
    kept = np.flatnonzero(classes[:, 0] != classes[:, 1])
    shown = part(0, n)
    assert n == len(kept) and shown.attrs["categories"] == list(dict.fromkeys(
        "round" if name in ROUND else "other" for name in drawn.attrs["categories"]
    ))  # fmt: skip
    assert shown["number_in_set"].values.tolist() == kept.tolist()
    names = np.array(shown.attrs["categories"])[shown["object_class"].values]
    assert (names == np.array(["round", "other"])[classes[kept]]).all()


def test_a_command_answers_in_a_set(tmp_path, capsys):
    from experiments.__main__ import main

    file = tmp_path / "forms.csv"
    file.write_text("category,kind\n" + "".join(f"{name},{name}\n" for name in CATEGORIES))
    words = ["recognition", "--model", "cnn_micro", "--n", "4", "--out", str(tmp_path / "r.zarr"), "--read-out"]
    assert main([*words, str(file)]) == 0
    assert main(["summary", str(tmp_path / "r.zarr")]) == 0
    for wrong, said in (("forms", "there is no set of kinds 'forms'"), ("sixteen", "none of the kinds of airplane")):
        capsys.readouterr()
        assert main([*words, wrong]) == 2
        told = capsys.readouterr().err
        assert said in told and told.count("\n") == 1
