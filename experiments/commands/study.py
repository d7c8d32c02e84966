"""``python -m experiments study PROBE``: an experiment for people and observers, of a probe's task, as a folder."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

import tyro

from experiments.probes import PROBES
from experiments.studies.task import task_of
from experiments.studies.writing import StudyOptions, drawn_for, write_study_of
from stimuli.designs import balance
from stimuli.foundation import command_line

if TYPE_CHECKING:
    from experiments.studies.folder import Study

__all__ = ["command"]

DOC = "Write a study: an experiment of a probe's task that runs in browsers and PsychoPy, and that observers take."
COUNTS = "How often the rarest and the most frequent level come in the test, over all lists and in a list."
GUESSES = (
    "Share of answers that the best guess of a factor gets right, by chance (answers permuted over the items), and how "
    "often chance does as well (p); in_a_list: for somebody who sees one list. What is asked for is to predict them."
)
COUNTED = ["levels", "least", "most", "least_in_a_list", "most_in_a_list"]  # of the report of balance
GUESSED = ["guessed", "by_chance", "p", "guessed_in_a_list", "by_chance_in_a_list", "p_in_a_list", "predicts"]


@dataclass(frozen=True)
class Asked:
    """Whose task it is.

    Parameters
    ----------
    probe
        Name of the probe; "study PROBE --help" tells what can be varied in its stimuli.
    """

    probe: Annotated[str, tyro.conf.Positional]


def command(words: Sequence[str]) -> Callable:
    """Give the command that writes a study of the probe which the first of the words behind "study" names."""
    probe = PROBES[words[0]] if words and words[0] in PROBES else None
    if probe is None or probe.task is None:
        return command_line.command(DOC, _refuse, asked=Asked, study=StudyOptions)
    _, parameters = drawn_for(probe, _value("--family", words))
    return command_line.command(DOC, _write, asked=Asked, study=StudyOptions, parameters=parameters)


def _value(option: str, words: Sequence[str]) -> str:
    """The value that words give to an option; empty where they do not."""
    joined = [word.partition("=")[2] for word in words if word.startswith(f"{option}=")]
    apart = [value for name, value in pairwise(words) if name == option]
    return next(iter([*joined, *apart]), "")


def _refuse(asked: Asked, study: StudyOptions) -> None:
    task_of(PROBES[asked.probe])
    raise AssertionError("a probe with a task has a command of its own")


def _write(asked: Asked, study: StudyOptions, parameters: object) -> None:
    written, trials, uneven = write_study_of(PROBES[asked.probe], study, parameters)
    report = balance(trials, ["instruction", *written.factors])
    print(report[COUNTED].to_string(), COUNTS, sep="\n")
    if "guessed" in report:
        print(report.dropna(subset="guessed")[GUESSED].to_string(float_format="{:.3f}".format), GUESSES, sep="\n")
    right = trials.loc[trials["phase"] == "test", "answer"].unique()
    if len(right) == 1 and right[0]:
        print(f"the right answer is {right[0]!r} in every trial: people can answer without looking")
    if uneven:
        print(f"as nearly balanced as numbers allow: {uneven}")
    print(*_told(written, len(trials) // written.lists), sep="\n")


def _told(study: Study, n: int) -> list[str]:
    """Where the study is and how it is started."""
    if study.about["hosting"] == "server":
        start = f"start it with: python -m experiments serve {shlex.quote(str(study.folder))}"
    else:
        start = f"how to run it stands in {study.folder / 'README.md'}"
    lists = f"{study.lists} list{'s' * (study.lists > 1)}"
    return [f"{lists} of {n} trials in {study.folder}, version {study.version}", start]
