"""The contract of a figure: what it shows, of which records, and the function that draws it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import xarray as xr

from absvit import records
from experiments.figures import FIGURES
from experiments.figures.style import STYLE, Style
from experiments.probe import written_by
from experiments.probes import PROBES

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawn

__all__ = ["FIGURES", "RESAMPLES", "Figure", "kind_of"]

RESAMPLES = 2000


def kind_of(record: xr.Dataset) -> str:
    """Say what a record is of: its probe, and behind a colon its protocol where the probe has several."""
    title = str(record.attrs.get("title", "no title"))
    probe, (_, colon, protocol) = written_by(record), title.partition(": ")
    return title if probe is None else f"{probe}{colon}{protocol}"


def opened(paths: Sequence[Path]) -> tuple[list[xr.Dataset], list[xr.Dataset]]:
    """Open records: what is drawn, and what tells where it comes from, here the same."""
    found = [records.in_memory(records.load(path)) for path in paths]
    return found, found


@dataclass(frozen=True)
class Figure:
    """A figure: a function of records that gives a matplotlib Figure, whose label is the caption.

    Parameters
    ----------
    name : word that calls it.
    shows : what is in it, in a line.
    draw : function of what is drawn and a style that gives a ``panels.Layout`` or a matplotlib Figure;
        further parameters are the figure's options, which the command takes by the same names; ``gain`` is
        the gain that is shown, the nearest in the record, the middle one if left out.
    reads : probes whose records it draws, with a protocol as "feedback_dynamics: settling"; any record, if
        left out.
    needs : variables or dims that each record must have.
    table : function of a record and a number of resamples that gives the table which is drawn; ``draw`` is
        then given the ``record_table.Table`` of all records instead of these.
    resamples : bootstrap resamples of the table.
    several : whether it draws several records; if not, ``draw`` is given one record instead of a list.
    opens : function of the paths that the command is given; it gives what is drawn, and datasets whose
        attributes tell where it comes from.
    made_of : words of ``python -m experiments`` that write a small example of what it draws, all but ``--out``;
        its first probe's name, if left out. Documentation draws the figure of it.
    formerly : names by which it was called before.

    Examples
    --------
    >>> experiments.FIGURES["signature"].shows
    'stimuli, their maps and the probabilities under each cue'
    """

    name: str
    shows: str
    draw: Callable
    reads: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    table: Callable[[xr.Dataset, int], pd.DataFrame] | None = None
    resamples: int = RESAMPLES
    several: bool = True
    opens: Callable[[Sequence[Path]], tuple[object, Sequence[xr.Dataset]]] = opened
    made_of: str = ""
    formerly: tuple[str, ...] = ()

    def __call__(
        self, given: xr.Dataset | Sequence[xr.Dataset] | pd.DataFrame, style: Style = STYLE, **options
    ) -> Drawn:
        """Draw the figure.

        Parameters
        ----------
        given : a record, or several of different models where the figure draws several; or the table that is
            drawn.
        style : sizes and colours.
        options : of the figure; and n, the number of bootstrap resamples, where it draws a table.

        Returns
        -------
        Figure; its label, ``figure.get_label()``, is the caption.

        Raises
        ------
        ValueError : no record, one of another kind or without what is drawn, or too many.
        """
        from experiments.figures.layout import Layout
        from experiments.figures.record_table import table_of

        if not isinstance(given, pd.DataFrame):
            given = self.checked(given)
        if self.table:
            given = table_of(given, self.table, options.pop("n", self.resamples))
        drawn = self.draw(given, style, **options)
        return drawn.drawn(style) if isinstance(drawn, Layout) else drawn

    @property
    def example(self) -> str:
        """Words of the command that writes a small example of what it draws; empty where none of its own does."""
        probe = self.reads[0].partition(":")[0] if self.reads else ""
        return self.made_of or (f"{probe} --n 16" if probe in PROBES else "")

    @property
    def options(self) -> dict[str, inspect.Parameter]:
        """What the command takes for this figure, by name."""
        of_draw = list(inspect.signature(self.draw).parameters.values())[2:]
        return {parameter.name: parameter for parameter in of_draw if parameter.name != "n"}

    def checked(self, given: xr.Dataset | Sequence[xr.Dataset]) -> xr.Dataset | list[xr.Dataset]:
        """See to it that the figure can draw these records; what ``draw`` takes, a list or the one record.

        Raises
        ------
        ValueError : no record, one of another kind or without what is drawn, or too many.
        """
        given = [given] if isinstance(given, xr.Dataset) else list(given)
        if not given:
            raise ValueError(f"the figure {self.name} needs a record, got none")
        if len(given) > 1 and not self.several:
            raise ValueError(f"the figure {self.name} draws one record, got {len(given)}: draw them one by one")
        for record in given:
            if why := self._refusal(record):
                fitting = [figure.name for figure in FIGURES.values() if figure.reads and not figure._refusal(record)]
                fitting += ["sheet"] * ("image" in record)
                instead = f"; figures of such a record: {', '.join(fitting)}" if fitting else ""
                raise ValueError(f"the figure {self.name} draws {why}{instead}")
        return given if self.several else given[0]

    def _refusal(self, record: xr.Dataset) -> str:
        """Why a record cannot be drawn; empty where it can."""
        if self.reads and kind_of(record) not in self.reads:
            return f"records of {' or '.join(self.reads)}, got one of {kind_of(record)}"
        missing = [name for name in self.needs if name not in record.variables and name not in record.dims]
        return f"{', '.join(missing)}, and the record has no such variable" if missing else ""
