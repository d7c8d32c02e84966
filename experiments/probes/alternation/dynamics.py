"""Alternation: a percept that is fed back, tires and is disturbed, pass by pass, over a map of what feedback does.

The map comes from the observer: its log odds of two readings when it is told either at a gain. Only the slow
variables are ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.signal
import xarray as xr

__all__ = ["Dynamics", "alternate", "followed", "told_margins", "unit_noise"]

FINE = 129  # places of the map between the strongest cue to the one reading and to the other


@dataclass(frozen=True)
class Dynamics:
    """How an observer's percept goes on.

    Parameters
    ----------
    feedback
        Gain at which a percept that is seen wholly is fed back; 0 is the control without feedback.
    adaptation
        Log odds that a percept loses, in nat, once it has lasted long; 0 is the control without adaptation.
    adaptation_time
        Time constant of adaptation in seconds.
    noise
        Standard deviation of the noise on the log odds in nat; 0 is the control without noise.
    noise_time
        Time constant of the noise in seconds.
    pass_time
        Seconds that a pass takes.
    seconds
        How long each picture is looked at.
    onset
        Seconds at the beginning that are left out, while adaptation builds up.
    criterion
        Probability, relative to the other reading, at which a percept is seen; where neither has it, it is mixed.
    report_time
        Seconds that what is seen must last to be reported, as people report it by a key; 0 reports all.
    """

    feedback: float = 2.0
    adaptation: float = 4.0
    adaptation_time: float = 5.0
    noise: float = 1.0
    noise_time: float = 0.2
    pass_time: float = 0.1
    seconds: float = 300.0
    onset: float = 20.0
    criterion: float = 0.75
    report_time: float = 0.3

    def __post_init__(self) -> None:
        for name in ("feedback", "adaptation", "noise", "onset", "report_time"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be a finite number of at least 0, got {getattr(self, name)}")
        if not 0 < self.pass_time <= min(self.adaptation_time, self.noise_time) < np.inf:
            raise ValueError(
                "pass_time must be above 0 and at most adaptation_time and noise_time, got "
                f"{self.pass_time}, {self.adaptation_time} and {self.noise_time} s"
            )
        if not self.onset + 2 * self.pass_time <= self.seconds < np.inf:
            raise ValueError(f"seconds must be two passes more than the onset of {self.onset} s, got {self.seconds}")
        if not 0.5 <= self.criterion < 1:
            raise ValueError(f"criterion must be in [.5, 1), got {self.criterion}")

    @property
    def least(self) -> int:
        """Passes that what is seen must last to be reported."""
        return max(1, round(self.report_time / self.pass_time))

    @property
    def passes(self) -> int:
        """Passes over a picture."""
        return round(self.seconds / self.pass_time)


def told_margins(record: xr.Dataset) -> xr.DataArray:
    """Log odds of reading 1 by what is told.

    Parameters
    ----------
    record : with logits (..., gain, prior, stimulus, class), the priors class 1 and class 2, and both classes.

    Returns
    -------
    (..., stimulus, told) in nat; told is the gain at which class 1 was told or, negative, class 2.
    """
    logits = record["logits"]
    margin = logits.isel({"class": record["class_1"]}) - logits.isel({"class": record["class_2"]})
    sides = [margin.sel(prior=f"class {k}", drop=True).rename(gain="told") for k in (1, 2)]
    second = sides[1].isel(told=slice(None, 0, -1))
    joined = xr.concat([second.assign_coords(told=-second["told"]), sides[0]], "told")
    return joined.transpose(..., "stimulus", "told").reset_coords(drop=True)


def alternate(margins: xr.DataArray, dynamics: Dynamics, seed: int) -> xr.DataArray:
    """Follow an observer's percept of each picture.

    Parameters
    ----------
    margins : (..., stimulus, told), as ``told_margins`` gives them, of gains from 0 up.
    dynamics : what happens.
    seed : of the noise; each picture has its own, whatever it is shown beside.

    Returns
    -------
    (..., time, stimulus) share of reading 1, p1 / (p1 + p2), pass by pass; time in seconds.

    Raises
    ------
    ValueError : feedback is stronger than all that was told.
    """
    *others, _, told = margins.shape
    before = int(np.prod(others, dtype=int))
    keys = [[seed, int(number), k] for k in range(before) for number in margins["stimulus"].values]
    shares = followed(margins.values.reshape(-1, told), margins["told"].values, dynamics, unit_noise(keys, dynamics))
    dims = [*margins.dims[:-2], "stimulus"]
    coordinates = {dim: margins[dim] for dim in dims if dim in margins.coords}
    shares = shares.T.reshape(*margins.shape[:-1], -1)
    time = {"time": dynamics.pass_time * np.arange(1, dynamics.passes + 1)}
    return xr.DataArray(shares, coordinates | time, [*dims, "time"]).transpose(..., "time", "stimulus")


def followed(margins: np.ndarray, told: np.ndarray, dynamics: Dynamics, noise: np.ndarray) -> np.ndarray:
    """Follow percepts pass by pass.

    Pass t tells the observer the percept d of the pass before, class 1 at gain G d or, where d is negative,
    class 2 at gain -G d, and the observer looks again: its log odds are m(G d). They tire and are disturbed,

        e_t = m(G d_{t-1}) - phi (a1 - a2)_{t-1} + n_t,    d_t = p1 - p2 = tanh(e_t / 2),
        tau a_k' = p_k - a_k,    tau_n n' = -n + sigma sqrt(2 tau_n) white noise,

    a leaky integral of what is seen, subtracted from its evidence: Laing and Chow (2002, J. Comput. Neurosci.
    12), Moreno-Bote, Rinzel and Rubin (2007, J. Neurophysiol. 98), Shpiro, Moreno-Bote, Rubin and Rinzel (2009,
    J. Comput. Neurosci. 27). Their mutual inhibition, -beta times the other's rate, is here what the observer's
    feedback does, m.

    Parameters
    ----------
    margins : (course, told) log odds of reading 1 in nat.
    told : ascending gains, negative where reading 2 was told.
    dynamics : what happens.
    noise : (pass, course) of unit variance, as ``unit_noise`` gives it.

    Returns
    -------
    (pass, course) p1 / (p1 + p2).

    Raises
    ------
    ValueError : feedback is stronger than all that was told.
    """
    gain, rate = dynamics.feedback, dynamics.pass_time / dynamics.adaptation_time
    if gain > min(-told[0], told[-1]):
        raise ValueError(
            f"a feedback of gain {gain:g} needs a map up to it, this one ends at {told[-1]:g}: add it to gains"
        )
    fine = np.stack([np.interp(np.linspace(-gain, gain, FINE), told, row) for row in margins])
    fine, rows = np.concatenate([fine, fine[:, -1:]], axis=1), np.arange(len(margins))
    percept, adapted = np.zeros(len(margins)), np.zeros(len(margins))
    found = np.empty(noise.shape)
    for t, disturbance in enumerate(dynamics.noise * noise):
        place = (percept + 1) * ((FINE - 1) / 2)
        below = place.astype(int)
        left = fine[rows, below]
        fed_back = left + (place - below) * (fine[rows, below + 1] - left)
        percept = np.tanh((fed_back - dynamics.adaptation * adapted + disturbance) / 2)
        adapted = adapted + rate * (percept - adapted)
        found[t] = percept
    return (found + 1) / 2


def unit_noise(keys: list[list[int]], dynamics: Dynamics) -> np.ndarray:
    """Ornstein-Uhlenbeck noise of unit variance: (pass, course), a course a key of random numbers."""
    white = np.stack([np.random.default_rng(key).standard_normal(dynamics.passes) for key in keys], axis=1)
    kept = np.exp(-dynamics.pass_time / dynamics.noise_time)
    return scipy.signal.lfilter([np.sqrt(1 - kept**2)], [1, -kept], white, axis=0)
