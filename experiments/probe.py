"""The contract of a probe: one object that says all that the programs need of it; and which probe wrote a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
import xarray as xr

from experiments.probes import PROBES

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

    from absvit.models.priors import Prior
    from experiments.observers import Observer
    from experiments.studies.task import Task
    from stimuli.foundation.registry import later

__all__ = ["BOTTOM_UP", "MAPS", "Condition", "Probe", "Stimuli", "Trial", "written_by"]

P = TypeVar("P")
MAPS = (  # that records can hold
    "prior_weights", "feedback_norm", "value_norm", "token_norm", "class_attention", "class_activation",
)  # fmt: skip
BOTTOM_UP = ("competition", "class_evidence")  # what records can hold of the first pass besides


@dataclass(frozen=True)
class Stimuli:
    """Stimuli that are drawn when they are shown.

    Parameters
    ----------
    part : function of (first, n) that gives stimuli first .. first + n - 1 as a stimulus set.
    n : number of stimuli.
    pictures : function that gives the digest of the files that the stimuli are made of, so that a record
        which is gone on with is of the same pictures; None if they are drawn.

    Examples
    --------
    >>> lazily = experiments.Stimuli(lambda first, n: stimuli.draw("halves", n=n, first=first), n=4)
    >>> lazily.part(2, 2).sizes["stimulus"]
    2
    """

    part: Callable[[int, int], xr.Dataset]
    n: int
    pictures: Callable[[], str] | None = None

    @classmethod
    def of(cls, dataset: xr.Dataset) -> Stimuli:
        """Show a stimulus set that is there already."""
        return cls(lambda first, n: dataset.isel(stimulus=slice(first, first + n)), dataset.sizes["stimulus"])


@dataclass(frozen=True, eq=False)
class Trial:
    """What a prior may depend on: some stimuli and who is to look at them.

    Parameters
    ----------
    observer : who looks.
    numbers : (stimulus,) numbers of the stimuli.
    coverage : (stimulus, object, token_y, token_x) share of each token that an object covers, in [0, 1].
    classes : (stimulus,) index by name: class_1, class_2 ..., absent_class, third_class.
    seed : seed of the experiment.
    stimuli : the stimuli without their pictures and masks: places and design variables.
    gain : factor on the weights of the cues; None for the observer's defaults.
    fatigue : (stimulus, class) logits that lasting percepts have lost; None where nothing tires.
    """

    observer: Observer
    numbers: np.ndarray
    coverage: Tensor
    classes: dict[str, np.ndarray]
    seed: int
    stimuli: xr.Dataset
    gain: float | None = None
    fatigue: Tensor | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the pictures in pixels."""
        return tuple(self.observer.size)

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of tokens, or of the masks alone where the observer has no locations."""
        return self.observer.locations


@dataclass(frozen=True)
class Condition:
    """A prior of the experiment.

    Parameters
    ----------
    name : its name in the record.
    cue : object that it cues: 1, 2 ..., 0 = none of them, -1 = one that is not shown.
    kind : kind of prior, such as "class".
    prior : function of a trial that gives it.
    levels : what else tells the prior apart, as numbers or words by name; they become coordinates of the
        record's priors.

    Examples
    --------
    >>> bistable = experiments.PROBES["bistable"]
    >>> [condition.name for condition in bistable.conditions(bistable.parameters())][:3]
    ['none', 'class 1', 'class 2']
    """

    name: str
    cue: int
    kind: str
    prior: Callable[[Trial], Prior]
    levels: Mapping[str, float | str] = field(default_factory=dict)

    def cues(self, trial: Trial) -> bool:
        """Say whether anything is looked for, besides the model's own prompt."""
        return self.prior(trial).kinds != {"learned"}

    def taken(self, trial: Trial) -> bool:
        """Say whether the trial's observer can be told it; else it looks bottom-up."""
        return trial.observer.takes(self.prior(trial))


def _unchanged(stimuli: xr.Dataset) -> xr.Dataset:
    return stimuli


def _one(example: xr.Dataset, parameters: object) -> int:
    return 1


@dataclass(frozen=True)
class Probe(Generic[P]):
    """A probe: what is shown, what it is asked to look for, what is kept of it, and how that is told.

    Parameters
    ----------
    name : word that calls it; records tell it as their attribute ``probe``.
    question : what it asks, in a line.
    parameters : frozen dataclass of what can be varied; its fields are the options of the command.
    display : stimulus family that is drawn where no stimuli are given, by name or as an object; a function of
        the parameters, where it depends on them.
    conditions : function of the parameters that lists the priors.
    unknown : likewise, for stimuli of which the model does not know all classes; these are refused, if left
        out.
    objects : objects that a stimulus holds; any number, if left out.
    needs : variables that every stimulus must have; a set without them is refused by name.
    prepare : function of some stimuli that gives them as the probe shows them, each by its own values alone;
        refuses those that it cannot show.
    pictures : function of an example of the stimuli and the parameters that gives the pictures of one trial.
    check : function of the stimuli and the parameters that refuses stimuli as a whole.
    seed : seed of what is drawn, where none is given.
    families : other families that the command draws, by name.
    varies : fields of the family's parameters that are options of the command: default and meaning by name.
    records : variables of its records: logits, maps of ``MAPS``, and of ``BOTTOM_UP`` those that it wants.
    show : function of (observers, some stimuli, parameters, seed) that gives their part of the record; they
        are perceived under every condition, if left out.
    finish : function of a record whose stimuli are all seen, and the parameters, that gives variables of the
        whole; the record holds them.
    summarise : function of a record that gives its table.
    localise : function of a record that tells how well its maps find what is cued.
    columns : what the columns of these tables are.
    figures : names of the figures that draw its records.
    task : what people are asked in it, or ``later("MODULE:TASK")``, which is imported where it is asked; None
        where people have none.
    title : of its records, with {fields} of the parameters; its name, if left out.
    formerly : titles of records that exist and do not name their probe.

    Examples
    --------
    >>> experiments.PROBES["bistable"].question
    'Two objects compete in one image, and a cue says which to look for.'
    """

    name: str
    question: str
    parameters: type[P]
    display: str | Callable[[P], str]
    conditions: Callable[[P], list[Condition]]
    unknown: Callable[[P], list[Condition]] | None = None
    objects: int | None = None
    needs: tuple[str, ...] = ("object_class", "object_mask")
    prepare: Callable[[xr.Dataset], xr.Dataset] = _unchanged
    pictures: Callable[[xr.Dataset, P], int] = _one
    check: Callable[[Stimuli, P], None] | None = None
    seed: int = 0
    families: tuple[str, ...] = ()
    varies: Mapping[str, tuple[object, str]] = field(default_factory=dict)
    records: tuple[str, ...] = ("logits", *MAPS)
    show: Callable[..., xr.Dataset] | None = None
    finish: Callable[[xr.Dataset, P], xr.Dataset] | None = None
    summarise: Callable[[xr.Dataset], pd.DataFrame] | None = None
    localise: Callable[[xr.Dataset], pd.DataFrame] | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    figures: tuple[str, ...] = ()
    task: Task | later | None = None
    title: str = ""
    formerly: tuple[str, ...] = ()

    def displays(self, parameters: P) -> str:
        """Say which family is drawn where no stimuli are given."""
        return self.display(parameters) if callable(self.display) else self.display

    def entitled(self, parameters: P) -> str:
        """Give the title of a record."""
        return self.title.format_map(vars(parameters)) or self.name.replace("_", " ")


def written_by(record: xr.Dataset) -> str | None:
    """Say which probe wrote a record: its attribute ``probe`` or, in records of 0.1.0, its title.

    Returns
    -------
    The probe's name; None for a record of no probe.
    """
    title = record.attrs.get("title")
    return record.attrs.get("probe") or (PROBES[title].name if title in PROBES else None)
