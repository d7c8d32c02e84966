"""Tasks: what people are asked is what observers are asked, and what is read out of logits are probabilities."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from flash_lag.flash_lag.displays import FLASH_LAG
from flash_lag.flash_lag.probe import PROBE as FLASH_LAG_PROBE
from synthetic_pictures import in_conflict

from absvit import priors
from experiments.observers import load_observers
from experiments.probes import PROBES
from experiments.show import trial_of
from experiments.studies.read_out import by_category, by_presence, by_template
from experiments.studies.task import Instruction, Response, Task, asked, right, task_of
from experiments.studies.task_check import check_task, stimuli_for
from stimuli.families import FAMILIES
from stimuli.sets.frames import frames_of

WITHOUT = {  # of observers' passes and strengths, and what sentences do to them
    "alternation", "corruption_dynamics", "feedback_dynamics", "instruction", "match",
}  # fmt: skip
WITH = sorted(set(PROBES) - WITHOUT - {"cue_conflict"})


@pytest.fixture(scope="module")
def conflicts(tmp_path_factory):
    folder = in_conflict(tmp_path_factory.mktemp("conflicts") / "pictures")
    family = FAMILIES["cue_conflict"]
    return family.draw(family.parameters(folder=str(folder), size=(80, 80), agreeing=True), 9, 0, 0)


@pytest.mark.parametrize("name", WITH)
def test_every_task_keeps_its_contract(name):
    check_task(name)


def test_the_task_of_pictures_keeps_it_too(conflicts):
    check_task("cue_conflict", conflicts)
    task, shown = task_of(PROBES["cue_conflict"]), asked(PROBES["cue_conflict"], conflicts)
    neutral, shape, texture = (task.answer(shown, instruction) for instruction in task.instructions)
    files = [name.split("/")[1].removesuffix(".png").split("-") for name in conflicts["picture"].values]
    assert [(a.rstrip("1234"), b.rstrip("1234")) for a, b in files] == list(zip(shape, texture, strict=True))
    assert [(a if a == b else "") for a, b in zip(shape, texture, strict=True)] == neutral.tolist()
    assert task.options(shown) == ("ant", "bee", "cat")


@pytest.mark.parametrize("name", WITH)
def test_frames_last_as_the_task_says(name):
    task, stimuli = task_of(PROBES[name]), stimuli_for(PROBES[name], 1)
    frames = frames_of(FAMILIES[stimuli.attrs["family"]], stimuli, 0, task.durations)
    shown = {frame.name: frame.duration for frame in frames}
    assert {frame: shown[frame] for frame in task.durations} == dict(task.durations)
    assert [frame.name for frame in frames if frame.seen] == ["target"] and frames[-1].duration is None


@pytest.mark.parametrize("name", sorted(WITHOUT))
def test_who_has_no_task_says_so(name):
    with pytest.raises(ValueError, match=f"{name} has no task for people"):
        check_task(name)


OF_A_STRANGER = Task(
    "Was the flash ahead of the other one?",
    {"en": ("# A flash beside a moving shape",), "de": ("# Ein Blitz neben einer bewegten Form",)},
    (
        Instruction("ahead", "Look ahead of the {class_1}.", "ahead"),
        Instruction("neutral", "Look.", "neutral"),
    ),
    Response("grid"),
    right("class_2"),
    by_category,
    factors=("offset",),
    durations={"target": 0.1},
)


def changed(**changes):
    return replace(FLASH_LAG_PROBE, task=replace(OF_A_STRANGER, **changes))


@pytest.fixture(scope="module")
def flashes():
    return FLASH_LAG.draw(FLASH_LAG.parameters(), 6, 0, 0)


def test_a_stranger_writes_a_task(flashes):
    check_task(changed(), flashes)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"levels": {"colour": ("red", "blue")}}, "orders the levels of .colour., which is none of its factors"),
        ({"question": "a\nb"}, "give one line"),
        ({"pages": {"de": ("# Hallo",)}}, "no pages in English"),
        ({"pages": {"en": "# Hello"}}, "no tuple of texts"),
        ({"instructions": OF_A_STRANGER.instructions[:1] * 2}, "called ahead, ahead"),
        ({"instructions": (Instruction("a", "See {clas_1}."),)}, "names {clas_1}, which the stimuli do not have"),
        ({"instructions": (Instruction("a", "See {class_1.dtype}."),)}, "names {class_1.dtype}, which"),
        ({"instructions": (Instruction("a", "See {}."),)}, "names {}, which"),
        ({"instructions": (Instruction("a", "See.", "ahed"),)}, "condition 'ahed', and the probe has ahead, behind"),
        ({"answer": right("offset")}, "none of its options"),
        ({"response": Response("keys", keys=("f", "j"))}, "2 keys answer 12 options"),
        ({"factors": ("trial",)}, "a column of every trial table"),
        ({"factors": ("object_x",)}, r"no variable \(stimulus,\)"),
        ({"read_out": lambda logits, stimuli, options: logits.values[:, 1:]}, "what are no probabilities"),
        ({"read_out": lambda logits, stimuli, options: logits.values}, r"probabilities of shape \(6, 13\)"),
        ({"durations": {"mask": -0.1}}, "lets the frame 'mask' last -0.1 s"),
        ({"durations": {"flash": 0.1}}, "the frame 'flash': frames are called"),
        ({"practice": -1}, "-1 trials of practice"),
    ],
)  # fmt: skip
def test_a_broken_task_is_told_in_a_sentence(changes, says, flashes):
    with pytest.raises(ValueError, match=says):
        check_task(changed(**changes), flashes)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"options": ("yes", "no"), "keys": ("y",)}, "one an option: got 1 for 2"),
        ({"kind": "keys"}, "got 0 for 0"),
        ({"options": ("yes", "yes"), "keys": ("y", "n")}, "all different"),
        ({"options": ("yes", "no"), "keys": ("y", "n"), "time_limit": 0.0}, "above 0, got 0.0"),
    ],
)  # fmt: skip
def test_a_response_that_cannot_be_given_is_refused(given, says):
    with pytest.raises(ValueError, match=says):
        Response(**given)


def test_sentences_name_what_the_priors_of_an_observer_look_for():
    probe, observer = PROBES["object_prior"], load_observers("absvit_micro")[0]
    shown = asked(probe, stimuli_for(probe, 12, seed=5))
    trial = trial_of(observer, shown, 5)
    for name in ("class_1", "class_2", "absent_class", "third_class"):
        assert [observer.categories[k] for k in trial.classes[name]] == shown[name].values.tolist()
    task = task_of(probe)
    told = task.sentences(shown, task.instruction("invalid"))
    assert told == [f"Look for the {name}." for name in shown["class_2"].values]
    with pytest.raises(ValueError, match="no instruction 'invald'.*neutral, valid"):
        task.instruction("invald")


def test_places_in_sentences_are_those_of_the_pictures():
    probe = PROBES["spatial_prior"]
    drawn = stimuli_for(probe, 8, places=4)
    shown = asked(probe, drawn)
    around = ("left", "top", "right", "bottom")  # clockwise, as placeholders are numbered
    place = drawn["target_place"].values
    assert shown["here"].values.tolist() == [around[k] for k in place]
    assert shown["there"].values.tolist() == [around[(k + 2) % 4] for k in place]


def test_names_of_categories_are_put_into_sentences_as_they_are(flashes):
    odd = [*flashes.attrs["categories"]]
    odd[: len(odd)] = [f"{{x}} <b>{k}</b> \"'_" for k in range(len(odd))]
    shown = asked(changed(), flashes.assign_attrs(categories=odd))
    told = OF_A_STRANGER.sentences(shown, OF_A_STRANGER.instructions[0])
    assert told[0] == f"Look ahead of the {shown['class_1'].values[0]}.".replace("_", " ")


def test_a_sentence_without_a_word_is_refused(flashes):
    shown = asked(changed(), flashes)
    with pytest.raises(ValueError, match="names {class_1}, and stimulus 0 has none"):
        OF_A_STRANGER.sentences(shown.assign(class_1=("stimulus", [""] * 6)), OF_A_STRANGER.instructions[0])


def logits_of(values, classes):
    return xr.DataArray(np.asarray(values, float), {"class": np.array(classes, object)}, ("stimulus", "class"))


def test_categories_are_chosen_among_by_their_odds():
    logits = logits_of(np.log([[1, 2, 5], [3, 1, 4]]), ["cat", "dog", "bus"])
    np.testing.assert_allclose(by_category(logits, None, ("dog", "cat")), [[2 / 3, 1 / 3], [1 / 4, 3 / 4]])
    with pytest.raises(ValueError, match="knows no class 'cow'"):
        by_category(logits, None, ("cow", "cat"))


def test_presence_is_the_evidence_above_the_median():
    p = np.array([[0.8, 0.1, 0.1], [0.5, 0.25, 0.25], [0.1, 0.2, 0.7]])
    shown = xr.Dataset({"class_1": ("stimulus", ["cat", "cat", "bus"])})
    found = by_presence()(logits_of(np.log(p), ["cat", "dog", "bus"]), shown, ("present", "absent"))
    odds = np.array([0.8 / 0.2, 0.5 / 0.5, 0.7 / 0.3])
    criterion = np.median(odds)
    np.testing.assert_allclose(found[:, 0], odds / criterion / (1 + odds / criterion))
    np.testing.assert_allclose(found.sum(1), 1)


def test_templates_leave_the_stimulus_itself_out():
    x = np.random.default_rng(0).normal(0, 1, (9, 5))
    letter, same = np.array(list("HSHSHSHSH")), np.array(["congruent"] * 6 + ["incongruent"] * 3)
    shown = xr.Dataset({"large": ("stimulus", letter), "congruency": ("stimulus", same)})
    found = by_template("large", ("congruency", "congruent"))(logits_of(x, "abcde"), shown, ("H", "S"))
    pattern = x - x.mean(1, keepdims=True)
    distance = np.zeros((9, 2))
    for i in range(9):
        for j, name in enumerate("HS"):
            others = [k for k in range(9) if k != i and letter[k] == name and same[k] == "congruent"]
            distance[i, j] = ((pattern[i] - pattern[others].mean(0)) ** 2).sum()
    variance = np.mean([distance[i, "HS".index(letter[i])] for i in range(6)]) / 5
    expected = np.exp(-distance / (2 * variance))
    np.testing.assert_allclose(found, expected / expected.sum(1, keepdims=True))
    with pytest.raises(ValueError, match="needs two stimuli of it alone, the study has 1"):
        by_template("large", ("congruency", "incongruent"))(logits_of(x, "abcde"), shown, ("H", "S"))


READ = {  # of each task, what the grammar of instructions makes of the sentences with its first stimulus
    "object_prior": {"valid": '"the {class_1}"', "invalid": '"the {class_2}"', "absent": '"the {absent_class}"'},
    "spatial_prior": {"neutral": "the place everywhere", "valid": "the place {here}", "invalid": "the place {there}"},
    "bistable": {"class 1": '"the {class_1}"', "class 2": '"the {class_2}"', "absent class": '"the {absent_class}"',
                 "place 1": "the place {side_1}", "place 2": "the place {side_2}"},
    "crowding": {"neutral": "the place everywhere", "place": "the place {target_side}"},
    "search": {"target": '"the {target_form}"'},
    "contours": {"figure": '"the {figure}"'},
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_the_sentence_on_the_screen_reads_as_what_is_cued(name):
    probe, task = PROBES[name], task_of(PROBES[name])
    shown = asked(probe, stimuli_for(probe, 1))
    words = {name: str(shown[name].values[0]) for name in shown.data_vars if shown[name].dims == ("stimulus",)}
    for told, expected in READ[name].items():
        (sentence,) = task.sentences(shown, task.instruction(told))
        assert str(priors.instruction(sentence).reading) == expected.format(**words)
