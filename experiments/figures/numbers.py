"""Numbers: what a figure draws, noted while it is drawn, as one table."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["RULE", "interval_columns", "note", "numbers_of"]

RULE = "_rule"  # label of lines that are no data: chance, no effect, the edge between groups
_NOTED: WeakKeyDictionary[Figure, list[tuple[bool, pd.DataFrame]]] = WeakKeyDictionary()


def note(axes: Axes, rows: pd.DataFrame, curve: bool = False) -> None:
    """Note numbers that are drawn; what draws data calls it, so that no figure differs from its table.

    Parameters
    ----------
    axes : where they are drawn; its label names the panel, where the rows do not.
    rows : the numbers, and what tells them apart.
    curve : whether they are points of a smooth curve, too many for a table in a paper.
    """
    rows = rows if "panel" in rows else rows.assign(panel=axes.get_label())
    _NOTED.setdefault(axes.figure, []).append((curve, rows))


def numbers_of(figure: Figure, curves: bool = True) -> pd.DataFrame:
    """Tabulate every number that a figure draws.

    Parameters
    ----------
    figure : what a function of this package gives.
    curves : with the points of smooth curves; they stand in any case where nothing else is drawn.

    Returns
    -------
    DataFrame with the column panel, then what tells the rows apart, then the numbers, each with its ``_low``
    and ``_high`` where it has an interval; empty where a panel does not have it.

    Raises
    ------
    ValueError : the figure draws no numbers.
    """
    of_all = [(curve, rows) for curve, rows in _NOTED.get(figure, []) if len(rows)]
    noted = [rows for curve, rows in of_all if curves or not curve or all(others for others, _ in of_all)]
    if not noted:
        raise ValueError("this figure draws no numbers")
    table = pd.concat([rows.dropna(axis="columns", how="all") for rows in noted], ignore_index=True).drop_duplicates()
    measured = [name for name in table if _is_measured(name, table)]
    return table[["panel", *(name for name in table if name != "panel" and name not in measured), *measured]]


def interval_columns(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Keep of a table of several measures, each with its ``_low`` and ``_high``, one, and what tells the rows
    apart.
    """
    if "row" in rows and "prior" in rows and rows["row"].equals(rows["prior"]):
        rows = rows.drop(columns="row")  # where a row of dots is called like its prior
    kept = [
        column
        for column in rows
        if column in (name, f"{name}_low", f"{name}_high")
        or (not _is_measured(column, rows) and rows[column].map(np.isscalar).all())
    ]
    return rows[kept]


def _is_measured(column: str, rows: pd.DataFrame) -> bool:
    """Whether a column is a measure with an interval, or one of its ends."""
    return f"{column.removesuffix('_low').removesuffix('_high')}_low" in rows
