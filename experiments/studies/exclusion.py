"""Rules by which trials of people are left out of analyses: stated, written down, no row deleted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Literal

import pandas as pd

__all__ = ["Exclusion", "excluded"]


@dataclass(frozen=True)
class Exclusion:
    """Which trials analyses leave out. They stay in the table, and its column ``excluded`` says why.

    Parameters
    ----------
    least_accuracy
        Proportion right of a person's test trials, below which all their trials are left out; a trial without
        an answer counts as wrong.
    fastest
        Shortest reaction time in s; faster answers are left out.
    slowest
        Longest reaction time in s; slower answers are left out.
    most_missed_frames
        Frames of the screen that may come late in a trial; with more of them, it is left out.
    most_early
        Times that a person may try to answer a trial before what is answered has come; with more of them, it is left
        out.
    least_catch
        Proportion right of a person's catch trials, below which all their trials are left out.
    unfinished
        People who did not answer their whole list: kept apart in the second table, left out of analyses
        (excluded), or taken as they are (kept).
    """

    least_accuracy: float | None = None
    fastest: float | None = None
    slowest: float | None = None
    most_missed_frames: int | None = None
    most_early: int | None = None
    least_catch: float | None = None
    unfinished: Literal["apart", "excluded", "kept"] = "apart"

    def __post_init__(self) -> None:
        for name in ("least_accuracy", "least_catch"):
            if (value := getattr(self, name)) is not None and not 0 <= value <= 1:
                raise ValueError(f"{name.replace('_', '-')} is a proportion, 0 to 1, got {value}")
        for name in ("fastest", "slowest", "most_missed_frames", "most_early"):
            if (value := getattr(self, name)) is not None and value < 0:
                raise ValueError(f"{name.replace('_', '-')} is at least 0, got {value}")
        if None not in (self.fastest, self.slowest) and self.fastest >= self.slowest:
            raise ValueError(f"fastest is below slowest, got {self.fastest} and {self.slowest} s")

    def stated(self) -> dict[str, object]:
        """The rules that were given, as a record keeps them."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def excluded(
    table: pd.DataFrame, rules: Exclusion, lengths: dict[str, int], simulated: Collection[str] = ()
) -> pd.Series:
    """Say of each trial why it is left out.

    Parameters
    ----------
    table : trial table of people, one session each.
    rules : which are left out.
    lengths : trials of each participant's list.
    simulated : participants that a program answered for; they are always left out.

    Returns
    -------
    Series of words, reasons separated by semicolons; empty where none holds. No rule looks at another's
    outcome.
    """
    right = table.groupby(["phase", "participant"])["correct"].mean()  # of trials in which something is right
    right = {phase: table["participant"].map(right.get(phase, {})) for phase in ("test", "catch")}
    answered = table.groupby("participant")["trial"].transform("size")
    length = table["participant"].map(lengths)
    reasons = {"simulated": table["participant"].isin(simulated)}
    if rules.least_accuracy is not None:
        reasons[f"accuracy below {rules.least_accuracy:g}"] = right["test"] < rules.least_accuracy
    if rules.fastest is not None:
        reasons[f"rt below {rules.fastest:g} s"] = table["rt"] < rules.fastest
    if rules.slowest is not None:
        reasons[f"rt above {rules.slowest:g} s"] = table["rt"] > rules.slowest
    if rules.most_missed_frames is not None:
        late = table["missed_frames"] > rules.most_missed_frames
        reasons[f"more than {rules.most_missed_frames} missed frames"] = late
    if rules.most_early is not None:
        reasons[f"more than {rules.most_early} early answers"] = table["early"] > rules.most_early
    if rules.least_catch is not None:
        reasons[f"catch trials below {rules.least_catch:g}"] = right["catch"] < rules.least_catch
    if rules.unfinished == "excluded":
        reasons["list not finished"] = answered < length
    told = zip(*(holds.tolist() for holds in reasons.values()), strict=True)
    words = ["; ".join(text for text, holds in zip(reasons, row, strict=True) if holds) for row in told]
    return pd.Series(words, table.index, dtype=object)
