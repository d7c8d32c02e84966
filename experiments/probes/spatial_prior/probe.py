"""The spatial-prior probe: attention at the target's place or away from it, narrow or wide, in Posner's displays.

The spotlight takes the part of the observer's attention (Posner 1980; Eriksen and St. James 1986 on its
width), so the displays drawn here show no cue of their own. The target is object 1. The record's priors have
the coordinates ``validity`` (valid, invalid, neutral), ``angle`` and ``width``, its stimuli ``x_1`` and
``y_1``, the target's place. What a display shows of a cue itself is told as ``display_validity``,
``display_cue_place`` and so on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr

from experiments import cues
from experiments.columns import LOG_ODDS, NAMED, SHARE_OF_WEIGHTS
from experiments.probe import Condition, Probe, Trial
from stimuli.foundation.design import crossed
from stimuli.foundation.registry import later

__all__ = ["PROBE", "SpatialPrior", "centres", "conditions"]

TURNS = 16  # stream of the ways round


@dataclass(frozen=True)
class SpatialPrior(cues.MapParameters):
    """Parameters of the probe.

    Parameters
    ----------
    angles
        Where attention goes, as angles around fixation from the target, in degrees from 0 to 180; clockwise
        for half of the stimuli, in random order, and the other way for the others. Eccentricity stays.
    widths
        Standard deviations of the spotlight, in units of the smaller side of the image.
    """

    gains: tuple[float, ...] = (1.0, 2.0)
    angles: tuple[float, ...] = (0.0, 45.0, 90.0, 180.0)
    widths: tuple[float, ...] = (0.05, 0.1, 0.2)

    def __post_init__(self) -> None:
        super().__post_init__()
        if 0 not in self.angles or not all(0 <= angle <= 180 for angle in self.angles):
            raise ValueError(f"angles must be in [0, 180] degrees, 0 among them, got {self.angles}")
        if not self.widths or not all(0 < width <= 10 for width in self.widths):
            raise ValueError(f"widths must be in (0, 10] of the image's smaller side, got {self.widths}")
        for name in ("angles", "widths"):
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                raise ValueError(f"{name} must differ from each other, got {getattr(self, name)}")


def conditions(parameters: SpatialPrior) -> list[Condition]:
    """List the priors: a spotlight of each width at each angle from the target, no place, no cue, and the controls."""
    nowhere = {"validity": "neutral"}
    found = [
        Condition("neutral", 0, "neutral", cues.learned, nowhere),
        Condition("diffuse", 0, "diffuse", cues.diffuse, nowhere),
    ]
    for width in parameters.widths:
        for angle in parameters.angles:
            prior = partial(cues.place, partial(centres, angle), width)
            levels = {"validity": "invalid" if angle else "valid", "angle": angle, "width": width}
            found.append(Condition(f"place {angle:g} width {width:g}", int(angle == 0), "place", prior, levels))
    middle = parameters.widths[len(parameters.widths) // 2]
    valid = partial(cues.place, partial(centres, 0.0), middle)
    found += [
        Condition("random vector", 0, "random vector", cues.random_vector, nowhere),
        Condition("shuffled place", 1, "shuffled place", partial(cues.shuffled, valid), nowhere | {"width": middle}),
    ]
    return cues.chosen(found, parameters.priors, ("diffuse", "place"))


def centres(angle: float, trial: Trial) -> np.ndarray:
    """Places (stimulus, 2), x and y in pixels, at an angle around the picture's centre from each target.

    The angle is in degrees, clockwise for half of the stimuli and the other way for the others.
    """
    height, width = trial.size
    x, y = (trial.stimuli[f"object_{name}"].values[:, 0].astype(float) for name in ("x", "y"))
    right, down = x - width / 2, y - height / 2
    ways = 2 * crossed(trial.numbers, (2,), trial.seed, TURNS)[:, 0] - 1
    turn = np.deg2rad(angle) * ways  # y points down: 1 is clockwise
    cosine, sine = np.cos(turn), np.sin(turn)
    return np.column_stack([width / 2 + cosine * right - sine * down, height / 2 + sine * right + cosine * down])


def _displays(stimuli: xr.Dataset) -> xr.Dataset:
    """The stimuli, if each has a target with a place; a cue that is drawn is the display's own, not the probe's."""
    if (stimuli["object_class"].values[:, 0] < 0).any():
        raise ValueError("spatial_prior needs a target, object 0, in every stimulus, and some have none")
    own = [name for name in stimuli.data_vars if name == "validity" or str(name).startswith("cue_")]
    return stimuli.rename({name: f"display_{name}" for name in own})


PROBE = Probe(
    "spatial_prior",
    "Attention at the target's place or away from it, narrow or wide: benefit by distance and width.",
    SpatialPrior,
    "cueing",
    conditions,
    needs=("object_class", "object_mask", "object_x", "object_y"),
    prepare=_displays,
    records=("logits", "prior_weights", "value_norm", "class_attention", "class_activation"),
    summarise=later("experiments.probes.spatial_prior.summary:spatial_prior_summary"),
    columns={
        "distance": "of attention from the target, in pixels, mean over stimuli",
        "reported": NAMED,
        "benefit": "reported - reported under diffuse attention of the same gain; in rows 'gradient' its slope",
        "evidence": f"{LOG_ODDS}, minus that under diffuse attention; in rows 'gradient' its slope",
        "share": f"{SHARE_OF_WEIGHTS}; the map is the value norm",
        "gradient": "row: least-squares slope over the distance of attention from the target, per 100 pixels",
    },
    figures=("spatial_prior", "mechanisms"),
    task=later("experiments.probes.spatial_prior.task:TASK"),
    formerly=("spatial prior",),
)
