"""``python -m experiments PROBE``: run a probe; summarise, draw or export its record."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial

from absvit.mechanisms import MECHANISMS
from absvit.models.kind_sets import KIND_SETS
from experiments.observers import OBSERVERS
from experiments.observers.spec import SYNTAX
from experiments.probes import PROBES
from stimuli.foundation import command_line
from stimuli.foundation.registry import later

__all__ = ["COMMANDS", "main"]

ON_RECORDS = {  # a line each, so that a list of commands loads none of them
    "run": "Run the experiment that a YAML or TOML file describes.",
    "summary": "The measures of records as a table, with 95 % bootstrap intervals.",
    "figure": 'Draw a figure from records; prints its caption. "figure list" tells what figures there are.',
    "export": "Write a record as one netCDF file, or its trials as a table in model-vs-human's format.",
    "verify": "Check that every file of a record is there and holds what was written.",
    "compare": "Compare observers, people or models, by their trials: accuracy, agreement of errors, shape bias.",
    "matched": "The observers of a record of match, each at the strength that was chosen for it.",
    "recovery": "How often the intervals (95 %) of fitted psychometric functions hold the truth, by simulation.",
    "card": "Write what was measured of a checkpoint into its card.",
}
PEOPLE = "Published trials of people: list, show and fetch them; their effects with intervals and reliabilities."
TELL = "Tell observers what to look for in photographs of yours, and draw what each sees with it and without."


def list_probes() -> None:
    """Say what probes, mechanisms, observers besides the networks and sets of kinds there are, a line each."""
    parts = {
        "": PROBES.lines(),
        f"mechanisms of attention, as --model {SYNTAX} puts them on a host:": MECHANISMS.lines(),
        "and, as --model takes them:": OBSERVERS.lines(),
        "sets of kinds, as --read-out takes them:": KIND_SETS.lines(),
    }
    for title, lines in parts.items():
        if lines:
            print(*([f"\n{title}"] if title else []), *(f"{name:20}{line}" for name, line in lines.items()), sep="\n")


def _of_records(name: str) -> Callable:
    return later("experiments.commands.records:command")(name)


def _figure(words: Sequence[str]) -> Callable:
    return later("experiments.commands.figure:command")(words)


def _people(words: Sequence[str]) -> Callable:
    return later("experiments.commands.people:command")(words)


def _of_probe(name: str) -> Callable:
    return later("experiments.commands.probe:command_of")(PROBES[name])


COMMANDS = {
    **{name: command_line.deferred(line, partial(_of_probe, name)) for name, line in PROBES.lines().items()},
    "list": list_probes,
    **{name: command_line.deferred(line, partial(_of_records, name)) for name, line in ON_RECORDS.items()},
    "people": command_line.deferred(PEOPLE, partial(_people, ())),
    "tell": command_line.deferred(TELL, later("experiments.commands.own_pictures:command")),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : words after the program's name; those of the process if left out.

    Returns
    -------
    Exit code: 0, or 2 after one line on standard error.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    worded = {  # each figure, and each thing to be done with people's trials, has options of its own
        "figure": command_line.deferred(ON_RECORDS["figure"], partial(_figure, words[1:])),
        "people": command_line.deferred(PEOPLE, partial(_people, words[1:])),
    }
    return command_line.run({**COMMANDS, **worded}, "python -m experiments", words)


if __name__ == "__main__":
    sys.exit(main())
