"""What a trial is worth to a measure: seconds, right or wrong, the option that was chosen, a margin.

Where an observer gives probabilities, p(OPTION), these count in the place of single answers.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable

import numpy as np
import pandas as pd

from experiments.trials.cells import signal_code
from experiments.trials.trial_table import OPTION, options

__all__ = ["MEASURES", "UNITS", "known_column"]

UNITS = {"rt": "s", "accuracy": "1", "d_prime": "1", "choice": "1", "duration": "s", "margin": "nat"}


def known_column(table: pd.DataFrame, name: str, what: str) -> pd.Series:
    """Give a column of a trial table; a ValueError names the nearest where there is none of that name."""
    if name not in table:
        near = difflib.get_close_matches(name, table.columns, 2, 0.5)
        meant = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(table.columns)}"
        raise ValueError(f"{what} needs the column {name!r}: {meant}")
    return table[name]


def _named(option: pd.Series) -> pd.Series:
    """Column of the probability of each row's option."""
    return option.astype(str).map(OPTION.format)


def _probability(table: pd.DataFrame, option: pd.Series) -> np.ndarray:
    """Probability of the option of each row; NaN where it is not told."""
    found = np.full(len(table), np.nan)
    for name in options(table):
        rows = (_named(option) == name).to_numpy()
        found[rows] = table[name].to_numpy()[rows]
    return found


def _rather(probability: np.ndarray, answered: pd.Series | np.ndarray) -> np.ndarray:
    return np.where(np.isnan(probability), np.asarray(answered, float), probability)


def _rt(table: pd.DataFrame, option: str) -> np.ndarray:
    return table["rt"].to_numpy()


def _duration(table: pd.DataFrame, option: str) -> np.ndarray:
    return known_column(table, "duration", "a measure of durations").to_numpy(float)


def _accuracy(table: pd.DataFrame, option: str) -> np.ndarray:
    return _rather(_probability(table, table["answer"]), table["correct"])


def _option(table: pd.DataFrame, option: str) -> pd.Series:
    """The option that each row is asked for: a column of options, or the same one in all."""
    return table[option] if option in table else pd.Series(option, table.index)


def _choice(table: pd.DataFrame, option: str) -> np.ndarray:
    asked = _option(table, option)
    return _rather(_probability(table, asked), table["response"] == asked)


def _d_prime(table: pd.DataFrame, option: str) -> np.ndarray:
    asked = _option(table, option)
    said = _probability(table, asked) > 0.5
    said = np.where(table["response"] == "", said, table["response"] == asked)
    return signal_code(table["answer"] == asked, said)


def _margin(table: pd.DataFrame, option: str) -> np.ndarray:
    named = options(table)
    if len(named) < 2:
        raise ValueError("a margin is of probabilities: the table needs columns p(OPTION) of two options or more")
    asked = _option(table, option) if option else table["answer"]
    own = _probability(table, asked)
    others = [np.where(_named(asked) == name, np.nan, table[name]) for name in named]
    with np.errstate(divide="ignore"):
        return np.log(own) - np.log(np.fmax.reduce(others))


MEASURES: dict[str, Callable[[pd.DataFrame, str], np.ndarray]] = {
    "rt": _rt, "accuracy": _accuracy, "d_prime": _d_prime, "choice": _choice, "duration": _duration,
    "margin": _margin,
}  # fmt: skip
