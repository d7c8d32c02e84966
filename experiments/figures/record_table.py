"""Tables: the numbers that a figure draws, from its records, and what its caption says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import pandas as pd
import xarray as xr

from experiments import measures
from experiments.figures.layout import Layout
from experiments.figures.panels import (
    Key,
    Panel,
    draw_interval_rows,
    draw_lines_by,
    draw_reference,
    mark_gains,
    mark_passes,
    model_looks,
)

__all__ = ["Table", "interval_rows", "interval_table", "listed", "table_of"]


@dataclass(frozen=True)
class Table:
    """Numbers of a figure.

    Parameters
    ----------
    rows : what a summary gives, of all records.
    names : of the models, in order.
    sample : how many stimuli and trainings there are of which models, for the caption.
    interval : kind of interval, for the caption.
    records : that the numbers are of.
    gain : gain that the rows are of; None where they are of several, or of none.
    """

    rows: pd.DataFrame
    names: tuple[str, ...]
    sample: str = ""
    interval: str = ""
    records: tuple[xr.Dataset, ...] = ()
    gain: float | None = None

    @property
    def models(self) -> dict[str, dict]:
        """How the lines of each model look."""
        return model_looks(self.names)

    def at(self, gain: float | None) -> Table:
        """Choose the nearest gain, or the middle one, if None; a table without gains stays as it is."""
        if "gain" not in self.rows:
            return self
        gains = np.unique(self.rows["gain"].to_numpy(float))
        chosen = float(gains[(len(gains) - 1) // 2] if gain is None else gains[np.argmin(np.abs(gains - gain))])
        return replace(self, rows=self.rows[self.rows["gain"] == chosen], gain=chosen)

    def values(self, column: str) -> list:
        """Values of a column, each once, in the order of the rows."""
        return list(dict.fromkeys(self.rows[column]))

    def of(self, **values) -> pd.DataFrame:
        """Rows in which columns have these values."""
        rows = self.rows
        for name, value in values.items():
            rows = rows[rows[name] == value]
        return rows

    def dots(
        self,
        title: str,
        told: str,
        rows: pd.DataFrame,
        name: str,
        names: Sequence[str],
        reference: float | None = None,
        looks: dict | None = None,
        left: float = 23,
        **axes_settings,
    ) -> Panel:
        """Make a panel with a row of dots for each name, from top to bottom.

        The column row, else the prior, tells the row; left gives the mm for the names, reference where no
        effect is.
        """
        rows = rows if "row" in rows else rows.assign(row=rows["prior"])

        def draw(axes) -> None:
            draw_interval_rows(axes, names, rows, name, self.models, looks)
            draw_reference(axes, x=reference)
            axes.set(**axes_settings)

        return Panel(draw, title, told, left=left, rows=len(names))

    def lines(
        self,
        title: str,
        told: str,
        rows: pd.DataFrame,
        across: str,
        name: str,
        by: str,
        looks: dict,
        reference: float | None = None,
        band: bool = False,
        **axes_settings,
    ) -> Panel:
        """Make a panel with a line over a column for each value of another one and each model."""

        def draw(axes) -> None:
            draw_lines_by(axes, rows, across, name, by, looks, self.models, band)
            draw_reference(axes, y=reference)
            if across == "gain":
                mark_gains(axes, rows["gain"])
            elif across == "iteration":
                mark_passes(axes)
            axes.set(**axes_settings)

        return Panel(draw, title, told)

    def layout(
        self,
        panels: Sequence[Panel],
        about: str,
        columns: tuple[int, int],
        keys: Sequence[Key] = (),
        bars: str = "Bars",
    ) -> Layout:
        """Lay the panels out as a ``Layout`` does, with the caption that all figures of tables have."""
        gain = "" if self.gain is None else f", gain {self.gain:g}"
        return Layout(panels, f"{about}{gain}; {self.sample}.", f"{bars}: {self.interval}.", columns, keys)


def table_of(
    records: Sequence[xr.Dataset] | pd.DataFrame, summarise: Callable[[xr.Dataset, int], pd.DataFrame], n: int
) -> Table:
    """Summarise the records of a figure, each of another model."""
    if isinstance(records, pd.DataFrame):
        return Table(records, tuple(dict.fromkeys(records["model"])))
    models: list[str] = []
    for record in records:
        names = record["model"].values.tolist() if "model" in record.dims else [record.attrs.get("model", "model")]
        if twice := [name for name in names if name in models]:
            raise ValueError(
                f"each model is drawn once, got two records of {twice[0]}: give one of them (seeds of a "
                "model belong into one record: --checkpoint seed1 seed2)"
            )
        models += names
    rows = pd.concat([summarise(record, n) for record in records], ignore_index=True)
    return Table(rows, tuple(map(str, models)), _sample(records, models), _interval(records), tuple(records))


def interval_rows(values: xr.DataArray, name: str, record: xr.Dataset, n: int) -> pd.DataFrame:
    """Tabulate means with 95 % bootstrap intervals over stimuli and, where there are several, trained models.

    Parameters
    ----------
    values : (..., stimulus), with the dim seed where several were run; each other dim becomes a column.
    name : of the column, beside which name_low and name_high stand.
    record : that the values are of; its model is told where it is no dim.
    n : bootstrap resamples.
    """
    bare = values.drop_vars([name for name in values.coords if name not in values.dims])
    interval = measures.hierarchical_bootstrap(bare, n=n)
    ends = (("estimate", ""), ("low", "_low"), ("high", "_high"))
    cells = xr.Dataset({name + suffix: interval[end] for end, suffix in ends})
    frame = cells.to_dataframe().reset_index() if cells.sizes else pd.DataFrame([{k: float(cells[k]) for k in cells}])
    return frame if "model" in frame else frame.assign(model=record.attrs.get("model", "model"))


def interval_table(measured: Mapping[str, xr.DataArray], record: xr.Dataset, n: int) -> pd.DataFrame:
    """Tabulate several measures by name as :func:`interval_rows` does one, side by side."""
    frames = [interval_rows(values, name, record, n) for name, values in measured.items()]
    return reduce(lambda left, right: left.merge(right, "outer", sort=False), frames)


def listed(words: Sequence[str]) -> str:
    """Write words as a list: a, b and c."""
    words = list(words)
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _sample(records: Sequence[xr.Dataset], models: Sequence[str]) -> str:
    """How many stimuli and trainings there are of which models."""
    counts = dict.fromkeys(int(measures.written(record).sizes["stimulus"]) for record in records)
    seeds = dict.fromkeys(record.sizes.get("seed", 1) for record in records)
    trained = " or ".join(f"{n} trained model{'s' if n > 1 else ''}" for n in seeds)
    each = " each" if len(models) > 1 else ""
    return f"n = {' or '.join(map(str, counts))} stimuli; {trained}{each} of {' and of '.join(map(str, models))}"


def _interval(records: Sequence[xr.Dataset]) -> str:
    several = any(record.sizes.get("seed", 1) > 1 for record in records)
    return f"95 % bootstrap intervals over stimuli{' and trained models' if several else ''}"
