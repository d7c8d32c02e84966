"""Commands on what there is: records, tables of trials, experiment files."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import tyro

from absvit import records
from experiments import measures
from experiments.columns import INTERVALS, help_text, notes_of
from experiments.exchange import human_trials
from experiments.exchange.same_trials import matching
from experiments.probe import written_by
from experiments.probes import PROBES
from experiments.statistics.recovery import Simulated, coverage
from experiments.table import profiles, summary, summary_latex, table, untold
from experiments.trials import stored
from experiments.trials.recoveries import recoveries
from experiments.trials.simulated import SimulatedPeople
from stimuli.foundation import command_line
from stimuli.foundation.files import write_whole

__all__ = ["COMMANDS", "command"]

Flat = tyro.conf.OmitArgPrefixes
Words = tyro.conf.Positional


def show_summary(
    record: Annotated[tuple[Path, ...], Words],
    maps: bool = False,
    mechanisms: bool = False,
    by: str = "",
    bins: int = 3,
    scores: tuple[str, ...] = (),
    option: str = "",
    format: Literal["text", "csv", "latex"] = "text",
) -> None:
    """The measures of records as a table, with 95 % intervals; of tables of trials, scores by condition.

    Parameters
    ----------
    record
        One or more records of one probe; or tables of trials of people and observers, CSV or .zarr.
    maps
        Tell how well each kind of map localises the cued object, instead.
    mechanisms
        Tell what cues are worth to each observer (benefit, cost, selection, sensitivity, criterion),
        instead; of records of bistable, object_prior and spatial_prior together.
    by
        Variable of the stimuli by which they are grouped, such as competition or set_size; of tables of
        trials the factors that make the conditions, with commas between them.
    bins
        Groups of a variable that has more values than that, as many stimuli in each.
    scores
        Of tables of trials: accuracy, median_rt, mean_rt, log_rt, d_prime, criterion, choice, probability.
    option
        Of tables of trials: the answer that is the signal of d_prime and criterion, or is chosen; or the
        column that names it in each trial.
    format
        Text, CSV (numbers in full) or LaTeX.
    """
    if bins < 1:
        raise ValueError(f"bins must be at least 1 group, got {bins}")
    if not record:
        raise ValueError("name at least one record: python -m experiments summary RECORD")
    if any(path.suffix == ".csv" or stored.holds_trials(path) for path in record):  # no record is a CSV file
        return _show_trials(
            record, maps or mechanisms, [name for name in by.split(",") if name], scores, option, format
        )
    opened = [records.in_memory(records.load(path)) for path in record]
    frame = profiles(opened, by, bins) if mechanisms else summary(opened, maps, by, bins)
    probe = written_by(opened[0])
    if format == "csv":
        print(frame.to_csv(index=False), end="")
    elif format == "latex":
        print(summary_latex(frame, probe), end="")
    else:
        seeds = 1 if "seed" in frame else min(of.sizes.get("seed", 1) for of in opened)
        of_profile = [f"{name}: {text}." for name, text in measures.PROFILED.items() if name in frame]
        notes = [INTERVALS, *of_profile] if mechanisms else notes_of(probe, frame)
        print(table(frame, seeds), *untold(opened), "", *notes, sep="\n")


def _show_trials(files, of_records: bool, by: list[str], scores, option: str, format: str) -> None:
    """The scores of tables of trials by condition."""
    from experiments.trials import overview, trial_table

    if of_records:
        raise ValueError(
            "tables of trials hold no maps and no profiles of mechanisms: leave out --maps and --mechanisms"
        )
    trials = trial_table.read(files)
    frame = overview.overview(trials, by, scores, option)
    if format == "csv":
        print(frame.to_csv(index=False), end="")
    elif format == "latex":
        print(summary_latex(frame, None), end="")
    else:
        print(table(frame), "", *overview.overview_notes(trials, frame, by, option), sep="\n")


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
        Tables of trials in model-vs-human's format, or folders of them; or trial tables of people and
        observers.
    """
    if not files:
        raise ValueError("name at least one table of trials: python -m experiments compare TRIALS.csv")
    trials = human_trials.read(files)
    matched = [matching(trials)] * any(map(stored.holds_trials, files))
    print("\n".join([table(human_trials.agreement(trials)), *matched, *measures.remarks(trials)]))


def matched(record: Annotated[Path, Words], cue: Literal["class", "place"] = "class") -> None:
    """The observers of a record of match, each at the strength that was chosen for it, as --model takes them.

    Those that no such cue changes are left out, and so are controls.

    Parameters
    ----------
    record
        Record of match, its observers called as --model has them.
    cue
        Kind of cue that the strength is for.
    """
    from experiments.observers.spec import PERMUTED, at_strength, spec_of
    from experiments.probes.match.summary import strengths

    opened = records.load(record)
    if (probe := written_by(opened)) != "match":
        raise ValueError(f"strengths are chosen in a record of match, got one of {probe}: run match first")
    had = json.loads(opened.attrs.get("mechanisms", "{}"))
    for name, strength in strengths(opened, cue).items():
        if name.endswith(PERMUTED):
            continue
        spec = spec_of(name)
        if "+".join(each.mechanism for each in spec.mechanisms) != (had.get(name) or {}).get("name", ""):
            raise ValueError(f"{name!r} is a label, and tells no host: run match without --label")
        print(at_strength(replace(spec, mechanism=spec.mechanism or "feedback"), strength))


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
    from experiments.exchange import measured_card

    given = [steering, recognition] + ([] if rotated is None else [rotated])
    print(measured_card.add_measured(weights, *map(records.load, given)))


def recovery(
    parameters: Flat[Simulated],
    people: Flat[SimulatedPeople],
    of: Literal["functions", "participants"] = "functions",
    out: Path | None = None,
) -> None:
    """How often intervals (95 %) hold the truth, by simulation: psychometric functions, analyses of trials.

    Parameters
    ----------
    parameters
        Simulated observers and their experiments: every combination is a row. Of participants,
        simulations, level and seed alone.
    people
        Simulated people, of participants.
    of
        Functions, psychometric ones of single observers; or participants, whose trials are scored by
        condition, and fitted by mixed models and by hierarchical psychometric functions.
    out
        CSV file to write the table to, besides.
    """
    if of == "functions":
        print("shares of intervals that hold the true threshold and width, and of those that are open (not determined)")
        rows, widths = coverage(parameters), {}
    else:
        print("truth, mean and sd of the estimates, mean width of the intervals, and the share that holds the truth")
        rows = recoveries(people, parameters.simulations, parameters.level, parameters.seed)
        widths = {"analysis": 40}
    shown = []
    for number, row in enumerate(rows):
        shown.append(row)
        if not number:
            print("".join(f"{name:>{widths.get(name, 15)}}" for name in row))
        cells = {name: f"{value:.3f}" if isinstance(value, float) else value for name, value in row.items()}
        print("".join(f"{cell:>{widths.get(name, 15)}}" for name, cell in cells.items()), flush=True)
    if out is not None:
        write_whole(out, pd.DataFrame(shown).to_csv(index=False))


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
    from experiments.commands import experiment_file
    from experiments.commands.probe import command_of

    name, *words = experiment_file.words_of(file)
    words += ["--resume"] * resume + ([] if share is None else ["--share", *map(str, share)])
    if command_line.run({name: command_of(PROBES[name])}, "python -m experiments", [name, *words]):
        raise SystemExit(2)


def command(name: str) -> Callable:
    """Give a command; the help of the summaries tells what their columns are."""
    if name != "summary":
        return COMMANDS[name]
    first, _, rest = (inspect.getdoc(show_summary) or "").partition("\n\nParameters")
    explained = functools.update_wrapper(functools.partial(show_summary), show_summary)
    explained.__doc__ = f"{first}\n\n{help_text()}\n\nParameters{rest}"
    return explained


COMMANDS = {
    "run": run_file, "summary": show_summary, "export": export, "verify": verify, "compare": compare,
    "matched": matched, "recovery": recovery, "card": card,
}  # fmt: skip
