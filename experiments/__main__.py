"""``python -m experiments PROBE``: run a probe; summarise, draw or export its record."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial

from absvit.mechanisms import MECHANISMS
from absvit.models.kind_sets import KIND_SETS
from experiments.linking import LINKS
from experiments.observers import OBSERVERS
from experiments.observers.spec import SYNTAX
from experiments.probes import PROBES
from stimuli.foundation import command_line
from stimuli.foundation.registry import later

__all__ = ["COMMANDS", "main"]

ON_RECORDS = {  # a line each, so that a list of commands loads none of them
    "run": "Run the experiment that a YAML or TOML file describes.",
    "summary": "The measures of records as a table, with 95 % intervals; of tables of trials, scores by condition.",
    "figure": 'Draw a figure from records; prints its caption. "figure list" tells what figures there are.',
    "export": "Write a record as one netCDF file, or its trials as a table in model-vs-human's format.",
    "verify": "Check that every file of a record is there and holds what was written.",
    "compare": "Compare observers, people or models, by their trials: accuracy, agreement of errors, shape bias.",
    "matched": "The observers of a record of match, each at the strength that was chosen for it.",
    "recovery": "How often intervals (95 %) hold the truth, by simulation: psychometric functions, analyses of trials.",
    "card": "Write what was measured of a checkpoint into its card.",
}
OTHERS = {  # of what stands in a module that is named after it
    "study": 'Write a study of a probe\'s task, for people and observers. "study PROBE --help" says more.',
    "serve": "Serve a study to its participants; every answer is on disk before it is acknowledged.",
    "pack": "Pack a study for JATOS, for DataPipe and OSF, or for any web host.",
    "collect": "Collect what people answered in a study as one trial table; what is not in it is told and kept apart.",
    "take": "Let observers answer the trials of a study, told what people are told: their trial table.",
    "people": "Published trials of people: list, show and fetch them; their effects, and observers scored beside them.",
    "tell": "Tell observers what to look for in photographs of yours, and draw what each sees with it and without.",
}
MODULES = {"take": "take_part", "tell": "own_pictures"}  # where it is another name
WORDED = ("figure", "study", "people")  # whose next word says which options there are


def list_probes() -> None:
    """Say what probes, mechanisms, observers besides the networks, sets of kinds and links there are, a line each."""
    parts = {
        "": PROBES.lines(),
        f"mechanisms of attention, as --model {SYNTAX} puts them on a host:": MECHANISMS.lines(),
        "and, as --model takes them:": OBSERVERS.lines(),
        "sets of kinds, as --read-out takes them:": KIND_SETS.lines(),
        "links from evidence to response times, as python -m experiments.linking fits them:": LINKS.lines(),
    }
    for title, lines in parts.items():
        if lines:
            print(*([f"\n{title}"] if title else []), *(f"{name:20}{line}" for name, line in lines.items()), sep="\n")


def _of_records(name: str) -> Callable:
    return later("experiments.commands.records:command")(name)


def _command(name: str, line: str, words: Sequence[str] = ()) -> Callable:
    make = later(f"experiments.commands.{MODULES.get(name, name)}:command")
    return command_line.deferred(line, partial(make, words) if name in WORDED else make)


def _of_probe(name: str) -> Callable:
    return later("experiments.commands.probe:command_of")(PROBES[name])


COMMANDS = {
    **{name: command_line.deferred(line, partial(_of_probe, name)) for name, line in PROBES.lines().items()},
    "list": list_probes,
    **{name: command_line.deferred(line, partial(_of_records, name)) for name, line in ON_RECORDS.items()},
    **{name: _command(name, line) for name, line in OTHERS.items()},
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
    lines = ON_RECORDS | OTHERS
    worded = {name: _command(name, lines[name], words[1:]) for name in WORDED}
    return command_line.run({**COMMANDS, **worded}, "python -m experiments", words)


if __name__ == "__main__":
    sys.exit(main())
