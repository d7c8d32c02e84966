"""The spatial-prior probe: attention at the target's place or away from it, narrow or wide, in Posner's displays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr

from absvit.records.fill import Store
from experiments import cues
from experiments.demands import check_classes, check_variables, each_part
from experiments.observers import Observer
from experiments.probe import Condition, Stimuli, Trial
from experiments.show import run
from stimuli.foundation.design import crossed

__all__ = ["SpatialPrior", "centres", "conditions", "probe"]

TITLE = "spatial prior"
TURNS = 16  # stream of the ways round


@dataclass(frozen=True)
class SpatialPrior(cues.Cued):
    """Parameters of the probe.

    Parameters
    ----------
    angles
        Where attention goes, as angles around fixation from the target, in degrees from 0 to 180; clockwise for half
        of the stimuli, in random order, and the other way for the others. Eccentricity stays.
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
    """List the priors: a spotlight of each width at each angle from the target, no place, no cue, and the controls.

    Parameters
    ----------
    parameters : angles and widths.
    """
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
    return [
        *found,
        Condition("random vector", 0, "random vector", cues.random_vector, nowhere),
        Condition("shuffled place", 1, "shuffled place", partial(cues.shuffled, valid), nowhere | {"width": middle}),
    ]


def centres(angle: float, trial: Trial) -> np.ndarray:
    """Places at an angle around the picture's centre from each target.

    Parameters
    ----------
    angle : degrees, clockwise for half of the stimuli and the other way for the others.
    trial : stimuli and model.

    Returns
    -------
    (stimulus, 2) x and y in pixels.
    """
    height, width = trial.model.patch_embed.img_size
    x, y = (trial.stimuli[f"object_{name}"].values[:, 0].astype(float) for name in ("x", "y"))
    right, down = x - width / 2, y - height / 2
    ways = 2 * crossed(trial.numbers, (2,), trial.seed, TURNS)[:, 0] - 1
    turn = np.deg2rad(angle) * ways  # y points down: 1 is clockwise
    cosine, sine = np.cos(turn), np.sin(turn)
    return np.column_stack([width / 2 + cosine * right - sine * down, height / 2 + sine * right + cosine * down])


def probe(
    observers: Sequence[Observer],
    stimuli: Stimuli | xr.Dataset,
    parameters: SpatialPrior,
    seed: int,
    store: Store,
) -> xr.Dataset:
    """Show displays with attention at and away from the target, and write the record.

    The spotlight takes the part of the observer's attention (Posner 1980; Eriksen and St. James 1986 on its width),
    so the displays drawn here show no cue of their own. The target is object 1.

    Parameters
    ----------
    observers : models of one kind, each label with the same seeds.
    stimuli : displays with a target and its place, such as those of ``stimuli.families.cueing``.
    parameters : iterations, gains, angles, widths and layer.
    seed : seed of random vectors and shuffles.
    store : where the record goes.

    Returns
    -------
    The record, opened lazily, as ``object_prior`` gives it; its priors have the coordinates
    ``validity`` (valid, invalid, neutral), ``angle`` and ``width``, its stimuli ``x_1`` and ``y_1``, the target's
    place. What a display shows of a cue itself is told as ``display_validity``, ``display_cue_place`` and so on.

    Raises
    ------
    ValueError : stimuli without masks or places or of unknown classes, or as ``experiments.show.run``.
    """
    stimuli = each_part(stimuli, _displays)
    check_classes(observers, stimuli.part(0, 1).attrs["categories"], "spatial_prior")
    maps = ("prior_weights", "value_norm", "class_attention")
    shown = cues.chosen(conditions(parameters), parameters.priors, ("diffuse", "place"))
    return run(TITLE, observers, stimuli, shown, parameters, seed, store, parameters.gains, maps)


def _displays(stimuli: xr.Dataset) -> xr.Dataset:
    """The stimuli, if each has a target with a place; a cue that is drawn is the display's own, not the probe's."""
    check_variables(stimuli, ("object_class", "object_mask", "object_x", "object_y"), "spatial_prior")
    if (stimuli["object_class"].values[:, 0] < 0).any():
        raise ValueError("spatial_prior needs a target, object 0, in every stimulus, and some have none")
    own = [name for name in stimuli.data_vars if name == "validity" or str(name).startswith("cue_")]
    return stimuli.rename({name: f"display_{name}" for name in own})
