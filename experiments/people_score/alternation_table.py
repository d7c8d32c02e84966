"""The statistics of who sees which display alternate, people and observers, from their phases."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.statistics.phase_statistics import MIXED, alternation_row

__all__ = ["PICTURES", "SCALED", "alternation_table"]

PICTURES, SCALED = "pictures", "evidence scaled"  # the display of observers, and one of the observers
LEAST = 3  # phases, of which there are statistics


def alternation_table(phases: pd.DataFrame, n: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Tabulate the statistics of who sees which display at which contrast.

    Parameters
    ----------
    phases : as ``Compared`` has them.
    n, seed : resamples of the participants.

    Returns
    -------
    DataFrame, a row for who, display and contrast: n, participants, and each statistic of ``Alternation`` with
    its ``_low`` and ``_high``; n = 0 where nothing alternates.
    """
    groups = phases.groupby(["who", "display", "contrast"], sort=False)
    rows = [dict(zip(("who", "display", "contrast"), told, strict=True)) | _row(of, n, seed) for told, of in groups]
    return pd.DataFrame(rows)


def _row(phases: pd.DataFrame, n: int, seed: int) -> dict[str, float]:
    lasting = phases["duration"][(phases["response"] != MIXED) & (phases["duration"] > 0)]
    few = len(lasting) < LEAST or np.ptp(lasting) == 0
    return {"n": 0, "participants": 0} if few else alternation_row(phases, n, seed)
