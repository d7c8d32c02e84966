"""The contract of a linking function: how evidence becomes a response time and a share of right answers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

    from experiments.linking.evidence import Evidence

__all__ = ["MOMENTS", "Link", "Parameter", "Predicted"]

MOMENTS = {
    "mean": "mean rt of right answers, s",
    "accuracy": "share of right answers, 1",
    "variance": "variance of the rt of right answers within a person, s^2",
}


@dataclass(frozen=True)
class Parameter:
    """A parameter of a link.

    Parameters
    ----------
    name : keyword of ``predict``.
    text : what it is.
    unit : "1" where it has none.
    low, high : what is searched; a parameter whose ``low`` is above 0 is searched on a logarithmic scale.
    searched : False where predictions change in steps: the values of ``starts`` alone are tried.
    """

    name: str
    text: str
    unit: str
    low: float
    high: float
    searched: bool = True


@dataclass(frozen=True, eq=False)
class Predicted:
    """What a link predicts of each trial of an observer.

    Parameters
    ----------
    rt : (trial,) mean response time in s, NaN = no answer.
    accuracy : (trial,) probability in [0, 1] of the right answer; NaN where nothing is right.
    variance : (trial,) of the response time in s^2; 0 where each trial has one time.
    answered : (trial,) pass in which is answered, the last one where there is no answer.
    """

    rt: np.ndarray
    accuracy: np.ndarray
    variance: np.ndarray
    answered: np.ndarray


@dataclass(frozen=True)
class Link:
    """A linking function: a hypothesis of how long people take, given what an observer computes.

    Parameters
    ----------
    name : word that calls it.
    line : what it is, in a line.
    source : paper that it is from.
    assumptions : what it takes for granted, a sentence each.
    parameters : what is fitted to people.
    predict : function of an ``Evidence`` and, by keyword, each parameter that gives a ``Predicted``. The
        docstring of its module holds the equations.
    starts : function of an ``Evidence`` that gives values of all parameters, from each of which a fit starts.
    moments : of ``MOMENTS``, those that are fitted where nothing else is asked for.
    density : function of the same as ``predict`` that gives the density (answer, time) in 1/s of the response
        times over all trials; None where each trial has one time.
    passes : whether it counts feedback passes, and an observer's table needs a row for each.
    """

    name: str
    line: str
    source: str
    assumptions: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    predict: Callable[..., Predicted]
    starts: Callable[[Evidence], Iterable[Mapping[str, float]]]
    moments: tuple[str, ...] = ("mean", "accuracy")
    density: Callable[..., xr.DataArray] | None = None
    passes: bool = False

    @property
    def page(self) -> str:
        """Equations, source, assumptions and parameters."""
        equations = inspect.getdoc(inspect.getmodule(self.predict)) or ""
        told = [f"{p.name} ({p.unit}), {p.low:g} to {p.high:g}: {p.text}" for p in self.parameters]
        parts = {"Source": [self.source], "Assumptions": self.assumptions, "Parameters": told}
        listed = ["\n".join([title, *(f"- {line}" for line in lines)]) for title, lines in parts.items()]
        return "\n\n".join([f"{self.name}: {self.line}", equations, *listed])
