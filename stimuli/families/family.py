"""The contract of a stimulus family: one object that says all that the programs need of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import xarray as xr

__all__ = ["Family"]

P = TypeVar("P")


@dataclass(frozen=True)
class Family(Generic[P]):
    """A stimulus family.

    Parameters
    ----------
    name : word that calls it.
    shows : what its stimuli show, in a line.
    parameters : frozen dataclass of what can be varied; its fields are the options of the command.
    draw : function of (parameters, n, seed, first) that gives stimuli first .. first + n - 1 of the set as a stimulus
        set, the same whatever is drawn beside them.
    for_models : parameters with which probes draw it for a model; the defaults, if left out.
    formerly : names under which sets that exist tell of it.
    """

    name: str
    shows: str
    parameters: type[P]
    draw: Callable[[P, int, int, int], xr.Dataset]
    for_models: P | None = None
    formerly: tuple[str, ...] = ()
