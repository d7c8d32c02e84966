"""How often each level of each factor, and each pair of them, comes in lists; and which tell the answer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

__all__ = ["balance", "told"]

APART = ("list", "block", "phase", "trial", "item", "answer")
MOST, PARTS, SHUFFLES = 12, 4, 999


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
    themselves ``bits``, their mutual information with the answer; ``p``, the share of 1,000 in which answers
    permuted over the items, and they themselves, have as much; ``predicts``, whether no permutation has.

    Notes
    -----
    Lists share items, so that their trials do not count as independent: each item's trials with the same level
    and answer count once.
    """
    test = lists[lists["phase"] == "test"] if "phase" in lists else lists
    names = list(factors) or [n for n in test.columns if n not in APART and test[n].nunique(dropna=False) > 1]
    if strange := [name for name in names if name not in test]:
        raise ValueError(f"the lists have no factor {strange[0]!r}; there are {', '.join(test.columns)}")
    levels = pd.DataFrame({name: _levels(test[name]) for name in names}, index=test.index)
    of = test["list"] if "list" in test else pd.Series(1, test.index)
    rows = {name: _counts(levels[name], of) for name in names}
    for name in names if answer in test else ():
        rows[name] |= _told_by(levels[name], test, answer, seed)
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


def _told_by(levels: pd.Series, test: pd.DataFrame, answer: str, seed: int) -> dict:
    """Mutual information of a factor and the answer, and the share of permutations that have as much."""
    if levels.name == answer:
        return {}
    rows = pd.DataFrame({"level": levels, "answer": test[answer].astype(str), "item": test.get("item", test.index)})
    rows = rows.drop_duplicates()
    known, answers = (pd.factorize(rows[name])[0] for name in ("level", "answer"))
    random = np.random.Generator(np.random.Philox(seed))
    bits, *chance = _information(known, np.stack([answers, *random.permuted(np.tile(answers, (SHUFFLES, 1)), axis=1)]))
    p = (1 + (np.array(chance) >= bits - 1e-12).sum()) / (1 + SHUFFLES)
    return {"bits": bits, "p": p, "predicts": p <= 1 / (1 + SHUFFLES)}


def _information(one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Mutual information of a column of numbers with each of others, (other,) in bits."""
    rows, columns = one.max() + 1, others.max() + 1
    cells = (np.arange(len(others))[:, None] * rows + one) * columns + others
    joint = np.bincount(cells.ravel(), minlength=len(others) * rows * columns).reshape(-1, rows, columns) / len(one)
    apart = joint.sum(2, keepdims=True) * joint.sum(1, keepdims=True)
    return (joint * np.log2(np.divide(joint, apart, where=joint > 0, out=np.ones_like(joint)))).sum((1, 2))
