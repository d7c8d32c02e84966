"""Tables: the numbers that a figure draws, from the records that it is given, and what its caption says of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from experiments import measures
from experiments.figures.panels import Panel, told_of

__all__ = ["Table", "check_title", "check_variables", "interval_rows", "listed", "nearest_gain", "table_of"]

RESAMPLES = 2000


@dataclass(frozen=True)
class Table:
    """Numbers of a figure.

    Parameters
    ----------
    rows : what a summary gives, of all records.
    models : names of the models, in order.
    sample : how many stimuli and trainings there are of which models, for the caption.
    interval : kind of interval, for the caption.
    """

    rows: pd.DataFrame
    models: tuple[str, ...]
    sample: str
    interval: str

    def caption(self, opening: str, panels: Sequence[Panel], bars: str = "Bars") -> str:
        """Write the caption of a figure.

        Parameters
        ----------
        opening : what the figure is about.
        panels : whose texts follow.
        bars : what shows the intervals.
        """
        return f"{opening}; {self.sample}. {told_of(panels)} {bars}: {self.interval}."

    def of(self, **values) -> pd.DataFrame:
        """Rows in which columns have these values.

        Parameters
        ----------
        values : by column; None stands for any.
        """
        rows = self.rows
        for name, value in values.items():
            rows = rows if value is None else rows[rows[name] == value]
        return rows


def table_of(
    records: xr.Dataset | Sequence[xr.Dataset],
    figure: str,
    titles: Sequence[str],
    summarise: Callable[..., pd.DataFrame],
    n: int = RESAMPLES,
    variables: Sequence[str] = ("logits",),
) -> Table:
    """Summarise the records of a figure.

    Parameters
    ----------
    records : one, or several of different models.
    figure : name of the figure.
    titles : of the records that it takes.
    summarise : function of a record and the number of resamples that gives its table.
    n : bootstrap resamples.
    variables : that every record must have.

    Raises
    ------
    ValueError : no record, one of another kind or without these variables, or two records of one model.
    """
    records = [records] if isinstance(records, xr.Dataset) else list(records)
    if not records:
        raise ValueError(f"the figure {figure} needs a record, got none")
    models: list[str] = []
    for record in records:
        check_title(record, figure, titles)
        check_variables(record, figure, variables)
        names = record["model"].values.tolist() if "model" in record.dims else [record.attrs.get("model", "model")]
        if twice := [name for name in names if name in models]:
            raise ValueError(
                f"the figure {figure} draws each model once, got two records of {twice[0]}: give one of them (seeds of "
                "a model belong into one record: --checkpoint seed1 seed2)"
            )
        models += names
    rows = pd.concat([summarise(record, n) for record in records], ignore_index=True)
    return Table(rows, tuple(map(str, models)), _sample(records, models), _interval(records))


def check_title(record: xr.Dataset, figure: str, titles: Sequence[str]) -> None:
    """See to it that a figure can draw a record.

    Parameters
    ----------
    record : any record.
    figure : name of the figure.
    titles : of the records that it takes.

    Raises
    ------
    ValueError : the record is of another kind.
    """
    title = record.attrs.get("title", "no title")
    if title not in titles:
        raise ValueError(f"the figure {figure} draws records of {' or '.join(titles)}, got one of {title}")


def check_variables(record: xr.Dataset, figure: str, names: Sequence[str]) -> None:
    """See to it that a record has what a figure draws.

    Parameters
    ----------
    record : any record.
    figure : name of the figure.
    names : of variables or coordinates.

    Raises
    ------
    ValueError : some are missing.
    """
    if missing := [name for name in names if name not in record.variables]:
        raise ValueError(f"the figure {figure} draws {', '.join(missing)}, and the record has no such variable")


def interval_rows(values: xr.DataArray, name: str, record: xr.Dataset, n: int) -> pd.DataFrame:
    """Tabulate means with 95 % bootstrap intervals over stimuli and, where there are several, trained models.

    Parameters
    ----------
    values : (..., stimulus), with the dim seed where several were run.
    name : of the column.
    record : that the values are of; its model is told where it is no dim.
    n : bootstrap resamples.

    Returns
    -------
    DataFrame with a column for each other dim, model among them, and name, name_low and name_high.
    """
    bare = values.drop_vars([name for name in values.coords if name not in values.dims])
    interval = measures.hierarchical_bootstrap(bare, n=n)
    ends = (("estimate", ""), ("low", "_low"), ("high", "_high"))
    cells = xr.Dataset({name + suffix: interval[end] for end, suffix in ends})
    frame = cells.to_dataframe().reset_index() if cells.sizes else pd.DataFrame([{k: float(cells[k]) for k in cells}])
    return frame if "model" in frame else frame.assign(model=record.attrs.get("model", "model"))


def nearest_gain(rows: pd.DataFrame, gain: float | None) -> float | None:
    """Choose among the gains of a table; None where it has none.

    Parameters
    ----------
    rows : with a column gain or without.
    gain : wanted; the middle one of the table, if None.
    """
    if "gain" not in rows:
        return None
    gains = np.unique(rows["gain"].to_numpy(float))
    return float(gains[(len(gains) - 1) // 2] if gain is None else gains[np.argmin(np.abs(gains - gain))])


def listed(words: Sequence[str]) -> str:
    """Write words as a list: a, b and c.

    Parameters
    ----------
    words : the words.
    """
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
