"""The catalogue of figures: what each shows, of which records, and the function that draws it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

from experiments.figures import (
    consistency,
    contact_sheet,
    contours,
    corruption,
    crowding,
    cueing,
    dominance,
    dynamics,
    energy,
    gains,
    hysteresis,
    maps,
    navon,
    objects,
    psychometric,
    robustness,
    search,
    settling,
    training,
)
from experiments.figures.signature import TITLES as BISTABLE
from experiments.figures.signature import signature
from experiments.figures.steering import steering

__all__ = ["FIGURES", "Entry"]


@dataclass(frozen=True)
class Entry:
    """A figure.

    Parameters
    ----------
    draw : function of a record, or of a list of them where it draws several, with the keyword ``style``.
    shows : what is in it.
    titles : of the records that it draws; none where anything with pictures will do, or tables of trials.
    several : whether it draws several records.
    """

    draw: Callable[..., Figure]
    shows: str
    titles: tuple[str, ...] = ()
    several: bool = True

    @property
    def options(self) -> set[str]:
        """Names of the options that its function takes."""
        return {*inspect.signature(self.draw).parameters} - {"style", "n"}


FIGURES = {
    "signature": Entry(signature, "stimuli, their maps and the probabilities under each cue", BISTABLE, several=False),
    "steering": Entry(steering, "selection index and share of stimuli that each kind of cue decides", BISTABLE),
    "gains": Entry(gains.gains, "steering by the gain of the cue", gains.TITLES),
    "psychometric": Entry(psychometric.psychometric, "which reading wins by mix; threshold and lapse",
                          psychometric.TITLES),
    "maps": Entry(maps.maps, "attention maps against the masks of the objects", maps.TITLES),
    "objects": Entry(objects.objects, "benefit and cost of class cues by set size and gain", objects.TITLES),
    "cueing": Entry(cueing.cueing, "benefit of a place cue by distance, and the gradient of attention", cueing.TITLES),
    "search": Entry(search.search, "search by set size, and its slopes", search.TITLES),
    "crowding": Entry(crowding.crowding, "recognition by spacing, and the critical spacing", crowding.TITLES),
    "navon": Entry(navon.navon, "global and local letters, and congruency", navon.TITLES),
    "contours": Entry(contours.contours, "illusory figures against turned inducers", contours.TITLES),
    "settling": Entry(settling.settling, "the percept from pass to pass, memory and change", settling.TITLES),
    "energy": Entry(energy.energy, "reconstruction error of each block from pass to pass", energy.TITLES),
    "hysteresis": Entry(hysteresis.hysteresis, "a morph up and down, and the area between", hysteresis.TITLES),
    "dominance": Entry(dominance.dominance, "alternation, and durations of dominance", dominance.TITLES),
    "dynamics": Entry(dynamics.dynamics, "settling, hysteresis and dominance together", dynamics.TITLES),
    "corruption": Entry(corruption.corruption, "accuracy over passes under corruption", corruption.TITLES),
    "robustness": Entry(robustness.robustness, "accuracy by corruption and severity, of several models",
                        robustness.TITLES),
    "consistency": Entry(consistency.consistency, "errors, accuracy and shape bias of models and people"),
    "training": Entry(training.training, "loss and accuracy over the epochs of trainings"),
    "sheet": Entry(contact_sheet.contact_sheet, "stimuli of a set or a record", several=False),
}  # fmt: skip
