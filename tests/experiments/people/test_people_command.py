"""The command line of people's trials: what it prints, and what it refuses in one line."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from experiments.__main__ import main
from experiments.people import PEOPLE, Source
from experiments.trials.effect_recovery import simulated_trials
from experiments.trials.effects import Effect
from experiments.trials.trial_table import read


@pytest.fixture
def toy(monkeypatch, tmp_path):
    """A source whose trials are simulated, and a folder with a file of its name; the cache is empty."""
    monkeypatch.setenv("ABSVIT_CACHE", str(tmp_path / "cache"))
    effects = (Effect("flankers", "flanker", "incongruent", "congruent"),)
    conditions = {"flanker": {"congruent": "they point as it does", "incongruent": ""}}

    def drawn(paths):
        table = simulated_trials(6, 8, 0.03, 0.02, 0.1, np.random.default_rng(0))
        return table[(table["participant"] != "5") | (table["flanker"] == "congruent")]

    source = Source("toy", "six people", drawn, conditions, effects, reference="Lab 2020")
    (tmp_path / "toy.csv").write_text("")
    monkeypatch.setattr(type(PEOPLE), "__getitem__", lambda self, name: source)
    return tmp_path


def test_the_list_names_every_source(capsys):
    assert main(["people", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(PEOPLE) and "posner" in list(PEOPLE)


def test_a_source_is_shown_without_its_files(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("ABSVIT_CACHE", str(tmp_path))
    assert main(["people", "show", "posner"]) == 0
    said = capsys.readouterr().out
    assert "Hedge, Powell and Sumner 2018" in said and "80 (1.0 MiB) of github.com/" in said
    assert "validity:\n  valid" in said and "people fetch posner, or --from FOLDER" in said


def test_a_source_is_shown_with_its_effects_and_who_is_left_out(toy, capsys):
    assert main(["people", "show", "toy", "--from", str(toy), "--csv", str(toy / "trials.csv")]) == 0
    said = capsys.readouterr().out
    row = next(line for line in said.splitlines() if line.strip().startswith("flankers") and "0." in line)
    assert row.split()[:3] == ["flankers", "s", "5"]
    assert "flankers: without 1 people: 5 (no trial of flanker = incongruent)." in said
    assert len(read(toy / "trials.csv")) == 6 * 16 - 8


def test_simulated_experiments_are_a_table(capsys):
    small = {"simulations": 2, "people": 6, "trials": 4, "between": 0.03, "splits": 2}
    words = ["people", "recovery", *(word for name, value in small.items() for word in (f"--{name}", str(value)))]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:4] == ["people", "trials", "between", "coverage"] and len(lines) == 2
    assert float(lines[1].split()[4]) == pytest.approx(0.03**2 / (0.03**2 + 2 * 0.12**2 / 4), abs=1e-3)


def test_dominance_of_observers_is_printed_beside_the_ceiling(capsys, tmp_path):
    generator = np.random.default_rng(0)
    share = generator.random(40)
    first = generator.binomial(12, share)
    items = [f"{k}.png" for k in range(40)]
    pd.DataFrame({"item": items, "first": first, "second": 12 - first}).to_csv(tmp_path / "counts.csv", index=False)
    told = {"participant": "net", "kind": "model", "trial": np.arange(39) + 1, "item": items[1:], "response": ""}
    told |= {"p(face)": share[1:] / 2, "p(house)": (1 - share[1:]) / 2}
    pd.DataFrame(told).to_csv(tmp_path / "net.csv", index=False)
    words = ["people", "dominance", str(tmp_path / "counts.csv"), str(tmp_path / "net.csv")]
    assert main([*words, "--first", "face", "--second", "house"]) == 0
    said = capsys.readouterr().out
    row = said.splitlines()[1].split()
    rank = scipy.stats.spearmanr(share[1:], first[1:]).statistic
    assert row[:2] == ["net", "39"] and float(row[2]) == pytest.approx(rank, abs=1e-3)
    assert "net: without 1 pictures: 0.png (the observer did not see it)." in said


REFUSED = {
    "no such source": (["show", "ponser"], "there is no source 'ponser': did you mean posner"),
    "no files there": (["fetch", "posner", "--from", "."], "lacks 80 of the 80 files of posner"),
    "no digests": (["fetch", "model_vs_human"], "declares no files with their digests"),
    "not at hand": (["show", "edge", "--csv", "x.csv"], "the trials of edge are not at hand"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_is_one_line(words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("ABSVIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    assert main(["people", *words]) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1
