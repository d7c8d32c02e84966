"""The Navon probe: large letters made of small ones, seen with wide, narrow or no attention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr

from absvit.records.fill import Store
from experiments import cues
from experiments.demands import check_variables, each_part
from experiments.observers import Observer
from experiments.probe import Condition, Stimuli, Trial
from experiments.show import run

__all__ = ["Navon", "conditions", "probe"]

TITLE = "navon"


@dataclass(frozen=True)
class Navon(cues.Cued):
    """Parameters of the probe.

    Parameters
    ----------
    narrow
        Standard deviation of the narrow spotlight, in units of the smaller side of the image.
    wide
        Standard deviation of the wide one.
    """

    gains: tuple[float, ...] = (1.0,)
    narrow: float = 0.08
    wide: float = 0.35

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.narrow < self.wide <= 10:
            raise ValueError(f"expected 0 < narrow < wide <= 10, got {self.narrow} and {self.wide}")


def conditions(parameters: Navon) -> list[Condition]:
    """List the priors: no cue, a narrow and a wide spotlight on the figure's centre, and the controls.

    Parameters
    ----------
    parameters : widths of the spotlights.
    """
    spots = {name: partial(cues.place, _centre, getattr(parameters, name)) for name in ("narrow", "wide")}
    return [
        Condition("neutral", 0, "neutral", cues.learned),
        *(Condition(name, 0, name, spot, {"width": getattr(parameters, name)}) for name, spot in spots.items()),
        Condition("random vector", 0, "random vector", cues.random_vector),
        Condition("shuffled narrow", 0, "shuffled narrow", partial(cues.shuffled, spots["narrow"])),
    ]


def probe(
    observers: Sequence[Observer], stimuli: Stimuli | xr.Dataset, parameters: Navon, seed: int, store: Store
) -> xr.Dataset:
    """Show compound letters, and write the record.

    No model here was trained on letters, so nothing is named. The measures ask instead whether the pattern of the
    logits tells the letters: congruent figures of each letter give its template, and every figure is matched to the
    templates (``measures.letter_evidence``). That shows which level of the figure a model's answer varies with, and
    whether the other level gets in its way; not that it reads letters, nor any order in time. A spotlight sets the
    width of attention (Navon 1977 on the two levels; Eriksen and St. James 1986 on the zoom lens).

    Parameters
    ----------
    observers : models of one kind, each label with the same seeds.
    stimuli : figures of ``stimuli.families.navon``.
    parameters : iterations, gains, widths and layer.
    seed : seed of random vectors and shuffles.
    store : where the record goes.

    Returns
    -------
    The record, opened lazily, as ``object_prior`` gives it, with the figures' ``congruency``,
    ``global_letter`` and ``local_letter``; ``class_1`` and ``class_2`` are -1.

    Raises
    ------
    ValueError : stimuli of another family, or as ``experiments.show.run``.
    """
    stimuli = each_part(stimuli, _figures)
    maps = ("prior_weights", "value_norm")
    shown = cues.chosen(conditions(parameters), parameters.priors)
    return run(TITLE, observers, stimuli, shown, parameters, seed, store, parameters.gains, maps)


def _centre(trial: Trial) -> np.ndarray:
    """Centres (stimulus, 2) of the figures, x and y in pixels."""
    return np.column_stack([trial.stimuli[name].values[:, 0] for name in ("object_x", "object_y")]).astype(float)


def _figures(stimuli: xr.Dataset) -> xr.Dataset:
    """The stimuli, if they are compound letters."""
    check_variables(stimuli, ("congruency", "global_letter", "local_letter", "object_mask", "object_x"), "navon")
    return stimuli
