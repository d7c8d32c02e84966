"""``python -m experiments figure``: which figure, of which records, in which style, into which files."""

from __future__ import annotations

import functools
import inspect
import re
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, make_dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from experiments.figures import FIGURES
from stimuli.foundation.files import write_whole

if typing.TYPE_CHECKING:
    import xarray as xr

    from experiments.figures import Figure, Style
    from experiments.figures.page import Figure as Drawn

__all__ = ["Page", "Print", "command", "write"]

Flat = tyro.conf.OmitArgPrefixes
GAIN = "Gain that is shown, the nearest in the record; the middle one, if left out."  # unless a figure says otherwise


@dataclass(frozen=True)
class Page:
    """Of what the figure is drawn.

    Parameters
    ----------
    name
        Which figure; "list" tells what there is, "figure NAME --help" what else can be said of one.
    record
        The records; for consistency tables of trials (CSV files or folders of them); for training folders of
        trainings; for sheet also a stimulus set.
    """

    name: Annotated[str, tyro.conf.Positional]
    record: Annotated[tuple[Path, ...], tyro.conf.Positional] = ()


@dataclass(frozen=True)
class Print:
    """Where a figure goes and what it looks like.

    Parameters
    ----------
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
        Font of all text, by its name; without it Arial or one like it. Characters that it lacks, such as
        Chinese ones, are taken from other fonts that are installed.
    caption
        Write the caption beside the figure, as .txt.
    table
        Write the numbers beside the figure, as .csv and .tex.
    """

    out: Path | None = None
    format: tuple[Literal["pdf", "png", "svg", "jpg"], ...] = ()
    dpi: int = 300
    style: Literal["paper", "slides"] = "paper"
    width: Literal["single", "double"] = "double"
    font: str | None = None
    caption: bool = False
    table: bool = False

    @property
    def looks(self) -> Style:
        """Style of the figure."""
        from experiments.figures import style_of

        return style_of(self.style, self.width, self.font)


def command(words: Sequence[str]) -> Callable:
    """Give the command that draws the figure which the first of the words behind "figure" names, with its options."""
    if not words or words[0] not in FIGURES:
        unknown = functools.update_wrapper(functools.partial(draw), draw)
        unknown.__doc__ = inspect.getdoc(draw).replace("\n\n", "\n\n".join(["", *_listed(), ""]), 1)
        return unknown
    figure = FIGURES[words[0]]

    def start(page, paper, options) -> None:
        _draw(figure, page, paper, vars(options))

    start.__annotations__ = {"page": Flat[Page], "paper": Flat[Print], "options": Flat[_options_of(figure)]}
    start.__doc__ = f"Draw {figure.shows}; prints the caption."
    return start


def draw(page: Flat[Page], paper: Flat[Print]) -> None:
    """Draw a figure from records; prints its caption.

    Parameters
    ----------
    page
        Of what it is drawn.
    paper
        Where it goes and what it looks like.
    """
    if page.name != "list":
        FIGURES.of(page.name)
    print(*_listed(), sep="\n")


def _listed() -> list[str]:
    """What figures there are, a line each."""
    return [f"{name:15}{shows}" for name, shows in FIGURES.lines().items()]


def _options_of(figure: Figure) -> type:
    """The options of a figure as a dataclass, from the function that draws it."""
    hints, told = typing.get_type_hints(figure.draw), {"gain": GAIN} | _told_of(figure.draw)
    fields = [
        (name, Annotated[hints[name], tyro.conf.arg(help=told.get(name, ""))], field(default=option.default))
        for name, option in figure.options.items()
    ]
    return make_dataclass("Options", fields, namespace={"__doc__": f"Options of the figure {figure.name}."})


def _told_of(draw: Callable) -> dict[str, str]:
    """What the docstring of a function says of its parameters."""
    _, _, told = (inspect.getdoc(draw) or "").partition("Parameters\n----------\n")
    parts = re.split(r"^(\w+) : ", told.partition("\n\n")[0], flags=re.M)[1:]
    return {name: " ".join(text.split()) for name, text in zip(parts[::2], parts[1::2], strict=True)}


def _draw(figure: Figure, page: Page, paper: Print, options: dict) -> None:
    """Draw a figure of files; prints its caption and what was written."""
    if not page.record or paper.out is None:
        raise ValueError(f"the figure {figure.name} needs records, and --out FILE to be written to")
    shown, origins = figure.opens(page.record)
    write(figure(shown, style=paper.looks, **options), paper, origins)


def write(drawn: Drawn, paper: Print, origins: Sequence[xr.Dataset]) -> None:
    """Write a figure, and what is asked for beside it; prints its caption and what was written.

    Parameters
    ----------
    drawn : the figure.
    paper : where it goes.
    origins : records that it was made from.
    """
    from absvit import records
    from experiments.figures import numbers_of, save
    from experiments.probe import written_by
    from experiments.table import summary_latex

    facts = records.provenance("figure", 0, {}, "cpu")
    about = {name: str(facts[name]) for name in ("command", "package_version", "git_commit")}
    written = save(drawn, paper.out, origins, paper.format or None, about, paper.dpi)
    beside = {}
    if paper.caption:
        beside[".txt"] = f"{drawn.get_label()}\n"
    if paper.table:  # in full and, without the points of curves, for a paper
        beside[".csv"] = numbers_of(drawn).to_csv(index=False)
        beside[".tex"] = summary_latex(numbers_of(drawn, curves=False), written_by(origins[0]))
    for ending, text in beside.items():
        written.append(written[0].with_suffix(ending))
        write_whole(written[-1], text)
    print(drawn.get_label(), *written, sep="\n")
