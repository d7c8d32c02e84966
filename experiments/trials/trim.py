"""Which trials and participants count: what is too fast, too slow, or of somebody who did something else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Trim"]

SCALED = 1.4826  # of a median absolute deviation, so that it is the standard deviation of a normal distribution


@dataclass(frozen=True)
class Trim:
    """Exclusions, each by its name; those that are None leave nothing out.

    Parameters
    ----------
    fastest, slowest : reaction times in s between which a trial counts; one without a reaction time does not.
    deviations : a trial counts whose reaction time lies no more than so many (scaled) median absolute
        deviations above its participant's median.
    least_accuracy : share of right answers that a participant needs, practice apart.
    most_missing : share of trials that a participant may leave without an answer.
    """

    fastest: float | None = None
    slowest: float | None = None
    deviations: float | None = None
    least_accuracy: float | None = None
    most_missing: float | None = None

    def participants(self, table: pd.DataFrame) -> dict[str, str]:
        """Say who is left out of a table, and why."""
        by, why = table["participant"], {}
        if self.least_accuracy is not None:
            shares = table["correct"].groupby(by).mean()
            low = shares[shares < self.least_accuracy]
            why |= {who: f"accuracy {share:.2f}" for who, share in low.items()}
        if self.most_missing is not None:
            shares = (table["rt"].isna() & (table["response"] == "")).groupby(by).mean()
            many = shares[shares > self.most_missing]
            why |= {who: f"{share:.0%} without answer" for who, share in many.items()}
        return why

    def counts(self, table: pd.DataFrame) -> np.ndarray:
        """Say of each trial whether it counts; ``table`` is of one kind of trials, such as right answers."""
        rt = table["rt"].to_numpy()
        kept = np.ones(len(table), bool)
        with np.errstate(invalid="ignore"):
            if self.fastest is not None:
                kept &= rt >= self.fastest
            if self.slowest is not None:
                kept &= rt <= self.slowest
            if self.deviations is not None:
                by = table["participant"]
                middle = table["rt"].groupby(by).transform("median")
                spread = SCALED * (table["rt"] - middle).abs().groupby(by).transform("median")
                kept &= (table["rt"] - middle <= self.deviations * spread).to_numpy()
        return kept
