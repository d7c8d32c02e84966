"""The search probe: a target among more and more items, looked for by its class or not."""

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
from experiments.probe import Condition, Stimuli
from experiments.show import run

__all__ = ["Search", "conditions", "probe"]

TITLE = "search"


@dataclass(frozen=True)
class Search(cues.Cued):
    """Parameters of the probe."""


def conditions() -> list[Condition]:
    """List the priors: the class that is looked for, no cue, and the controls."""
    target = partial(cues.class_cue, "class_1")
    return [
        Condition("neutral", 0, "neutral", cues.learned),
        Condition("target", 1, "target", target),
        Condition("absent", -1, "absent", partial(cues.class_cue, "absent_class")),
        Condition("random vector", 0, "random vector", cues.random_vector),
        Condition("shuffled target", 1, "shuffled target", partial(cues.shuffled, target)),
    ]


def probe(
    observers: Sequence[Observer], stimuli: Stimuli | xr.Dataset, parameters: Search, seed: int, store: Store
) -> xr.Dataset:
    """Show search displays with and without the target, and write the record.

    The evidence is the model's for the class that is looked for (``measures.target_evidence``): a classifier names one
    thing, and cannot search for a colour or an orientation as such. So the two forms must be two classes that the
    model knows, and only forms, or conjunctions of them with hues, can be looked for. What the record shows is how
    well the target's class is told from its absence as items are added, and whether a cue changes that.

    Parameters
    ----------
    observers : models of one kind, each label with the same seeds.
    stimuli : displays of ``stimuli.families.search`` with two different forms.
    parameters : iterations, gains and layer.
    seed : seed of random vectors and shuffles.
    store : where the record goes.

    Returns
    -------
    The record, opened lazily, as ``object_prior`` gives it. ``class_1`` is the class that is looked
    for and ``mask_1`` the target, empty where there is none; ``mask_2`` holds the other items. ``set_size`` and
    ``target`` (present, absent) come from the display.

    Raises
    ------
    ValueError : stimuli of another family, of one form, or of unknown classes, or as ``experiments.show.run``.
    """
    stimuli = each_part(stimuli, _looked_for)
    check_classes(observers, stimuli.part(0, 1).attrs["categories"], "search")
    maps = ("prior_weights", "feedback_norm")
    shown = cues.chosen(conditions(), parameters.priors)
    return run(TITLE, observers, stimuli, shown, parameters, seed, store, parameters.gains, maps)


def _looked_for(stimuli: xr.Dataset) -> xr.Dataset:
    """The stimuli with two objects: the target, of the class that is looked for, and all other items."""
    check_variables(stimuli, ("set_size", "target", "target_form", "object_mask"), "search")
    categories, form = list(stimuli.attrs["categories"]), stimuli["target_form"].values
    unknown = sorted({str(name) for name in form} - set(categories))
    if unknown:
        raise ValueError(
            f"search looks for a class and {unknown[0]!r} is none: draw displays of two forms "
            "(python -m stimuli search --kind form --forms triangle cross)"
        )
    masks = stimuli["object_mask"].values
    target = masks[:, 0] & (stimuli["target"].values == "present")[:, None, None]
    both = np.stack([target, masks.any(axis=1) & ~target], axis=1)
    classes = np.column_stack([[categories.index(name) for name in form], np.full(len(form), -1)]).astype(np.int16)
    bare = stimuli.drop_dims("object")
    return bare.assign(
        object_mask=(("stimulus", "object", "y", "x"), both), object_class=(("stimulus", "object"), classes)
    )
