"""``python -m experiments tell``: photographs, what to look for in them, and what observers make of it, as a figure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from experiments.command_options import ObserverOptions
from experiments.commands.figure import Print, write
from stimuli.foundation import command_line

if TYPE_CHECKING:
    import xarray as xr

    from experiments.live.look import Cue

__all__ = ["Photographs", "command"]


@dataclass(frozen=True)
class Photographs:
    """What is shown, and what is looked for in it.

    Parameters
    ----------
    picture
        One photograph, or two that are put into one picture, the first at the left.
    cue
        What to look for, one after the other: a class in words, or a WordNet identifier.
    place
        Look at a place, too: x and y as fractions of the picture's width and height; with words, for these
        there.
    spread
        Standard deviation of the spotlight, as a fraction of the picture's width.
    gain
        Factor on the weights of the prior; times the strength of a mechanism it is the dose.
    iterations
        Passes under a cue.
    family
        Two photographs side by side, or one shining through the other.
    mix
        Weight of the second photograph of an overlay.
    squeeze
        Squeeze two photographs to their place, instead of cutting their middle out where the model was trained
        on such.
    map
        Which map is drawn.
    """

    picture: Annotated[tuple[Path, ...], tyro.conf.Positional]
    cue: tuple[str, ...] = ()
    place: tuple[float, float] | None = None
    spread: float = 0.15
    gain: float | None = None
    iterations: int = 1
    family: Literal["halves", "overlay"] = "halves"
    mix: float = 0.5
    squeeze: bool = False
    map: Literal["prior_weights", "class_activation"] = "prior_weights"

    def __post_init__(self) -> None:
        if len(self.picture) not in (1, 2):
            raise ValueError(f"a picture is made of one photograph or two, got {len(self.picture)}")
        if not self.cue and self.place is None:
            raise ValueError("say what to look for: --cue WORD, --place X Y, or both")

    def cues(self) -> list[Cue]:
        """What is looked for."""
        from experiments.live.look import Cue

        where = {} if self.place is None else {"place": self.place, "width": self.spread}
        kind = "class and place" if where else "class"
        named = [Cue(kind, word, gain=self.gain, **where) for word in self.cue]
        return named or [Cue("place", gain=self.gain, **where)]


def _tell(photographs: Photographs, who: ObserverOptions, paper: Print) -> None:
    from experiments.live.pictures import photographed
    from experiments.live.tell import tell
    from experiments.live.tell_figure import rivals

    if paper.out is None:
        raise ValueError("say where the figure goes: --out FILE")
    observers = who.load(batches=1)
    how = photographs.family, photographs.mix, photographs.squeeze or None
    shown = photographed(photographs.picture, observers[0], *how)
    record = tell(observers, shown, photographs.cues(), photographs.iterations)
    print(*_answered(record), sep="\n")
    write(rivals(record, photographs.map, paper.looks), paper, [record])


def _answered(record: xr.Dataset) -> list[str]:
    """What is answered with each cue and without it, a line each."""
    from experiments.figures.page import plain
    from experiments.live.rivalry import answers
    from experiments.statistics.intervals import number_text

    lines = []
    for (model, prior), rows in answers(record).groupby(["model", "prior"], sort=False):
        told = zip(rows["kind"], rows["without"], rows["with"], strict=True)
        said = [f"{plain(kind)} {' to '.join(filter(None, map(number_text, pair)))}" for kind, *pair in told]
        lines.append(f"{model}, {prior}: {'; '.join(said)}")
    return lines


def command() -> Callable:
    """Give the command."""
    doc = "Tell observers what to look for in photographs of yours, and draw what each sees with it and without."
    return command_line.command(doc, _tell, photographs=Photographs, who=ObserverOptions, paper=Print)
