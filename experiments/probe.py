"""The contract of a probe: what it shows under which conditions, and which probe a record is of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import xarray as xr
from torch import Tensor

from absvit import AbSViT
from absvit.models.priors import Prior

__all__ = ["Condition", "Stimuli", "Trial", "written_by"]


@dataclass(frozen=True)
class Stimuli:
    """Stimuli that are drawn when they are shown.

    Parameters
    ----------
    part : function of (first, n) that gives stimuli first .. first + n - 1 as a stimulus set.
    n : number of stimuli.
    pictures : function that gives the digest of the files that the stimuli are made of, so that a record which is gone
        on with is of the same pictures; None if they are drawn.
    """

    part: Callable[[int, int], xr.Dataset]
    n: int
    pictures: Callable[[], str] | None = None

    @classmethod
    def of(cls, dataset: xr.Dataset) -> Stimuli:
        """Show a stimulus set that is there already.

        Parameters
        ----------
        dataset : as a stimulus family's ``draw`` gives.
        """
        return cls(lambda first, n: dataset.isel(stimulus=slice(first, first + n)), dataset.sizes["stimulus"])


@dataclass(frozen=True, eq=False)
class Trial:
    """What a prior may depend on: some stimuli and the model that is to look at them.

    Parameters
    ----------
    model : the observer's model.
    numbers : (stimulus,) numbers of the stimuli.
    coverage : (stimulus, object, token_y, token_x) share of each token that an object covers, in [0, 1].
    classes : (stimulus,) index by name: class_1, class_2 ..., absent_class, third_class.
    seed : seed of the experiment.
    stimuli : the stimuli without their pictures and masks: places and design variables.
    gain : factor on the weights of the cues; None for the model's defaults.
    """

    model: AbSViT
    numbers: np.ndarray
    coverage: Tensor
    classes: dict[str, np.ndarray]
    seed: int
    stimuli: xr.Dataset
    gain: float | None = None


@dataclass(frozen=True)
class Condition:
    """A prior of the experiment.

    Parameters
    ----------
    name : its name in the record.
    cue : object that it cues: 1, 2 ..., 0 = none of them, -1 = one that is not shown.
    kind : kind of prior, such as "class".
    prior : function of a trial that gives it.
    levels : what else tells the prior apart, as numbers or words by name; they become coordinates of the record's
        priors.
    """

    name: str
    cue: int
    kind: str
    prior: Callable[[Trial], Prior]
    levels: Mapping[str, float | str] = field(default_factory=dict)


# Titles of records by probe, until the probes declare them.
TITLES = {
    "bistable": ("bistable perception",),
    "recognition": ("recognition",),
    "object_prior": ("object prior",),
    "spatial_prior": ("spatial prior",),
    "search": ("search",),
    "navon": ("navon",),
    "contours": ("contours",),
    "crowding": ("crowding",),
    "feedback_dynamics": tuple(f"feedback dynamics: {name}" for name in ("settling", "hysteresis", "switching")),
    "corruption_dynamics": ("corruption dynamics",),
}


def written_by(record: xr.Dataset) -> str | None:
    """Say which probe wrote a record.

    Parameters
    ----------
    record : as ``absvit.records.load`` gives it.

    Returns
    -------
    The probe's name: what the record's attribute ``probe`` says or, in records of 0.1.0, its title; None for a record
    of no probe.
    """
    title = record.attrs.get("title")
    found = (name for name, titles in TITLES.items() if title in titles)
    return record.attrs.get("probe") or next(found, None)
