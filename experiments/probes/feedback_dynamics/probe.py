"""The feedback-dynamics probe: where repeated feedback settles, what it remembers, and how it alternates.

The record has the dims ([model, seed,] gain, severity, iteration, prior, stimulus): logits (..., class),
state_change, two_step_change, reconstruction_error (..., layer) and, on request, features (..., layer,
feature) and prior_weights (..., token_y, token_x) with image, as ``absvit.models.course.Course`` describes
them. Noise is ``severity``. Of each stimulus its two classes, and for hysteresis, whose stimuli are whole
morph sequences, ``morph`` (stimulus, iteration), ``direction`` and ``pair``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import tyro
import xarray as xr

import absvit
from experiments import cues
from experiments.probe import Condition, Probe, Stimuli, Trial
from stimuli.foundation.registry import later

if TYPE_CHECKING:
    from absvit.models.course import CourseSettings
    from absvit.models.priors import Prior

__all__ = ["CONDITIONS", "PROBE", "PROTOCOLS", "CourseCondition", "FeedbackDynamics"]


@dataclass(frozen=True)
class CourseCondition(Condition):
    """A prior that may give way to another once it has been there for some passes.

    Parameters
    ----------
    then : prior of the later passes; as in the first ones, if left out.
    """

    then: Callable[[Trial], Prior] | None = None

    def at(self, released: bool) -> Callable[[Trial], Prior]:
        """Give the prior of a pass."""
        return self.then if released and self.then else self.prior

    def taken(self, trial: Trial) -> bool:
        """Say whether the trial's observer can be followed pass by pass, which takes all of them."""
        return trial.observer.course is not None


def _learned(trial: Trial) -> Prior:
    """The model's own prompt at the trial's gain."""
    return absvit.priors.LearnedPrior(trial.gain)


def _of_each(name: str, kind: str, prior: Callable[[int], Callable], then: Callable | None = None) -> list:
    """Conditions that cue each of the two readings."""
    return [CourseCondition(name.format(k), k, kind, prior(k), then=then) for k in (1, 2)]


def _class(k: int) -> Callable[[Trial], Prior]:
    return partial(cues.class_cue, f"class_{k}")


CONDITIONS = {
    condition.name: condition
    for condition in (
        CourseCondition("none", 0, "none", _learned),
        *_of_each("class {}", "class", _class),
        CourseCondition("percept", 0, "percept", cues.percept),
        *_of_each("released {}", "released", _class, cues.percept),
        *_of_each("released {}, none", "released, none", _class, _learned),
        *_of_each("random vector {}", "random vector", lambda k: partial(cues.random_vector, cue=k)),
        *_of_each("shuffled class {}", "shuffled class", lambda k: partial(cues.shuffled, _class(k))),
        CourseCondition("shuffled percept", 0, "shuffled percept", partial(cues.shuffled, cues.percept)),
    )
}


@dataclass(frozen=True)
class Protocol:
    """What a protocol does where the parameters leave it open.

    Parameters
    ----------
    passes : feedback passes over each picture.
    adaptation : logits that a lasting percept loses.
    priors : conditions.
    """

    passes: int
    adaptation: float
    priors: tuple[str, ...]


PROTOCOLS = {
    "settling": Protocol(15, 0.0, tuple(name for name in CONDITIONS if name != "shuffled percept")),
    "hysteresis": Protocol(1, 0.0, ("none", "percept", "random vector 1", "shuffled percept")),
    "switching": Protocol(200, 4.0, ("none", "percept", "random vector 1", "shuffled percept")),
}


@dataclass(frozen=True)
class FeedbackDynamics:
    """Parameters of the probe.

    Parameters
    ----------
    protocol
        Settling: many passes over each picture. Hysteresis: a morph up and down, the state carried from
        picture to picture. Switching: very many passes over a picture with two readings, with adaptation.
    passes
        Feedback passes over each picture; 15, 1 or 200 if left out. On the command line also --iterations.
    gains
        Gains of the priors.
    noise
        Standard deviations of the noise on the tokens that are fed back, in units of their root mean square;
        they become the record's dimension severity.
    adaptation
        Logits that a percept loses once it has lasted long; 0, 0 or 4 if left out.
    adaptation_time
        Time constant of adaptation in passes.
    carry
        Carry the state from picture to picture; without it each begins bottom-up, the control of hysteresis.
    cue_passes
        Passes after which a released cue is taken away.
    priors
        Priors to run: none, class 1, class 2, percept (what was seen in the last pass), released 1 and 2 (a
        class that gives way to the percept), "released 1, none" and 2 (that gives way to the learned prompt),
        random vector 1 and 2, shuffled class 1 and 2, shuffled percept; those of the protocol if left out.
    features
        Record the mean patch token that leaves each block, for comparisons between passes and layers.
    maps
        Record the pictures and the weights that the priors give to every patch, to look at the passes.
    """

    protocol: Literal["settling", "hysteresis", "switching"] = "settling"
    passes: Annotated[int | None, tyro.conf.arg(aliases=("--iterations",))] = None
    gains: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0)
    noise: tuple[float, ...] = (0.0,)
    adaptation: float | None = None
    adaptation_time: float = 20.0
    carry: bool = True
    cue_passes: int = 1
    priors: tuple[str, ...] = ()
    features: bool = False
    maps: bool = False

    def __post_init__(self) -> None:
        if self.protocol not in PROTOCOLS:
            raise ValueError(f"protocol must be one of {', '.join(PROTOCOLS)}, got {self.protocol!r}")
        if (self.passes is not None and self.passes < 1) or self.cue_passes < 1:
            raise ValueError(f"passes and cue_passes must be at least 1, got {self.passes} and {self.cue_passes}")
        if not self.gains or not np.isfinite(self.gains).all() or len(set(self.gains)) < len(self.gains):
            raise ValueError(f"gains must be finite numbers, each once, got {self.gains}")
        finite = all(0 <= noise < np.inf for noise in self.noise)
        if not self.noise or not finite or len(set(self.noise)) < len(self.noise):
            raise ValueError(f"noise must hold standard deviations of at least 0, each once, got {self.noise}")
        if not 1 <= self.adaptation_time < np.inf or not 0 <= (self.adaptation or 0) < np.inf:
            raise ValueError(
                "adaptation must be at least 0 and adaptation_time at least 1 pass, got "
                f"{self.adaptation} and {self.adaptation_time}"
            )
        unknown = [name for name in self.priors if name not in CONDITIONS]
        if unknown:
            raise ValueError(f"there is no prior {unknown[0]!r} here; expected some of {', '.join(CONDITIONS)}")

    def looking(self, noise: float) -> CourseSettings:
        """How the model goes on looking, at one strength of noise."""
        from absvit.models.course import CourseSettings

        protocol = PROTOCOLS[self.protocol]
        passes = protocol.passes if self.passes is None else self.passes
        adaptation = protocol.adaptation if self.adaptation is None else self.adaptation
        return CourseSettings(passes, noise, adaptation, self.adaptation_time, self.carry)


def conditions(parameters: FeedbackDynamics) -> list[CourseCondition]:
    """List the priors."""
    return [CONDITIONS[name] for name in parameters.priors or PROTOCOLS[parameters.protocol].priors]


def family(parameters: FeedbackDynamics) -> str:
    """Say which stimuli are drawn: two readings at once or, for hysteresis, one that turns into the other."""
    return "morph" if parameters.protocol == "hysteresis" else "halves"


def steps(example: xr.Dataset, parameters: FeedbackDynamics) -> int:
    """Say how many pictures a trial shows: those of a morph sequence, for hysteresis.

    Raises
    ------
    ValueError : the stimuli are no morph sequences.
    """
    if parameters.protocol != "hysteresis":
        return 1
    if "morph" not in example:
        raise ValueError("hysteresis needs morph sequences: leave out --stimuli, or make a set of the family morph")
    return json.loads(example.attrs["parameters"])["steps"]


def whole_sequences(stimuli: Stimuli, parameters: FeedbackDynamics) -> None:
    """Refuse half a pair of morph sequences.

    Raises
    ------
    ValueError : a sequence is cut, or has no other that goes the other way.
    """
    pair = 2 * steps(stimuli.part(0, 1), parameters)
    if parameters.protocol == "hysteresis" and stimuli.n % pair:
        raise ValueError(
            f"hysteresis needs whole sequences up and down, {pair} pictures each pair, got {stimuli.n} pictures: give "
            "an even --n"
        )


PROBE = Probe(
    "feedback_dynamics",
    "Feedback again and again: where it settles, what it remembers along a morph, how it alternates.",
    FeedbackDynamics,
    family,
    conditions,
    objects=2,
    pictures=steps,
    check=whole_sequences,
    varies={"steps": (15, "Pictures of a morph sequence.")},
    records=("logits", "state_change", "two_step_change", "reconstruction_error", "features", "prior_weights"),
    show=later("experiments.probes.feedback_dynamics.show:show"),
    summarise=later("experiments.probes.feedback_dynamics.summary:summary"),
    columns={
        "settled": "share of trials whose state stops to change",
        "settling_iteration": "first pass from which on no pass changes the state by more than the tolerance",
        "fixed_point_distance": "relative change of the state in the last pass, |f(z) - z| / |z|",
        "oscillation": "(d1 - d2) / (d1 + d2), relative changes over one and two passes: 1 for an orbit of period 2",
        "decided": "share of trials whose entropy falls to one bit",
        "decision_time": "first pass in which it does",
        "energy_change": "relative change of the reconstruction error, summed over blocks, since pass 0",
        "selection_index": "p(cued) / (p(class 1) + p(class 2)); chance .5",
        "cue_memory": "share of reading 1 after cue 1 - that after cue 2, both taken away; 0: forgotten",
        "area": "area between the branches of a morph up and down; 0 without memory",
        "width": "distance of the two transition points; each direction's first crossing of one half",
        "switch_rate": "switches between the readings per 100 passes",
        "duration": "mean phase of dominance, in passes",
        "phases": "phases that are whole, of all stimuli",
        "variation": "standard deviation / mean of their durations; no interval",
        "gamma_shape": "shape of the gamma distribution fitted by maximum likelihood; no interval",
        "gamma_over_lognormal": "its log-likelihood less that of a log-normal, per phase; no interval",
    },
    figures=("settling", "energy", "hysteresis", "dominance", "dynamics"),
    title="feedback dynamics: {protocol}",
    formerly=("feedback dynamics: settling", "feedback dynamics: hysteresis", "feedback dynamics: switching"),
)
