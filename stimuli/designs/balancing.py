"""How often each level of each factor, and each pair of them, comes in lists; and how well the answer is guessed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

__all__ = ["balance", "told"]

APART = ("list", "block", "phase", "trial", "item", "answer")
MOST, PARTS, SHUFFLES = 12, 4, 999
SURE = 0.05  # p of guesses that are always right, below which they are no chance


def balance(
    lists: pd.DataFrame, factors: Sequence[str] = (), answer: str = "answer", pairs: bool = True, seed: int = 0
) -> pd.DataFrame:
    """Report the balance of lists: counts of each factor and pair of factors, and what predicts the answer.

    Only trials of the test count. Numbers of more than 12 values count as quarters.

    Parameters
    ----------
    lists : as :meth:`Design.lists` gives them, or any trials with their factors.
    factors : columns to look at; all that have two levels or more, if left out.
    answer : column of the right answer, or of the options that are to be equally likely; what predicts it is
        not looked at where there is no such column.
    pairs : whether pairs of factors are counted.
    seed : of the permutations.

    Returns
    -------
    DataFrame, a row a factor or pair ("instruction x side"): ``levels`` their number; ``least``, ``most`` how
    often one came over all lists; ``least_in_a_list``, ``most_in_a_list``; ``counts`` in words. Of factors by
    themselves ``guessed``, the share of answers that the best guess of the factor gets right, the most frequent
    answer to each level; ``by_chance``, that of answers permuted over the items; ``p``, the share of 1,000 in which
    these, and the answers themselves, are guessed as well. ``guessed_in_a_list``, ``by_chance_in_a_list`` and
    ``p_in_a_list`` are the same of a participant who sees one list, their means over lists. ``predicts``: no
    permutation does as well, or the guess is always right (in every list) and fewer than 5 % do as well.

    Notes
    -----
    Lists share items, so that their trials do not count as independent: over all lists each item's trials with the
    same level and answer count once.
    """
    test = lists[lists["phase"] == "test"] if "phase" in lists else lists
    names = list(factors) or [n for n in test.columns if n not in APART and test[n].nunique(dropna=False) > 1]
    if strange := [name for name in names if name not in test]:
        raise ValueError(f"the lists have no factor {strange[0]!r}; there are {', '.join(test.columns)}")
    levels = pd.DataFrame({name: _levels(test[name]) for name in names}, index=test.index)
    of = test["list"] if "list" in test else pd.Series(1, test.index)
    rows = {name: _counts(levels[name], of) for name in names}
    if answer in test:
        told_by = _told_by(levels.drop(columns=answer, errors="ignore"), test[answer].astype(str), test, seed)
        for name, found in told_by.items():
            rows[name] |= found
    for pair in combinations(names, 2) if pairs else ():
        rows[" x ".join(pair)] = _counts(levels[pair[0]] + ", " + levels[pair[1]], of)
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("factor")


def told(report: pd.DataFrame, but: Sequence[str] = ()) -> list[str]:
    """Name the factors that predict the answer, without those that are to.

    Parameters
    ----------
    report : as :func:`balance` gives it.
    but : factors that are to predict it.
    """
    found = report.index[report["predicts"].eq(True)] if "predicts" in report else []
    return [name for name in found if name not in but]


def _levels(values: pd.Series) -> pd.Series:
    """Levels in words; quarters of numbers of many values."""
    if values.dtype.kind in "iuf" and values.nunique() > MOST:
        values = pd.qcut(values, PARTS, duplicates="drop").astype(object)
    return values.astype(object).where(values.notna(), "none").astype(str)


def _counts(levels: pd.Series, of: pd.Series) -> dict:
    """How often each level came."""
    counts = pd.crosstab(levels, of).to_numpy()
    over = levels.value_counts().sort_index()
    return {
        "levels": len(over),
        "least": int(over.min()),
        "most": int(over.max()),
        "least_in_a_list": int(counts.min()),
        "most_in_a_list": int(counts.max()),
        "counts": ", ".join(f"{level} {count}" for level, count in over.items()) if len(over) <= MOST else "",
    }


def _told_by(levels: pd.DataFrame, answers: pd.Series, test: pd.DataFrame, seed: int) -> dict[str, dict]:
    """How well the answer is guessed of each factor: over all lists, and within one."""
    items, random = test.get("item", pd.Series(test.index, test.index)), np.random.Generator(np.random.Philox(seed))
    within = {name: [] for name in levels}
    for of_list in (answers.groupby(test["list"]).indices.values()) if "list" in test else ():
        shuffled = _shuffled(answers.iloc[of_list], random)
        for name in levels:
            within[name].append(_guesses(levels[name].iloc[of_list], shuffled))
    found = {}
    for name in levels:
        once = ~pd.DataFrame({"level": levels[name], "answer": answers, "item": items}).duplicated()
        guessed, chance, p = _guesses(levels[name][once], _shuffled(answers[once], random))
        found[name] = {"guessed": guessed, "by_chance": chance, "p": p}
        sure = guessed == 1 and p < SURE
        if within[name]:
            guessed, chance, mean_p = np.mean(within[name], axis=0)
            found[name] |= {"guessed_in_a_list": guessed, "by_chance_in_a_list": chance, "p_in_a_list": mean_p}
            sure |= guessed == 1 and mean_p < SURE
        found[name]["predicts"] = bool(sure or p <= 1 / (1 + SHUFFLES))
    return found


def _shuffled(answers: pd.Series, random: np.random.Generator) -> np.ndarray:
    """Answers as numbers, (1 + SHUFFLES, trial): themselves, then permuted."""
    codes = pd.factorize(answers)[0]
    return np.stack([codes, *random.permuted(np.tile(codes, (SHUFFLES, 1)), axis=1)])


def _guesses(levels: pd.Series, answers: np.ndarray) -> tuple[float, float, float]:
    """Share of right guesses of the first of answers (other, trial), the mean of the others, and its p among all."""
    right = _guessed(pd.factorize(levels)[0], answers)
    return float(right[0]), float(right[1:].mean()), float((right >= right[0] - 1e-12).mean())


def _guessed(levels: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Share of each of answers (other, trial) that the most frequent one to each level (trial,) gets right."""
    rows, columns = levels.max() + 1, answers.max() + 1
    cells = (np.arange(len(answers))[:, None] * rows + levels) * columns + answers
    joint = np.bincount(cells.ravel(), minlength=len(answers) * rows * columns).reshape(-1, rows, columns)
    return joint.max(2).sum(1) / len(levels)
