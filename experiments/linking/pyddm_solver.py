"""The diffusion solved and simulated by pyddm (Shinn, Lam and Murray 2020, eLife 9), an extra."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

__all__ = ["last_time", "sampled", "solved"]

STEP = 2e-3  # s
UNDECIDED = 1e-6  # share of walks that are still under way at the last time


def last_time(drift: float, boundary: float, nondecision: float) -> float:
    """Give a time in s by which all but a share of 1e-6 have answered.

    The tail falls as exp(-(v^2 / 2 + pi^2 / (8 B^2)) t), the first term of the series of Ratcliff 1978.
    """
    rate = drift**2 / 2 + np.pi**2 / (8 * boundary**2)
    return float(nondecision - np.log(UNDECIDED) / rate)


@lru_cache(maxsize=16)  # people with the same parameters are solved once
def solved(drift: float, boundary: float, nondecision: float, duration: float):
    """Solve the diffusion.

    Parameters
    ----------
    drift, boundary, nondecision : a second, root of s, and s.
    duration : last time in s.

    Returns
    -------
    pyddm.Solution at times of a step of 2 ms; its choices are right and wrong.

    Raises
    ------
    ValueError : pyddm is not installed.
    """
    try:
        import pyddm
    except ModuleNotFoundError as error:
        raise ValueError("whole distributions of rt need pyddm: pip install absvit[diffusion]") from error
    model = pyddm.gddm(
        drift=float(drift), noise=1.0, bound=float(boundary), nondecision=float(nondecision),
        mixture_coef=0.0, dt=STEP, T_dur=float(duration), choice_names=("right", "wrong"),
    )  # fmt: skip
    return model.solve_analytical()


def sampled(drift: float, boundary: float, nondecision: float, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Simulate answers with pyddm's own simulator.

    Parameters
    ----------
    drift, boundary, nondecision : a second, root of s, and s.
    n : trials.
    seed : of the answers.

    Returns
    -------
    Times (trial,) in s, and whether each is right, 1 or 0.
    """
    duration = last_time(drift, boundary, nondecision)
    frame = solved(drift, boundary, nondecision, duration).sample(n, seed=seed).to_pandas_dataframe()
    order = np.random.default_rng(seed).permutation(len(frame))  # pyddm gives the right answers first
    return frame["RT"].to_numpy(float)[order], frame["choice"].to_numpy(float)[order]
