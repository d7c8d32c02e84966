"""``python -m experiments people``: published trials of people; fetch and show them, compute their effects, score."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from experiments.command_options import ObserverOptions
from experiments.commands.people_alternation import alternate_beside
from experiments.people import PEOPLE
from experiments.trials.effect_recovery import SimulatedEffects, effect_recovery
from stimuli.foundation.texts import some

__all__ = ["command"]

RANKS = "rank: Spearman's; ceiling: root of the reliability of people's ranks; winner: the same in both."
Named = Annotated[str, tyro.conf.Positional]


@dataclass(frozen=True)
class Folder:
    """Where files are.

    Parameters
    ----------
    folder
        Folder that holds the files already; they are fetched from their repository without it.
    """

    folder: Annotated[Path | None, tyro.conf.arg(name="from")] = None


def list_sources(what: Annotated[Literal["list"], tyro.conf.Positional]) -> None:
    """``people list``: what sources of published trials there are, a line each.

    Parameters
    ----------
    what
        This word.
    """
    print(*(f"{name:22}{line}" for name, line in PEOPLE.lines().items()), sep="\n")


def fetch(
    what: Annotated[Literal["fetch"], tyro.conf.Positional], name: Named, where: tyro.conf.OmitArgPrefixes[Folder]
) -> None:
    """``people fetch NAME``: bring its files into the cache, fetched once, checked by their SHA-256 ever after.

    Parameters
    ----------
    what
        This word.
    name
        Which source; "list" tells what there is.
    where
        Where its files are.
    """
    from experiments.people import fetch_source

    source = PEOPLE[name]
    paths = fetch_source(source, where.folder)
    size = sum(path.stat().st_size for path in paths)
    print(f"{len(paths)} files of {name}, {size / 2**20:.1f} MiB, are at {paths[0].parent}")


def show(
    what: Annotated[Literal["show"], tyro.conf.Positional],
    name: Named,
    where: tyro.conf.OmitArgPrefixes[Folder],
    effects: bool = True,
    csv: Path | None = None,
) -> None:
    """``people show NAME``: what a source is, its conditions and exclusions, and its effects if its files are there.

    Parameters
    ----------
    what
        This word.
    name
        Which source; "list" tells what there is.
    where
        Where its files are.
    effects
        Compute its effects.
    csv
        File to write its trials to, as a trial table.
    """
    from experiments.people import cached_file, trials
    from experiments.trials.trial_table import write_csv

    source = PEOPLE[name]
    print(*_told(source), sep="\n")
    at_hand = source.files and all(cached_file(source, file).exists() for file in source.files)
    if where.folder is None and not at_hand:
        if csv is not None:
            raise ValueError(f"the trials of {name} are not at hand: python -m experiments people fetch {name}")
        print(f"\nIts files are not cached: python -m experiments people fetch {name}, or --from FOLDER.")
        return
    table = trials(source, where.folder)
    print(f"read       files whose list (sha256sum, by name) has the SHA-256 {table.attrs['read_digest']}")
    if effects and source.effects:
        print("", *_effects(source, table), sep="\n")
    if csv is not None:
        print(write_csv(table, csv))


def _told(source) -> list[str]:
    """What a source declares, a line each."""
    counts = [f"{count:,} {what}" for count, what in ((source.people, "people"), (source.trials, "trials")) if count]
    lines = {
        "reference": source.reference, "licence": source.licence, "size": ", ".join(counts),
        "files": _files(source), "units": ", ".join(f"{name} in {unit}" for name, unit in source.units.items()),
        "left out": source.exclusions, "decided by": source.excluded_by, "note": source.note,
    }  # fmt: skip
    told = [f"{source.name}: {source.line}", *(f"{name:11}{line}" for name, line in lines.items() if line)]
    wide = max(18, *(2 + len(str(level)) for levels in source.conditions.values() for level in levels), 0)
    for factor, levels in source.conditions.items():
        told.append(f"{factor}:")
        meant = {level: text for level, text in levels.items() if text}
        bare = [str(level) for level in levels if level not in meant]
        told += [f"  {level!s:{wide}}{text}" for level, text in meant.items()]
        told += [f"  {some(bare, len(bare))}"] if bare else []
    return told


def _files(source) -> str:
    if not source.files:
        return f"no digest is known: {source.pattern} is read from a folder of yours (--from), as it is"
    repositories = dict.fromkeys(f"github.com/{file.repository} at {file.commit[:12]}" for file in source.files)
    size = sum(file.size for file in source.files) / 2**20
    return f"{len(source.files)} ({size:.1f} MiB) of {', '.join(repositories)}"


def _effects(source, table) -> list[str]:
    """The effects of a source as a table, and who is left out."""
    import pandas as pd

    from experiments.trials.effects import effect_of

    results = [effect_of(table, effect) for effect in source.effects]
    frame = pd.DataFrame([result.row() for result in results])
    shown = frame.drop(columns="measure").to_string(
        index=False, float_format=lambda number: f"{number:.3f}", na_rep="-"
    )
    notes = [
        "",
        "mean with 95 % interval (Student's); split-half reliability with Spearman-Brown (its bias of few "
        "people taken away), ceiling its root.",
    ]
    for result in results:
        if result.left_out:
            who = some([f"{name} ({why})" for name, why in result.left_out.items()], 4)
            notes.append(f"{result.effect.name}: without {len(result.left_out)} people: {who}.")
    return [shown, *notes]


def recover(
    what: Annotated[Literal["recovery"], tyro.conf.Positional], parameters: tyro.conf.OmitArgPrefixes[SimulatedEffects]
) -> None:
    """``people recovery``: how often intervals of effects hold the truth, what reliabilities miss it by.

    Parameters
    ----------
    what
        This word.
    parameters
        What is simulated.
    """
    for number, row in enumerate(effect_recovery(parameters)):
        if not number:
            print("".join(f"{name:>18}" for name in row))
        cells = (f"{value:.3f}" if isinstance(value, float) else value for value in row.values())
        print("".join(f"{cell:>18}" for cell in cells), flush=True)


def dominate(
    what: Annotated[Literal["dominance"], tyro.conf.Positional],
    counts: Annotated[Path, tyro.conf.Positional],
    observers: Annotated[Path, tyro.conf.Positional],
    first: str,
    second: str,
    who: tyro.conf.OmitArgPrefixes[ObserverOptions],
    bins: int = 5,
) -> None:
    """``people dominance COUNTS SEEN``: which of two readings observers see, picture by picture, beside people.

    Parameters
    ----------
    what
        This word.
    counts
        CSV file with the columns item, first and second: how many people saw either reading.
    observers
        Folder of the pictures, each called as its item, which the observers look at now; or a trial table of
        theirs, CSV or .zarr, with their probabilities p(OPTION) or answers.
    first
        Reading whose share it is: an option, or a column that names the option of each row, of the trial table,
        or of the counts where pictures are looked at.
    second
        The other reading, likewise.
    who
        Who looks at a folder.
    bins
        Groups of pictures, by the observer's share, in which people's share is compared with it.
    """
    import pandas as pd

    from experiments.trials.picture_dominance import dominance, read_counts, shares_of
    from experiments.trials.trial_table import read

    people = read_counts(counts)
    if observers.is_dir() and observers.suffix != ".zarr":
        from experiments.people_score.picture_shares import readings_of, shares_in

        readings = readings_of(counts, first, second)
        shares = {each.name: shares_in(observers, each, readings) for each in who.load()}
    else:
        shares = {name: shares_of(rows, first, second) for name, rows in read(observers).groupby("participant")}
    found = {name: dominance(people, of, bins) for name, of in shares.items()}
    frame = pd.DataFrame([{"observer": name} | of.row() for name, of in found.items()])
    print(frame.to_string(index=False, float_format=lambda number: f"{number:.3f}", na_rep="-"), "", RANKS, sep="\n")
    for name, of in found.items():
        if of.left_out:
            pictures = some([f"{item} ({why})" for item, why in of.left_out.items()], 4)
            print(f"{name}: without {len(of.left_out)} pictures: {pictures}.")


@dataclass(frozen=True)
class Scored:
    """What is scored, and where it goes.

    Parameters
    ----------
    source
        Which sources; all that are matched with a task of observers, if left out. Tables of trials in their place
        are compared with each other, as ``compare`` does it.
    out
        CSV file to write.
    figure
        File of the figure to draw, such as score.pdf.
    report
        Folder for a report of one page a task, TASK.html and TASK.pdf: methods, figure, table, references, and every
        number's command.
    n
        Stimuli of each task.
    seed
        Seed of the stimuli.
    gain
        Of the priors; the observers' defaults, if left out.
    link
        Make reaction times of observers' margins, such as "diffusion": fitted to conditions that the source names,
        tested on its others. Without one an effect on margins is in its own unit (nat) and no time.
    pictures
        Folder of the pictures of shape and texture in conflict, FOLDER/SHAPE/SHAPEk-TEXTUREm.
    dimensions
        File of ``python -m absvit.dimensions``: observers are told to attend to the shape, or to the texture,
        instead of its category.
    """

    source: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    out: Path | None = None
    figure: Path | None = None
    report: Path | None = None
    n: int = 200
    seed: int = 0
    gain: float | None = None
    link: str | None = None
    pictures: Path | None = None
    dimensions: Path | None = None

    def __post_init__(self) -> None:
        if self.out is not None and self.out.suffix != ".csv":
            raise ValueError(f"--out ends in .csv, got {self.out}")
        if self.figure is not None and self.figure.suffix not in (".pdf", ".png", ".svg", ".jpg"):
            raise ValueError(f"--figure ends in .pdf, .png, .svg or .jpg, got {self.figure}")


def score_all(
    what: Annotated[Literal["score"], tyro.conf.Positional],
    scored: tyro.conf.OmitArgPrefixes[Scored],
    where: tyro.conf.OmitArgPrefixes[Folder],
    who: tyro.conf.OmitArgPrefixes[ObserverOptions],
) -> None:
    """``people score``: people's effects, and those of observers in the same tasks under the same instructions.

    Parameters
    ----------
    what
        This word.
    scored
        What is scored, and where it goes.
    where
        Where people's files are.
    who
        Who looks.
    """
    if scored.source and all(Path(name).exists() for name in scored.source):
        _compare_tables(scored)
        return
    from experiments.people_score import score_sources
    from experiments.people_score.printed import score_text
    from experiments.studies.asking import Asking
    from stimuli.foundation.files import write_whole

    observers, asking = who.load(batches=1), Asking(gain=scored.gain, dimensions=str(scored.dimensions or ""))
    shown = (scored.n, scored.seed, scored.pictures, asking, scored.link)
    pages: list[Path] = []
    each = _reporting(scored, where, who, observers, pages) if scored.report else None
    scores, notes = score_sources(scored.source, observers, where.folder, *shown, each)
    print(score_text(scores), *notes, *pages, sep="\n")
    if scored.out is not None:
        write_whole(scored.out, scores.to_csv(index=False))
        print(scored.out)
    if scored.figure is not None:
        print(*_drawn(scores, scored, observers), sep="\n")


def _compare_tables(scored: Scored) -> None:
    """Compare tables of trials that are there: accuracy, agreement of errors, shape bias."""
    from experiments.commands.records import compare

    if given := [name for name in ("out", "figure", "report", "link", "pictures") if getattr(scored, name) is not None]:
        raise ValueError(f"tables of trials are compared as they are: leave out --{given[0]}, or name sources")
    compare(tuple(map(Path, scored.source)))


def _reporting(scored: Scored, where: Folder, who: ObserverOptions, observers, pages: list[Path]) -> Callable:
    """What writes the report of a task, and notes where."""
    from experiments.people_score.report import Asked, write_report

    place = ["--from", str(where.folder)] if where.folder else []
    given = {"--model": who.model, "--checkpoint": who.checkpoint, "--label": who.label, "--n": scored.n}
    given |= {"--seed": scored.seed, "--gain": scored.gain, "--link": scored.link, "--pictures": scored.pictures}
    given |= {"--dimensions": scored.dimensions, "--read-out": who.read_out}
    words = {name: [value] if isinstance(value, str) else value for name, value in given.items()}
    words = {name: value if isinstance(value, list | tuple) else [value] for name, value in words.items()}
    options = [word for name, value in words.items() if value and value != [None] for word in (name, *map(str, value))]
    options += ["--controls"] * who.controls
    asked = Asked(observers, scored.n, scored.seed, (*options, *place), place)
    return lambda source, people, rows: pages.extend(write_report(scored.report, source, people, rows, asked))


def _drawn(scores, scored: Scored, observers) -> list[Path]:
    """Draw the figure, with what is known of the observers."""
    import xarray as xr

    from absvit import records
    from experiments.figures import FIGURES, save
    from experiments.studies.take import about

    facts = records.provenance("people score", scored.seed, {"n": scored.n}, observers[0].device)
    facts |= {name: str(of) for name, of in about(observers).items()}
    return save(FIGURES["people"](scores), scored.figure, xr.Dataset(attrs=facts))


def any_of(
    what: Annotated[
        Literal["list", "show", "fetch", "score", "dominance", "alternation", "recovery"], tyro.conf.Positional
    ],
) -> None:
    """Published trials of people: list, show, fetch them, score observers beside; "people show --help" says more.

    Parameters
    ----------
    what
        What is to be done.
    """


COMMANDS: Mapping[str, Callable] = {
    "list": list_sources, "show": show, "fetch": fetch, "score": score_all, "dominance": dominate,
    "alternation": alternate_beside, "recovery": recover,
}  # fmt: skip


def command(words: Sequence[str]) -> Callable:
    """Give the command that the first of the words behind "people" names; each has options of its own."""
    return COMMANDS.get(words[0] if words else "", any_of)
