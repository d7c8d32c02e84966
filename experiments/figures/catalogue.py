"""The catalogue of figures: what each shows, of which records, and the function that draws it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import xarray as xr
from matplotlib.figure import Figure

from experiments.figures import consistency, contact_sheet, robustness, training
from experiments.figures.record_table import check_title, check_variables
from experiments.probes.bistable import gains, maps, psychometric
from experiments.probes.bistable.signature import TITLES as BISTABLE
from experiments.probes.bistable.signature import signature
from experiments.probes.bistable.steering import steering
from experiments.probes.contours import figure as contours
from experiments.probes.corruption_dynamics import figure as corruption
from experiments.probes.crowding import figure as crowding
from experiments.probes.feedback_dynamics import dominance, energy, hysteresis, settling, together
from experiments.probes.navon import figure as navon
from experiments.probes.object_prior import figure as objects
from experiments.probes.search import figure as search
from experiments.probes.spatial_prior import figure as cueing

__all__ = ["FIGURES", "Entry", "check_record"]


@dataclass(frozen=True)
class Entry:
    """A figure.

    Parameters
    ----------
    draw : function of a record, or of a list of them where it draws several, with the keyword ``style``.
    shows : what is in it.
    titles : of the records that it draws; none where anything with pictures will do, or tables of trials.
    needs : variables that such a record must have.
    several : whether it draws several records.
    """

    draw: Callable[..., Figure]
    shows: str
    titles: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    several: bool = True

    @property
    def options(self) -> set[str]:
        """Names of the options that its function takes."""
        return {*inspect.signature(self.draw).parameters} - {"style", "n"}


def check_record(record: xr.Dataset, figure: str) -> None:
    """See to it that a figure can draw a record; if not, say which can.

    Parameters
    ----------
    record : any record.
    figure : name of the figure.

    Raises
    ------
    ValueError : the record is of another kind, or lacks a variable.
    """
    if not (titles := FIGURES[figure].titles):
        return
    try:
        check_title(record, figure, titles)
        check_variables(record, figure, FIGURES[figure].needs)
    except ValueError as error:
        fitting = [
            name for name, entry in FIGURES.items()
            if record.attrs.get("title") in entry.titles and {*entry.needs} <= {*record.variables}
        ]  # fmt: skip
        fitting += ["sheet"] * ("image" in record)
        instead = f"; figures of such a record: {', '.join(fitting)}" if fitting else ""
        raise ValueError(f"{error}{instead}") from error


FIGURES = {
    "signature": Entry(signature, "stimuli, their maps and the probabilities under each cue", BISTABLE,
                       ("logits", "image", "mask_1", "mask_2"), several=False),
    "steering": Entry(steering, "selection index and share of stimuli that each kind of cue decides", BISTABLE,
                      ("logits", "class_1")),
    "gains": Entry(gains.gains, "steering by the gain of the cue", gains.TITLES, ("logits", "gain")),
    "psychometric": Entry(psychometric.psychometric, "which reading wins by mix; threshold and lapse",
                          psychometric.TITLES, ("logits", "mix")),
    "maps": Entry(maps.maps, "attention maps against the masks of the objects", maps.TITLES,
                  ("mask_1", "mask_2")),
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
    "dynamics": Entry(together.dynamics, "settling, hysteresis and dominance together", together.TITLES),
    "corruption": Entry(corruption.corruption, "accuracy over passes under corruption", corruption.TITLES),
    "robustness": Entry(robustness.robustness, "accuracy by corruption and severity, of several models",
                        robustness.TITLES),
    "consistency": Entry(consistency.consistency, "errors, accuracy and shape bias of models and people"),
    "training": Entry(training.training, "loss and accuracy over the epochs of trainings"),
    "sheet": Entry(contact_sheet.contact_sheet, "stimuli of a set or a record", several=False),
}  # fmt: skip
