"""Observers take part: they answer the trials that people answer, told the same; what they cannot be told is said."""

from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr
from small_study import frames, png

import absvit
from absvit import priors
from experiments.__main__ import main
from experiments.linking import LINKS, Fitted
from experiments.observers import Observer, observer_of
from experiments.probe import Stimuli
from experiments.probes import PROBES
from experiments.studies.asking import TOLD, Asking
from experiments.studies.folder import write_study
from experiments.studies.take import take
from experiments.studies.task import asked, task_of
from experiments.studies.task_check import stimuli_for
from experiments.trials.trial_table import factors, read
from stimuli.sets.format import write

pytestmark = pytest.mark.filterwarnings("ignore:sentences are matched", "ignore:.* is far from all that", "ignore:n = ")
N = 6


@pytest.fixture(scope="module")
def scenes():
    return drawn("object_prior")


def drawn(name, n=N, **how):
    return stimuli_for(PROBES[name], n, seed=3, **how)


def items(stimuli, numbers):
    return [f"{stimuli.attrs['family']}_{number:05d}" for number in numbers]


class Counting:
    """A network of colours that counts the pictures that it is shown."""

    def __init__(self, categories, size=(112, 112)):
        self.shown = 0
        self.rows = torch.randn(3, len(categories), generator=torch.Generator().manual_seed(0))
        self.observer = Observer("colours", "weighs mean colours", categories, size, self.look)

    def look(self, images):
        self.shown += len(images)
        return 6 * images.mean((2, 3)) @ self.rows

    def logits(self, stimuli):
        return 6 * (stimuli["image"].values / 255).mean((1, 2)) @ self.rows.numpy()


@pytest.fixture
def colours(scenes):
    return Counting(tuple(reversed(scenes.attrs["categories"])))


def test_answers_are_those_of_a_loop_over_trials(scenes, colours):
    trials = pd.DataFrame(
        [(1, "neutral", 4), (1, "valid", 2), (1, "valid", 4), (2, "invalid", 4), (2, "absent", 0)],
        columns=["list", "instruction", "number"],
    )
    trials["item"] = items(scenes, trials.pop("number"))
    table = take("object_prior", scenes, trials.assign(block=2, phase="test", soa=0.1), colours.observer)
    shown, options = asked(PROBES["object_prior"], scenes), scenes.attrs["categories"]
    logits, names = colours.logits(scenes), list(colours.observer.categories)
    for row, trial in zip(trials.itertuples(), table.itertuples(index=False), strict=True):
        number = int(row.item.rpartition("_")[2])
        weights = np.exp([logits[number, names.index(option)] for option in options])
        p = table.loc[row.Index, [f"p({option})" for option in options]].to_numpy(float)
        np.testing.assert_allclose(p, weights / weights.sum(), rtol=1e-4)
        assert trial.response == options[int(np.argmax(weights))]
        assert trial.answer == shown["class_1"].values[number]
        assert trial.correct == (trial.response == trial.answer)
        assert trial.set_size == scenes["set_size"].values[number]
        assert (trial.list, trial.instruction, trial.item) == (row.list, row.instruction, row.item)
    assert table["trial"].tolist() == [1, 2, 3, 1, 2] and table["rt"].isna().all()
    assert set(table["participant"]) == {"colours"} and set(table["kind"]) == {"model"}
    assert factors(table) == ["soa", "set_size", "class_1", "class_2", "absent_class"]


def test_who_cannot_be_told_looks_bottom_up_and_that_is_said(scenes, colours):
    table = take("object_prior", scenes, observers=colours.observer)
    told = table.groupby("instruction", sort=False)["told"].unique().map(list).to_dict()
    assert told == {
        "neutral": ["nothing"],
        "valid": ["cannot"],
        "invalid": ["cannot"],
        "absent": ["cannot"],
    }
    assert table.groupby("item")["response"].nunique().max() == 1 and set(table["told"]) <= set(TOLD)


def test_each_stimulus_is_seen_once_whoever_is_shown_it(scenes, colours):
    one = pd.DataFrame({"item": items(scenes, range(N)), "instruction": "neutral"})
    many = pd.concat([one.assign(list=k) for k in range(1, 8)])
    table = take("object_prior", scenes, many, colours.observer)
    assert len(table) == 7 * N and colours.shown == N
    alone = take("object_prior", scenes, many[many["list"] == 3], colours.observer)
    pd.testing.assert_frame_equal(alone, table[table["list"] == 3].reset_index(drop=True))


def test_priors_are_those_that_the_sentences_name(scenes, micro):
    table = take("object_prior", scenes, observers=observer_of(micro), asking=Asking(gain=2.0, iterations=2))
    shown = asked(PROBES["object_prior"], scenes)
    images = observer_of(micro).images(scenes["image"].values)
    for name, word in (("valid", "class_1"), ("invalid", "class_2"), ("absent", "absent_class")):
        prior = priors.ClassPrior([str(name) for name in shown[word].values], 2.0)
        seen = absvit.perceive(micro, images, [prior], 2).logits[-1, 0]
        rows = table[table["instruction"] == name]
        np.testing.assert_allclose(rows.filter(like="p("), seen.softmax(-1).detach(), rtol=1e-3, atol=1e-5)
        assert set(rows["told"]) == {"prior"}
    assert set(table["told"][table["instruction"] == "neutral"]) == {"nothing"}


def test_in_words_the_sentence_on_the_screen_is_the_prior(scenes, micro):
    table = take("object_prior", scenes, observers=observer_of(micro), asking=Asking(instruct=True))
    task, shown = task_of(PROBES["object_prior"]), asked(PROBES["object_prior"], scenes)
    images = observer_of(micro).images(scenes["image"].values)
    rows = table[table["instruction"] == "invalid"]
    for number, sentence in enumerate(task.sentences(shown, task.instruction("invalid"))):
        seen = absvit.perceive(micro, images[[number]], [priors.instruction(sentence)], 1).logits[-1, 0]
        np.testing.assert_allclose(
            rows.filter(like="p(").iloc[[number]], seen.softmax(-1).detach(), rtol=1e-3, atol=1e-5
        )
        assert table.attrs["readings"][sentence] == f'"the {shown["class_2"].values[number]}"'
    assert set(rows["told"]) == {"words"}
    assert set(table["told"][table["instruction"] == "neutral"]) == {"nothing"}


def test_to_the_left_is_one_thing_in_words_and_as_a_place(micro):
    stimuli = drawn("spatial_prior", 8)
    table = take("spatial_prior", stimuli, observers=observer_of(micro), asking=Asking(instruct=True))
    by_side = {"left": "the place left", "right": "the place right", "everywhere": "the place everywhere"}
    assert {said.rstrip(".").split()[-1]: read for said, read in table.attrs["readings"].items()} == by_side
    p = table.assign(p=[row[f"p({row['answer']})"] for _, row in table.iterrows()])
    mean = p.groupby("instruction")["p"].mean()
    assert mean["valid"] > mean["invalid"]


@pytest.mark.parametrize(
    ("cue", "says"), [("central", "where the arrow points"), ("peripheral", "the frame that flashes")]
)
def test_drawn_cues_are_followed_to_their_places(cue, says, micro):
    probe, stimuli = PROBES["spatial_prior"], drawn("spatial_prior", 6, cue=cue)
    (told,) = task_of(probe).given(["cue"])
    assert task_of(probe).sentences(asked(probe, stimuli), told) == [f"Attend to {says}."] * 6
    trials = pd.DataFrame({"item": items(stimuli, range(6)), "instruction": "cue"})
    table = take(probe, stimuli, trials, observer_of(micro), Asking(gain=2.0))
    assert set(table["told"]) == {"prior"} and table["validity"].tolist() == stimuli["validity"].values.tolist()
    images = observer_of(micro).images(stimuli["image"].values)
    for number, (x, y) in enumerate(zip(stimuli["cue_x"].values, stimuli["cue_y"].values, strict=True)):
        everywhere = np.isnan(x)
        spot = priors.SpatialPrior.gaussian((0, 0) if everywhere else (x, y), 0.1 * 112, (112, 112), (14, 14)).weights
        weights = torch.ones(14, 14) if everywhere else spot
        seen = absvit.perceive(micro, images[[number]], [priors.SpatialPrior(weights, 2.0)], 1).logits[-1, 0]
        np.testing.assert_allclose(
            table.filter(like="p(").iloc[[number]], seen.softmax(-1).detach(), rtol=2e-3, atol=1e-5
        )


def test_words_and_drawn_cues_are_not_given_for_each_other():
    probe, task = PROBES["spatial_prior"], task_of(PROBES["spatial_prior"])
    assert [each.name for each in task.given()] == ["neutral", "valid", "invalid"]
    told = ({"cue": "central"}, "valid", "neutral, cue"), ({}, "cue", "neutral, valid, invalid")
    for how, name, fit in (*told, ({"cue": "class"}, "cue", "neutral")):
        with pytest.raises(ValueError, match=rf"stimulus 0 has none: give --instructions .* \({fit}\)"):
            task.sentences(asked(probe, drawn("spatial_prior", 2, **how)), task.instruction(name))


def told_of(name, observer, n=4):
    """How an observer is told each instruction of a task, where sentences are told whom takes them."""
    table = take(name, drawn(name, n), observers=observer, asking=WORDS)
    return table.groupby("instruction", sort=False)["told"].unique().map(" ".join).to_dict()


def test_who_takes_no_words_is_told_by_the_prior_if_by_any(micro):
    by_class, by_place = (replace(observer_of(micro), name=kind, kinds=(kind,)) for kind in ("class", "place"))
    assert told_of("object_prior", by_class) == dict(neutral="nothing", valid="prior", invalid="prior", absent="prior")
    assert told_of("object_prior", by_place) == dict(
        neutral="nothing", valid="cannot", invalid="cannot", absent="cannot"
    )
    assert told_of("spatial_prior", by_place) == dict(neutral="words", valid="words", invalid="words")
    assert told_of("spatial_prior", by_class) == dict(neutral="cannot", valid="cannot", invalid="cannot")


def test_a_sentence_that_names_nothing_is_not_taken_for_words(micro):
    assert told_of("navon", observer_of(micro), 24) == {"global": "prior", "local": "prior"}


def test_a_sentence_that_cannot_be_read_is_refused(micro):
    with pytest.raises(ValueError, match="cannot read 'left'"):
        take(changed_sentence("Left is where to look."), drawn("spatial_prior", 4), observers=observer_of(micro),
             asking=WORDS)  # fmt: skip


WORDS = Asking(instruct=True)


def changed_sentence(sentence):
    task = task_of(PROBES["spatial_prior"])
    told = tuple(replace(each, sentence=sentence) for each in task.instructions)
    return replace(PROBES["spatial_prior"], task=replace(task, instructions=told))


def test_answers_are_drawn_by_their_probabilities(scenes, colours):
    one = pd.DataFrame({"item": items(scenes, [0]), "instruction": "neutral"})
    many = pd.concat([one] * 4000)
    drawn_ = take("object_prior", scenes, many, colours.observer, Asking("sampled", 1))
    again = take("object_prior", scenes, many, colours.observer, Asking("sampled", 1))
    other = take("object_prior", scenes, many, colours.observer, Asking("sampled", 2))
    assert drawn_["response"].equals(again["response"]) and not drawn_["response"].equals(other["response"])
    p = drawn_.filter(like="p(").iloc[0]
    share = drawn_["response"].value_counts(normalize=True).reindex([name[2:-1] for name in p.index]).fillna(0)
    error = np.sqrt(p.to_numpy(float) * (1 - p.to_numpy(float)) / 4000)
    assert (np.abs(share.to_numpy() - p.to_numpy(float)) < 4 * error + 1e-9).all()
    both = take("object_prior", scenes, pd.concat([one.assign(list=k) for k in range(40)]), colours.observer,
                Asking("sampled", 1))  # fmt: skip
    assert both["response"].nunique() > 1  # each list draws anew


def test_pictures_of_another_size_are_resized():
    stimuli = drawn("recognition", 3, size=(224, 224))
    seen = Counting(stimuli.attrs["categories"])
    assert take("recognition", stimuli, observers=seen.observer)["told"].tolist() == ["nothing"] * 3


def test_stimuli_are_seen_some_at_a_time():
    stimuli = drawn("navon", 30)
    seen = Counting(("a", "b", "c", "d")).observer
    whole = take("navon", stimuli, observers=seen)
    firsts = []

    def part(first, n):
        firsts.append((first, n))
        return stimuli.isel(stimulus=slice(first, first + n))

    pd.testing.assert_frame_equal(take("navon", Stimuli(part, 30), observers=seen), whole)
    assert firsts == [(0, 20), (20, 10)]
    local = whole[whole["instruction"] == "local"]
    assert local["answer"].tolist() == stimuli["local_letter"].values.tolist()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"item": "scenes_00099"}, "show scenes_00099, which is none of the stimuli scenes_00000 to scenes_00005"),
        ({"instruction": "valdi"}, "no instruction 'valdi'"),
        ({"answer": "moon"}, "'moon' is right for scenes_00000 under 'valid', and the task says"),
    ],
)  # fmt: skip
def test_trials_that_do_not_fit_are_refused(changes, says, scenes, colours):
    trials = pd.DataFrame([{"item": "scenes_00000", "instruction": "valid", **changes}])
    with pytest.raises(ValueError, match=says):
        take("object_prior", scenes, trials, colours.observer)


def test_what_cannot_take_part_is_refused(scenes, colours):
    with pytest.raises(ValueError, match="no column instruction, and the task has several: neutral, valid"):
        take("object_prior", scenes, pd.DataFrame({"item": ["scenes_00000"]}), colours.observer)
    with pytest.raises(ValueError, match="match has no task"):
        take("match", scenes, observers=colours.observer)
    with pytest.raises(ValueError, match="does not know the class 'disk'"):
        take("object_prior", scenes, observers=Counting(("cat", "dog")).observer)
    with pytest.raises(ValueError, match="two observers are called 'colours'"):
        take("object_prior", scenes, observers=[colours.observer] * 2)
    with pytest.raises(ValueError, match="answers are maximum or sampled"):
        Asking("best")


# ---- The command on a study's folder ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Two lists of search, whose words lie in files."""
    folder = tmp_path_factory.mktemp("study") / "study"
    probe, stimuli = PROBES["search"], drawn("search", N)
    write(stimuli, folder / "stimuli")
    task, shown = task_of(probe), asked(probe, stimuli)
    (told,) = task.instructions
    rows = zip(task.sentences(shown, told), task.answer(shown, told), items(stimuli, range(N)), strict=True)
    trials = [
        {"trial": k, "block": 1, "phase": "practice" if k < 3 else "test", "item": item, "instruction": told.name,
         "sentence": sentence, "answer": answer, "factors": {"half": k % 2}, "frames": frames("one")}
        for k, (sentence, answer, item) in enumerate(rows, 1)
    ]  # fmt: skip
    response = asdict(task.response) | {
        "options": list(task.response.options),
        "keys": list(task.response.keys),
    }
    about = {
        "name": "study", "probe": "search", "family": "search", "parameters": {}, "seed": 3, "made_with": {},
        "task": {"question": task.question, "pages": {"en": list(task.pages["en"])}, "response": response,
                 "practice": 2, "feedback": True, "instructions": [asdict(told)]},
        "display": {"pixels": [112, 112], "degrees": None, "background": [0, 0, 0]},
        "page": {"fullscreen": True, "calibration": False}, "stimuli": "stimuli", "hosting": "file", "datapipe": "",
    }  # fmt: skip
    lists = (
        {"list": k, "keys": {"present": "f", "absent": "j"}, "trials": of} for k, of in ((1, trials), (2, trials[::-1]))
    )
    return write_study(folder, about, lists, {"one.png": png(0)})


def test_a_study_is_taken_by_several_observers(study, tmp_path, capsys):
    words = ["take", str(study.folder), "--model", "absvit_micro", "cnn_micro", "cnn_micro+evidence_gate"]
    assert main([*words, "--out", str(tmp_path / "models.zarr")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert f"cnn_micro, target: {2 * N} trials" in said[1] and "not at all, it looks bottom-up" in said[1]
    table = read(tmp_path / "models.zarr")
    assert len(table) == 3 * 2 * N and set(table["study"]) == {study.version}
    assert table.groupby("participant")["told"].unique().map(list).to_dict() == {
        "absvit_micro": ["prior"], "cnn_micro": ["cannot"], "cnn_micro+evidence_gate": ["prior"],
    }  # fmt: skip
    first = table[(table["participant"] == "cnn_micro") & (table["list"] == 1)]
    assert first["phase"].tolist() == ["practice"] * 2 + ["test"] * (N - 2) and first["half"].tolist() == [1, 0] * (
        N // 2
    )
    second = table[(table["participant"] == "cnn_micro") & (table["list"] == 2)]
    assert second["response"].tolist() == first["response"].tolist()[::-1]  # the same, in the other order
    attributes = xr.open_zarr(tmp_path / "models.zarr").attrs
    assert attributes["probe"] == "search" and '"cnn_micro+evidence_gate": {' in attributes["mechanisms"]


def test_one_list_is_taken_in_words_and_written_as_csv(study, tmp_path, capsys):
    words = ["take", str(study.folder), "--list", "2", "--instruct", "--answers", "sampled"]
    assert main([*words, "--out", str(tmp_path / "m.csv")]) == 0
    assert "'Look for the cross.' was read as \"the cross\"" in capsys.readouterr().out
    table = read(tmp_path / "m.csv")
    assert table.attrs["levels"] == {"instruction": ["target"]}
    assert (
        set(table["list"]) == {2} and set(table["told"]) == {"words"} and table["trial"].tolist() == [*range(N, 0, -1)]
    )
    assert main([*words, "--out", str(tmp_path / "m.csv")]) == 2
    assert "is there already" in capsys.readouterr().err


def test_answers_have_the_times_of_a_fitted_link(study, tmp_path):
    values = {"sensitivity": 1.0, "boundary": 0.8, "nondecision": 0.3}
    frame = pd.DataFrame({"parameter": [*values], "estimate": values.values()})
    told = Fitted(LINKS["diffusion"], "net", ("instruction",), ("mean",), frame, pd.DataFrame(), (), 0.95, 1, 0)
    words = ["take", str(study.folder), "--list", "1", "--model", "cnn_micro", "--out", str(tmp_path / "m.csv")]
    assert main([*words, "--link", str(told.save(tmp_path / "link.json"))]) == 0
    table = read(tmp_path / "m.csv")
    odds = np.abs(np.log(table["p(present)"] / table["p(absent)"]))
    assert table["rt"].to_numpy() == pytest.approx(0.3 + 0.8 / odds * np.tanh(0.8 * odds), rel=1e-6)
    assert set(table["link"]) == {"diffusion, fitted with net"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--link", "none.json"], "no fitted link at none.json"),
        (["--list", "3"], "has the lists 1 to 2, got 3"),
        (["--model", "cnn_micro", "--out", "m.txt"], "ends in .csv or .zarr"),
        (["--iterations", "0"], "iterations must be at least 1"),
    ],
)
def test_refusals_of_the_command_are_one_line(words, says, study, tmp_path, capsys):
    out = [] if "--out" in words else ["--out", str(tmp_path / "m.csv")]
    assert main(["take", str(study.folder), *words, *out]) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1 and not (tmp_path / "m.csv").exists()
