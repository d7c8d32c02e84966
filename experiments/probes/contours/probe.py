"""The contours probe: illusory figures and their turned inducers, looked for or not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr

from absvit.records.fill import Store
from experiments import cues
from experiments.demands import check_classes, check_variables, each_part
from experiments.observers import Observer
from experiments.probe import Condition, Stimuli
from experiments.show import run
from stimuli.families.contours import FIGURES, surface

__all__ = ["Contours", "conditions", "probe"]

TITLE = "contours"


@dataclass(frozen=True)
class Contours(cues.Cued):
    """Parameters of the probe."""


def conditions() -> list[Condition]:
    """List the priors: no cue, the figure's class, a class that is not shown, and the controls."""
    figure = partial(cues.class_cue, "class_1")
    return [
        Condition("neutral", 0, "neutral", cues.learned),
        Condition("figure", 1, "figure", figure),
        Condition("absent", -1, "absent", partial(cues.class_cue, "absent_class")),
        Condition("random vector", 0, "random vector", cues.random_vector),
        Condition("shuffled figure", 1, "shuffled figure", partial(cues.shuffled, figure)),
    ]


def probe(
    observers: Sequence[Observer], stimuli: Stimuli | xr.Dataset, parameters: Contours, seed: int, store: Store
) -> xr.Dataset:
    """Show illusory figures and their controls, and write the record.

    The evidence for a figure is that for its class (triangle, square; ``measures.target_evidence``) and the prior's
    weights on the surface that the inducers surround. Both are compared with the same inducers turned outwards, which
    surround the same place and draw no figure (Kanizsa 1976; turned inducers: Lee and Nguyen 2001, PNAS 98). A class
    that turns more probable need not be a contour that is seen: the model names shapes, it does not draw their edges.

    Parameters
    ----------
    observers : models of one kind, each label with the same seeds.
    stimuli : figures of ``stimuli.families.contours``.
    parameters : iterations, gains and layer.
    seed : seed of random vectors and shuffles.
    store : where the record goes.

    Returns
    -------
    The record, opened lazily, as ``object_prior`` gives it. ``class_1`` is the figure's class and
    ``mask_1`` its surface, ``mask_2`` holds the inducers; ``condition`` is illusory or control.

    Raises
    ------
    ValueError : stimuli of another family, a figure whose name no model's class has, or as ``experiments.show.run``.
    """
    stimuli = each_part(stimuli, _figures)
    check_classes(observers, stimuli.part(0, 1).attrs["categories"], "contours")
    maps = ("prior_weights", "value_norm")
    shown = cues.chosen(conditions(), parameters.priors)
    return run(TITLE, observers, stimuli, shown, parameters, seed, store, parameters.gains, maps)


def _figures(stimuli: xr.Dataset) -> xr.Dataset:
    """The stimuli with two objects: the figure, of the class that its name says, and all inducers."""
    check_variables(stimuli, ("condition", "figure", "figure_corners", "object_mask"), "contours")
    names = [FIGURES[corners] for corners in json.loads(stimuli.attrs["parameters"])["corners"]]
    masks = np.stack([surface(stimuli).values, stimuli["object_mask"].values.any(axis=1)], axis=1)
    classes = np.column_stack([[names.index(str(f)) for f in stimuli["figure"].values], np.full(len(masks), -1)])
    bare = stimuli.drop_dims("object")
    return bare.assign(
        object_mask=(("stimulus", "object", "y", "x"), masks),
        object_class=(("stimulus", "object"), classes.astype(np.int16)),
    ).assign_attrs(categories=names)
