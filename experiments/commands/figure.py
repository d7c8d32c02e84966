"""``python -m experiments figure``: which figure, of which records, in which style, into which files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import tyro
import xarray as xr

from absvit import records
from experiments.exchange import human_trials, training_logs
from experiments.figures import Figure, numbers_of, save, style_of
from experiments.figures.catalogue import FIGURES, check_record
from experiments.probe import written_by
from experiments.table import summary_latex
from stimuli.foundation.files import write_whole
from stimuli.sets import format as stimulus_set

__all__ = ["Drawing", "draw"]

Words = tyro.conf.Positional
OPTIONS = ("stimuli", "kind", "place", "gain", "cue")


@dataclass(frozen=True)
class Drawing:
    """Draw a figure from records; prints its caption.

    Parameters
    ----------
    name
        Which figure; "list" tells what there is.
    record
        The records; for consistency tables of trials (CSV files or folders of them); for training folders of trainings;
        for sheet also a stimulus set.
    out
        File to write.
    format
        Pdf, png, svg, jpg, several of them; by default the ending of the file's name, else pdf and png.
    dpi
        Dots per inch of png and jpg, and of pictures in the others.
    style
        Paper (7-point text) or slides (13-point text, 1.85 times as large).
    width
        One column (89 mm) or two (180 mm).
    font
        Font of all text, by its name; without it Arial or one like it. Characters that it lacks, such as Chinese ones,
        are taken from other fonts that are installed.
    caption
        Write the caption beside the figure, as .txt.
    table
        Write the numbers beside the figure, as .csv and .tex.
    stimuli
        Numbers of the stimuli of the figures signature and sheet; the best balanced, or the first ones, if left out.
    kind
        Map of the figure signature.
    place
        Show the place cues in the figure signature, too.
    gain
        Gain that is shown where there is one curve a condition; the nearest of the record is taken.
    cue
        Kind of cue of the figure maps, class or place.
    """

    name: Annotated[str, Words]
    record: Annotated[tuple[Path, ...], Words] = ()
    out: Path | None = None
    format: tuple[Literal["pdf", "png", "svg", "jpg"], ...] = ()
    dpi: int = 300
    style: Literal["paper", "slides"] = "paper"
    width: Literal["single", "double"] = "double"
    font: str | None = None
    caption: bool = False
    table: bool = False
    stimuli: tuple[int, ...] = ()
    kind: str | None = None
    place: bool = False
    gain: float | None = None
    cue: str | None = None

    def __post_init__(self) -> None:
        if self.name not in (*FIGURES, "list"):
            raise ValueError(f"there is no figure {self.name!r}; expected one of {', '.join(FIGURES)}, or list")
        if self.name == "list":
            return
        if not self.record or self.out is None:
            raise ValueError(f"the figure {self.name} needs records, and --out FILE to be written to")
        if len(self.record) > 1 and not FIGURES[self.name].several:
            raise ValueError(f"the figure {self.name} draws one record, got {len(self.record)}: draw them one by one")
        if foreign := sorted(set(self.given) - FIGURES[self.name].options):
            raise ValueError(f"the figure {self.name} takes no --{foreign[0]}")

    @property
    def given(self) -> dict:
        """The options of the figure that were given."""
        values = {name: getattr(self, name) for name in OPTIONS}
        return {name: value for name, value in values.items() if value not in (None, (), False)}


def draw(drawing: tyro.conf.OmitArgPrefixes[Drawing]) -> None:
    """Draw a figure from records; prints its caption. "figure list" tells what figures there are.

    Parameters
    ----------
    drawing
        What to draw.
    """
    if drawing.name == "list":
        print("\n".join(f"{name:14}{entry.shows}" for name, entry in FIGURES.items()))
        return
    entry = FIGURES[drawing.name]
    style = style_of(drawing.style, drawing.width, drawing.font)
    shown, origins = _opened(drawing)
    figure = entry.draw(shown if entry.several else shown[0], style=style, **drawing.given)
    facts = records.provenance("figure", 0, {}, "cpu")
    drawn = {name: str(facts[name]) for name in ("command", "package_version", "git_commit")}
    written = save(figure, drawing.out, origins, drawing.format or None, drawn, drawing.dpi)
    print(figure.get_label())
    if drawing.caption:
        text = _beside(written[0], ".txt")
        write_whole(text, f"{figure.get_label()}\n")
        written.append(text)
    if drawing.table:
        written += _write_table(figure, written_by(origins[0]), written[0])
    print("\n".join(map(str, written)))


def _opened(drawing: Drawing) -> tuple[Sequence[xr.Dataset] | pd.DataFrame, list[xr.Dataset]]:
    """What the figure draws, and what says where it comes from."""
    if drawing.name == "consistency":
        trials = pd.concat([_trials(path) for path in drawing.record], ignore_index=True)
        return trials, [xr.Dataset(attrs={"title": "consistency", "model": ", ".join(sorted(set(trials["subj"])))})]
    if drawing.name == "training":
        origins = [xr.Dataset(attrs=training_logs.origin(path)) for path in drawing.record]
        return training_logs.read(drawing.record), origins
    if drawing.name == "sheet" and (drawing.record[0] / "stimuli.json").is_file():
        shown = [stimulus_set.read(drawing.record[0])]
        return shown, shown
    opened = [records.load(path) for path in drawing.record]
    for record in opened:
        check_record(record, drawing.name)
    return opened, opened


def _trials(path: Path) -> pd.DataFrame:
    """Trials of a CSV file, of a folder of them, or of a record."""
    if path.suffix == ".zarr" or (path / "zarr.json").is_file():
        return human_trials.trials_of(records.load(path))
    return human_trials.read([path])


def _write_table(figure: Figure, probe: str | None, beside: Path) -> list[Path]:
    """Write the numbers of a figure as CSV, in full, and, without the points of curves, as LaTeX."""
    csv, tex = _beside(beside, ".csv"), _beside(beside, ".tex")
    write_whole(csv, numbers_of(figure).to_csv(index=False))
    write_whole(tex, summary_latex(numbers_of(figure, curves=False), probe))
    return [csv, tex]


def _beside(file: Path, ending: str) -> Path:
    return file.with_suffix(ending)
