"""Answers with times: a link turns an observer's margins into reaction times, so that they stand beside people's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.linking import LINKS, Fitted, Link, fit, with_rt
from experiments.people.published_source import Source
from experiments.trials.trial_table import tested
from experiments.trials.trim import Trim

__all__ = ["Timed", "link_of_margins", "timed_answers"]


@dataclass(frozen=True, eq=False)
class Timed:
    """Answers of an observer with times.

    Parameters
    ----------
    table : its trials, rt in s; all count, right or wrong, as they do for the margin.
    fitted : the link, by whose parameters they are predicted.
    """

    table: pd.DataFrame
    fitted: Fitted

    def row(self) -> dict[str, str | float]:
        """Give the fit as columns of a score."""
        told = self.fitted.parameters.to_dict("records")
        of, failure = self.fitted, self.fitted.failure
        found = (f"{p['parameter']} {p['estimate']:.3g} [{p['low']:.3g}, {p['high']:.3g}] {p['unit']}" for p in told)
        fitted = of.conditions["condition"][of.conditions["part"] == "fitted"]
        return {
            "link": of.link.name,
            "fitted_to": f"{', '.join(of.moments)} of {'; '.join(fitted)}",
            "parameters": "; ".join(found),
            "missed_ms": failure["rmse_ms"],
            "constant_ms": failure["constant_rmse_ms"],
            "missed": f"{failure['told_apart']}/{failure['n']} {failure['part']}, most {failure['worst']} "
            f"({failure['worst_ms']:+.0f} ms)",
            "fit_notes": " ".join(of.notes),
        }


def link_of_margins(name: Link | str) -> Link:
    """Give a link by its name, if it makes times of the margins that the last pass of a trial leaves.

    Raises
    ------
    ValueError : there is no such link, or it counts passes.
    """
    link = LINKS.of(name)
    if link.passes:
        there = ", ".join(each for each, of in LINKS.items() if not of.passes)
        raise ValueError(f"{link.name} counts feedback passes, and answers of tasks are of the last one: use {there}")
    return link


def timed_answers(source: Source, people: pd.DataFrame, answers: pd.DataFrame, link: Link, n: int = 200) -> Timed:
    """Fit a link to the conditions that a source names, and put times into an observer's answers.

    Parameters
    ----------
    source : whose match has a fitting; of people those trials are fitted that count for its effects on times.
    people : their trial table.
    answers : of one observer, with people's factors; trials whose instruction it was told.
    link : as :func:`link_of_margins` gives it.
    n : samples of people for the intervals of the parameters.

    Raises
    ------
    ValueError : no condition is named, or the observer has none of them.
    """
    fitting = source.match.fitting
    if fitting is None:
        raise ValueError(f"{source.name} names no conditions to which a link is fitted: declare Match(fitting=...)")
    told = answers[(answers[list(fitting.by)] != "").all(axis=1)]
    trim = next((effect.trim for effect in source.effects if effect.measure == "rt"), Trim())
    how = {"by": fitting.by, "conditions": fitting.conditions, "moments": fitting.moments, "n": n}
    fitted = fit(_counted(people, trim), told, link, **how)
    return Timed(with_rt(told, fitted).assign(correct=np.nan), fitted)


def _counted(people: pd.DataFrame, trim: Trim) -> pd.DataFrame:
    """People's trials without those, right and with a time, that a trim leaves out."""
    table = tested(people)
    table = table[~table["participant"].isin(list(trim.participants(table)))]
    timed = (table["correct"] != 0) & table["rt"].notna()
    return table[~timed.to_numpy() | timed.to_numpy() & _kept(table, timed, trim)]


def _kept(table: pd.DataFrame, timed: pd.Series, trim: Trim) -> np.ndarray:
    kept = np.zeros(len(table), bool)
    kept[timed.to_numpy()] = trim.counts(table[timed])
    return kept
