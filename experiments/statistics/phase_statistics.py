"""Statistics of an alternation between two percepts, with intervals over participants, from a table of phases.

One function serves people and observers. What it computes are functions of sums, one row of sums a participant, so
that a bootstrap over participants weighs rows.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy.special import digamma, polygamma

__all__ = ["MIXED", "Alternation", "alternation", "alternation_row", "gamma_shape"]

MIXED = "mixed"
COLUMNS = ("participant", "session", "block", "response", "duration")
FEWEST = 4  # phases of a block, of which a correlation is computed
MEMORIES = np.geomspace(0.1, 10, 21)  # time constants of history, in mean phases of the participant


@dataclass(frozen=True)
class Alternation:
    """Statistics of an alternation.

    Parameters
    ----------
    n : phases of dominance.
    participants : whose they are.
    mean : their mean duration, in the unit of the table.
    shape : of a gamma distribution of durations, each divided by the mean of its participant.
    variation : standard deviation of these.
    lag : mean over blocks of the correlation of successive phases of dominance; NaN where no block has four.
    mixed : share of the time in which neither percept dominates.
    history : correlation of the logarithm of a phase's duration with how much its percept has been seen before, more
        than the other; negative where a percept that was seen long has tired. The strongest of all time constants.
    memory : that time constant, in mean phases of the participant.
    """

    n: int
    participants: int
    mean: float
    shape: float
    variation: float
    lag: float
    mixed: float
    history: float
    memory: float


STATISTICS = ("mean", "shape", "variation", "lag", "mixed", "history", "memory")


def alternation(phases: pd.DataFrame) -> Alternation:
    """Compute the statistics of an alternation, of people or of observers.

    Durations of people follow a gamma distribution with a coefficient of variation of about .5 to .6 (Levelt
    1967; Brascamp et al. 2005), a phase is somewhat like the one before it (van Ee 2009, JOSA A 26), and is the
    shorter the more its percept was seen of late: cumulative history (Pastukhov and Braun 2011, J. Vision
    11(10):12), here the leaky integral h' = (s - h) / memory of s = 1 while the percept is seen, -1 while the
    other is, 0 while neither is, from 0 at the start of a block to the onset of the phase. Both sides of its
    correlation are taken about their mean for each participant and percept, so that a preferred percept does not
    look like a memory.

    Parameters
    ----------
    phases : a row a phase in its order: participant, session, block, response (the percept, or ``MIXED``, which no
        phase of dominance is), duration; a trial table with these. Phases without length do not count.

    Raises
    ------
    ValueError : the table lacks a column, or fewer than three phases are left.
    """
    sums = _sums(phases)
    found = _statistics(sums, np.ones((1, len(sums))))
    return Alternation(int(sums["n"].sum()), len(sums), *(float(found[name][0]) for name in STATISTICS))


def alternation_row(phases: pd.DataFrame, n: int = 1000, seed: int = 0) -> dict[str, float]:
    """Give the statistics with 95 % intervals, the percentiles of a bootstrap over participants.

    Parameters
    ----------
    phases : as for :func:`alternation`.
    n : resamples.
    seed : of the resamples.

    Returns
    -------
    Fields of ``Alternation``, and of each statistic ``_low`` and ``_high``; NaN of a single participant.
    """
    sums, row = _sums(phases), asdict(alternation(phases))
    found = _statistics(sums, resamples(len(sums), n, seed))
    for name in STATISTICS:
        enough = len(sums) > 1 and np.isfinite(found[name]).any()
        ends = np.nanpercentile(found[name], (2.5, 97.5)) if enough else (np.nan, np.nan)
        row |= {f"{name}_low": float(ends[0]), f"{name}_high": float(ends[1])}
    return row


def resampled(phases: pd.DataFrame, n: int, seed: int) -> dict[str, np.ndarray]:
    """Give each statistic in n bootstrap samples of the participants, by name."""
    sums = _sums(phases)
    return _statistics(sums, resamples(len(sums), n, seed))


def resamples(participants: int, n: int, seed: int) -> np.ndarray:
    """How often each participant is drawn: (n, participants)."""
    return np.random.default_rng(seed).multinomial(participants, np.full(participants, 1 / participants), n)


def gamma_shape(log_mean_excess: np.ndarray) -> np.ndarray:
    """Shape k of the gamma distribution of greatest likelihood: log k - digamma(k) = log mean x - mean log x.

    Newton's method from Minka's starting point (2002, Estimating a Gamma distribution).

    Parameters
    ----------
    log_mean_excess : log mean x - mean log x, above 0.
    """
    s = np.asarray(log_mean_excess, float)
    k = (3 - s + np.sqrt((s - 3) ** 2 + 24 * s)) / (12 * s)
    for _ in range(5):
        k = k - (np.log(k) - digamma(k) - s) / (1 / k - polygamma(1, k))
    return k


def _sums(phases: pd.DataFrame) -> pd.DataFrame:
    """Sums of which the statistics are functions, a row a participant."""
    if lacking := [name for name in COLUMNS if name not in phases]:
        raise ValueError(f"a table of phases needs the column {lacking[0]!r}; there are {', '.join(phases.columns)}")
    of = phases.loc[phases["duration"] > 0, list(COLUMNS)].reset_index(drop=True)
    of["block"] = of.groupby(["participant", "session", "block"], sort=False, observed=True).ngroup()
    of["seen"] = of["response"] != MIXED
    seen = of[of["seen"]].copy()
    if len(seen) < 3 or np.ptp(seen["duration"]) == 0:
        raise ValueError(f"expected at least three phases of dominance that differ, got {len(seen)}")
    pace = seen.groupby("participant", sort=False)["duration"].mean()
    relative = seen["duration"] / seen["participant"].map(pace)
    seen["square"], seen["log"] = relative**2, np.log(relative)
    sums = seen.groupby("participant", sort=False).agg(
        n=("duration", "size"), total=("duration", "sum"), square=("square", "sum"), log=("log", "sum")
    )
    lags = _lags(seen).groupby(seen.groupby("block")["participant"].first())
    sums["lag"], sums["blocks"] = lags.sum(), lags.count()
    sums["mixed"] = of["duration"].where(~of["seen"], 0.0).groupby(of["participant"]).sum()
    sums["time"] = of.groupby("participant")["duration"].sum()
    history = _history(of, of["participant"].map(pace).to_numpy())[of["seen"].to_numpy()]
    return sums.join(_products(history, seen)).fillna(0.0)


def _lags(seen: pd.DataFrame) -> pd.Series:
    """Correlation of successive phases in each block; NaN where there are fewer than four, or all are the same."""
    durations = seen.groupby("block")["duration"]
    pairs = pd.DataFrame({"block": seen["block"], "x": seen["duration"], "y": durations.shift(-1)})
    pairs = pairs[pairs["y"].notna() & (durations.transform("size") >= FEWEST)]
    for name in "xy":
        pairs[name] -= pairs.groupby("block")[name].transform("mean")
    squares = pairs[["x", "y"]].pow(2).groupby(pairs["block"]).sum()
    products = (pairs["x"] * pairs["y"]).groupby(pairs["block"]).sum()
    scale = np.sqrt(squares["x"] * squares["y"])
    return (products / scale.where(scale > 1e-12)).reindex(seen["block"].unique())


def _history(of: pd.DataFrame, pace: np.ndarray) -> np.ndarray:
    """What has been seen of the percept of each phase, more than of the other, at its onset: (phase, memory)."""
    first = next(iter(of["response"][of["seen"]]))
    sides = np.where(of["response"] == first, 1.0, -1.0) * of["seen"].to_numpy()
    kept = np.exp(-(of["duration"].to_numpy() / pace)[:, None] / MEMORIES)
    begins = np.r_[True, np.diff(of["block"].to_numpy()) != 0]
    h, found = np.zeros(len(MEMORIES)), np.empty_like(kept)
    for k, side in enumerate(sides):
        if begins[k]:
            h = np.zeros(len(MEMORIES))
        found[k] = h
        h = side + (h - side) * kept[k]
    return found * sides[:, None]


def _products(history: np.ndarray, seen: pd.DataFrame) -> pd.DataFrame:
    """Sums of squares and products of history and log duration about the means of each participant's percepts."""
    known = history.any(axis=1)  # not the first of a block
    frame = pd.DataFrame(np.column_stack([seen["log"], history]), index=seen.index)[known]
    frame -= frame.groupby([seen["participant"][known], seen["response"][known]]).transform("mean")
    y, x = frame[[0]].to_numpy(), frame.drop(columns=0).to_numpy()
    names = [f"{of}{k}" for of in ("xy", "xx") for k in range(x.shape[1])]
    products = pd.DataFrame(np.column_stack([x * y, x**2, y**2]), frame.index, [*names, "yy"])
    return products.groupby(seen["participant"][known], sort=False).sum()


def _statistics(sums: pd.DataFrame, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Each statistic, (resample,), where participants count so often: (resample, participant)."""
    total = {name: weights @ sums[name].to_numpy() for name in sums}
    products, squares = (np.stack([total[f"{of}{k}"] for k in range(len(MEMORIES))], axis=-1) for of in ("xy", "xx"))
    with np.errstate(divide="ignore", invalid="ignore"):
        correlations = products / np.sqrt(squares * total["yy"][:, None])
        strongest = np.nan_to_num(np.abs(correlations), nan=-1.0).argmax(axis=-1)
        return {
            "mean": total["total"] / total["n"],
            "shape": gamma_shape(-total["log"] / total["n"]),
            "variation": np.sqrt(total["square"] / total["n"] - 1),
            "lag": total["lag"] / total["blocks"],
            "mixed": total["mixed"] / total["time"],
            "history": np.take_along_axis(correlations, strongest[:, None], axis=-1)[:, 0],
            "memory": MEMORIES[strongest],
        }
