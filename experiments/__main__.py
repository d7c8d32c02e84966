"""``python -m experiments PROBE``: run a probe; summarise, draw or export its record."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import torch
import tyro

from absvit import records
from experiments import bistable, cards, figures, measures, recognition, summaries
from experiments.observers import load_observers
from experiments.sources import Source, halves, single_objects
from experiments.trials import Store
from stimuli.objects import Objects

Flat = tyro.conf.OmitArgPrefixes
Words = tyro.conf.Positional


@dataclass(frozen=True)
class Who:
    """Who looks.

    Parameters
    ----------
    model : name of the model.
    checkpoint : files, addresses, or tags of bundled weights such as seed1 ("default": the bundled or released
        weights); several make a dimension ``seed``.
    controls : run each model with permuted decoders as well.
    device : cpu or cuda; a GPU where there is one, if left out.
    """

    model: str = "absvit_micro"
    checkpoint: tuple[str, ...] = ()
    controls: bool = False
    device: str | None = None

    def load(self) -> list:
        """Load the observers."""
        device = self.device or ("cuda" if torch.cuda.is_available() else "cpu")
        return load_observers(self.model, self.checkpoint, self.controls, device)


def run_bistable(store: Flat[Store], who: Flat[Who], source: Flat[Source], parameters: Flat[bistable.Bistable]) -> None:
    """Two objects compete in one image, and a cue says which to look for.

    Parameters
    ----------
    store : where the record goes.
    who : who looks.
    source : what is shown.
    parameters : priors, gains and iterations.
    """
    observers = who.load()
    stimuli = halves(source, observers[0].model)
    record = bistable.probe(observers, stimuli, parameters, source.seed, store)
    print(table(summaries.summary(record)))


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
    store : where the record goes.
    who : who looks.
    source : what is shown.
    parameters : iterations.
    hue_shift : added to every object's hue, in degrees; 180 takes the typical colour away.
    """
    observers = who.load()
    stimuli = single_objects(source, observers[0].model, Objects(hue_shift=hue_shift))
    record = recognition.probe(observers, stimuli, parameters, source.seed, store)
    print(table(summaries.recognition_summary(record)))


def show_summary(record: Annotated[tuple[Path, ...], Words], format: Literal["text", "csv", "latex"] = "text") -> None:
    """The measures of records as a table, with 95 % bootstrap intervals.

    Parameters
    ----------
    record : one or more records of one probe.
    format : text, CSV (numbers in full) or LaTeX.
    """
    frame = summary_of(record)
    if format == "csv":
        print(frame.to_csv(index=False), end="")
    elif format == "latex":
        print(summaries.summary_text(frame).to_latex(index=False), end="")
    else:
        print(table(frame))


@dataclass(frozen=True)
class Drawing:
    """Draw a figure from records; prints its caption.

    Parameters
    ----------
    name : signature (stimulus, maps and probabilities) or steering (what each kind of cue does).
    record : the records.
    out : file to write.
    format : pdf, png, svg, several of them; by default the ending of the file's name, else pdf and png.
    stimuli : numbers of the stimuli of the signature figure; the best balanced ones, if left out.
    kind : map of the signature figure.
    place : show the place cues too.
    """

    name: Annotated[Literal["signature", "steering"], Words]
    record: Annotated[tuple[Path, ...], Words]
    out: Path
    format: tuple[Literal["pdf", "png", "svg"], ...] = ()
    stimuli: tuple[int, ...] = ()
    kind: str = measures.DEFAULT_MAP
    place: bool = False


def draw(drawing: Flat[Drawing]) -> None:
    """Draw a figure from records; prints its caption.

    Parameters
    ----------
    drawing : what to draw.
    """
    first = records.load(drawing.record[0])
    if drawing.name == "steering":
        figure = figures.steering(summary_of(drawing.record))
    else:
        figure = figures.signature(first, drawing.stimuli or None, kind=drawing.kind, place=drawing.place)
    written = figures.save(figure, drawing.out, first, drawing.format or None)
    print(figure.get_label())
    print("\n".join(map(str, written)))


def export(record: Annotated[Path, Words], out: Path) -> None:
    """Write a record as one netCDF file.

    Parameters
    ----------
    record : the record.
    out : file to write, .nc.
    """
    print(records.export(records.load(record), out))


def card(weights: Annotated[Path, Words], steering: Path, recognition: Path, rotated: Path) -> None:
    """Write what was measured of a checkpoint into its card.

    Parameters
    ----------
    weights : the checkpoint, whose card lies beside it.
    steering : its bistable record.
    recognition : its recognition record.
    rotated : its recognition record with hues rotated by 180 degrees.
    """
    print(cards.add_measured(weights, *map(records.load, (steering, recognition, rotated))))


def summary_of(paths: Sequence[Path]) -> pd.DataFrame:
    """Summarise records of one probe in one table.

    Parameters
    ----------
    paths : the records.
    """
    frames = []
    for path in paths:
        record = records.load(path)
        of = summaries.recognition_summary if record.attrs["title"] == "recognition" else summaries.summary
        frames.append(of(record))
    return pd.concat(frames, ignore_index=True)


def table(frame: pd.DataFrame) -> str:
    """Lay a summary out for the terminal.

    Parameters
    ----------
    frame : what ``summaries.summary`` gives.
    """
    return summaries.summary_text(frame).to_string(index=False)


COMMANDS = {
    "bistable": run_bistable, "recognition": run_recognition, "summary": show_summary, "figure": draw,
    "export": export, "card": card,
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
    try:
        tyro.extras.subcommand_cli_from_dict(COMMANDS, prog="python -m experiments", args=arguments)
    except (ValueError, OSError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
