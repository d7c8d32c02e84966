"""``python -m experiments PROBE``: run a probe; summarise, draw or export its record."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal

import tyro
import xarray as xr

from absvit import records
from absvit.records.fill import Store
from experiments import measures, probes, summaries
from experiments.commands import experiment_file, figure
from experiments.displays import display
from experiments.exchange import human_trials, measured_card
from experiments.probes import recognition
from experiments.probes.bistable import probe as bistable
from experiments.probes.corruption_dynamics import probe as corruption_dynamics
from experiments.probes.corruption_dynamics.probe import CorruptionDynamics
from experiments.probes.feedback_dynamics import probe as feedback_dynamics
from experiments.probes.feedback_dynamics.probe import FeedbackDynamics
from experiments.run import Who, table
from experiments.source import Source, halves, morphs, single_objects, two_readings
from experiments.statistics.recovery import Simulated, coverage
from experiments.summaries import dynamics
from experiments.summary import summary_of
from stimuli import corruptions
from stimuli.families.objects import Objects
from stimuli.foundation import command_line

Flat = tyro.conf.OmitArgPrefixes
Words = tyro.conf.Positional


def run_bistable(
    store: Flat[Store],
    who: Flat[Who],
    source: Flat[Source],
    parameters: Flat[bistable.Bistable],
    family: Literal["halves", "overlay", "ambiguous"] = "halves",
) -> None:
    """Two objects compete in one image, and a cue says which to look for.

    Parameters
    ----------
    store
        Where the record goes.
    who
        Who looks.
    source
        What is shown.
    parameters
        Priors, gains and iterations.
    family
        Halves; overlay (objects, or photographs, that shine through each other, at every mix); ambiguous (reversible
        figures).
    """
    who.present(
        lambda them: bistable.probe(them, two_readings(family, source, them[0].model), parameters, source.seed, store),
        summaries.graded_summary,
    )


def run_recognition(
    store: Flat[Store],
    who: Flat[Who],
    source: Flat[Source],
    parameters: Flat[recognition.Recognition],
    hue_shift: float = 0.0,
) -> None:
    """Single objects, uncued: how well are they recognised in every pass?

    Parameters
    ----------
    store
        Where the record goes.
    who
        Who looks.
    source
        What is shown.
    parameters
        Iterations.
    hue_shift
        Added to every object's hue, in degrees; 180 takes the typical colour away.
    """

    def show(observers: list) -> xr.Dataset:
        stimuli = single_objects(source, observers[0].model, Objects(hue_shift=hue_shift))
        return recognition.probe(observers, stimuli, parameters, source.seed, store)

    who.present(show, summaries.recognition_summary)


def run_probe(name: str) -> Callable:
    """Give the command of a probe of cues or displays; its options are the fields of the probe's dataclass.

    Parameters
    ----------
    name : of the probe.
    """
    probe = probes.PROBES[name]

    def command(store, who, source, parameters) -> None:
        def show(observers: list) -> xr.Dataset:
            stimuli = display(name, source, observers[0].model)
            return probe.run(observers, stimuli, parameters, source.seed, store)

        who.present(show, probe.summarise)

    annotations = {"store": Store, "who": Who, "source": Source, "parameters": probe.parameters}
    command.__annotations__ = {key: Flat[of] for key, of in annotations.items()} | {"return": None}
    command.__doc__ = probe.purpose
    return command


def run_feedback_dynamics(
    store: Flat[Store],
    who: Flat[Who],
    source: Flat[Source],
    parameters: Flat[FeedbackDynamics],
    steps: int = 15,
) -> None:
    """Feedback again and again: where it settles, what it remembers along a morph, how it alternates.

    Parameters
    ----------
    store
        Where the record goes.
    who
        Who looks.
    source
        What is shown: halves; morph sequences, up and down in turn, for hysteresis.
    parameters
        Protocol, priors, gains, noise and adaptation.
    steps
        Pictures of a morph sequence.
    """

    def show(observers: list) -> xr.Dataset:
        model = observers[0].model
        shown = morphs(source, model, steps) if parameters.protocol == "hysteresis" else halves(source, model)
        return feedback_dynamics.probe(observers, shown, parameters, source.seed, store)

    who.present(show, dynamics.summary)


def run_corruption_dynamics(
    store: Flat[Store], who: Flat[Who], source: Flat[Source], parameters: Flat[CorruptionDynamics]
) -> None:
    """Single objects under corruption: whether further passes recognise them better.

    Parameters
    ----------
    store
        Where the record goes.
    who
        Who looks.
    source
        What is shown.
    parameters
        Corruptions, severities, priors and iterations.
    """

    def show(observers: list) -> xr.Dataset:
        stimuli = single_objects(source, observers[0].model, Objects())
        return corruption_dynamics.probe(
            observers, stimuli, parameters, source.seed, store, corruptions.corrupt, corruptions.generator_for,
            corruptions.NAMES,
        )  # fmt: skip

    who.present(show, dynamics.corruption_summary)


def show_summary(
    record: Annotated[tuple[Path, ...], Words], maps: bool = False, format: Literal["text", "csv", "latex"] = "text"
) -> None:
    """The measures of records as a table, with 95 % bootstrap intervals.

    Parameters
    ----------
    record
        One or more records of one probe.
    maps
        Tell how well each kind of map localises the cued object, instead.
    format
        Text, CSV (numbers in full) or LaTeX.
    """
    if not record:
        raise ValueError("name at least one record: python -m experiments summary RECORD")
    opened = [records.load(path) for path in record]
    frame, title = summary_of(opened, maps), opened[0].attrs["title"]
    if format == "csv":
        print(frame.to_csv(index=False), end="")
    elif format == "latex":
        print(summaries.summary_latex(frame, title), end="")
    else:
        seeds = 1 if "seed" in frame else min(of.sizes.get("seed", 1) for of in opened)
        print(table(frame, seeds), "", *summaries.notes_of(title, frame), sep="\n")


def _explained(command: Callable) -> Callable:
    """The command, whose help tells what the columns of summaries are."""
    first, _, rest = (inspect.getdoc(command) or "").partition("\n\nParameters")
    explained = functools.update_wrapper(functools.partial(command), command)
    explained.__doc__ = f"{first}\n\n{summaries.help_text()}\n\nParameters{rest}"
    return explained


def export(record: Annotated[Path, Words], file: Annotated[Path | None, Words] = None, out: Path | None = None) -> None:
    """Write a record as one netCDF file, or its trials as a table in model-vs-human's format.

    Parameters
    ----------
    record
        The record.
    file
        File to write, .nc, or .csv for the trials.
    out
        The same as an option.
    """
    file = file or out
    if file is None:
        raise ValueError(f"name the file to write: python -m experiments export {record} trials.csv")
    write = human_trials.write if file.suffix == ".csv" else records.export
    print(write(records.load(record), file))


def verify(record: Annotated[Path, Words]) -> None:
    """Check that every file of a record is there and holds what was written.

    Parameters
    ----------
    record
        The record.
    """
    print(records.verify(record))


def compare(files: Annotated[tuple[Path, ...], Words]) -> None:
    """Compare observers, people or models, by their trials: accuracy, agreement of errors, shape bias.

    Then says what did not match: conditions and stimuli that not all saw, answers that are no category.

    Parameters
    ----------
    files
        Tables of trials in model-vs-human's format, or folders of them.
    """
    if not files:
        raise ValueError("name at least one table of trials: python -m experiments compare TRIALS.csv")
    trials = human_trials.read(files)
    print("\n".join([table(human_trials.agreement(trials)), *measures.remarks(trials)]))


def card(weights: Annotated[Path, Words], steering: Path, recognition: Path, rotated: Path | None = None) -> None:
    """Write what was measured of a checkpoint into its card.

    Parameters
    ----------
    weights
        The checkpoint, whose card lies beside it.
    steering
        Its bistable record.
    recognition
        Its recognition record.
    rotated
        Its recognition record with hues rotated by 180 degrees, for models of the embedded objects.
    """
    given = [steering, recognition] + ([] if rotated is None else [rotated])
    print(measured_card.add_measured(weights, *map(records.load, given)))


def recovery(parameters: Flat[Simulated]) -> None:
    """How often the intervals (95 %) of fitted psychometric functions hold the truth, by simulation: a grid of designs.

    Parameters
    ----------
    parameters
        Simulated observers and their experiments.
    """
    print("shares of intervals that hold the true threshold and width, and of those that are open (not determined)")
    for number, row in enumerate(coverage(parameters)):
        if not number:
            print("".join(f"{name:>15}" for name in row))
        cells = (f"{value:.3f}" if isinstance(value, float) else value for value in row.values())
        print("".join(f"{cell:>15}" for cell in cells), flush=True)


PROBES = {
    "bistable": run_bistable, **{name: run_probe(name) for name in probes.PROBES},
    "feedback_dynamics": run_feedback_dynamics, "corruption_dynamics": run_corruption_dynamics,
    "recognition": run_recognition,
}  # fmt: skip


def list_probes() -> None:
    """Say what probes there are, a line each."""
    for name, probe in PROBES.items():
        print(f"{name:20}{inspect.getdoc(probe).splitlines()[0]}")


def run_file(file: Annotated[Path, Words], resume: bool = False, share: tuple[int, int] | None = None) -> None:
    """Run the experiment that a YAML or TOML file describes.

    Parameters
    ----------
    file
        Fields are the probe's options; "probe" names it.
    resume
        Go on with its record.
    share
        K N: do only every N-th chunk of its record from chunk K on, as a task of a Slurm array.
    """
    words = experiment_file.words_of(file, PROBES) + ["--resume"] * resume
    if main(words if share is None else [*words, "--share", *map(str, share)]):
        raise SystemExit(2)


COMMANDS = {
    **PROBES, "list": list_probes, "run": run_file,
    "summary": show_summary, "figure": figure.draw, "export": export, "verify": verify, "compare": compare,
    "recovery": recovery, "card": card,
}  # fmt: skip


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
    explained = {"summary": _explained(show_summary)} if words[:1] == ["summary"] else {}  # not in the list of commands
    if words[:1] == ["figure"]:
        explained["figure"] = figure.command(words[1:])
    return command_line.run({**COMMANDS, **explained}, "python -m experiments", words)


if __name__ == "__main__":
    sys.exit(main())
