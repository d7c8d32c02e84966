"""Demands: what a probe needs of stimuli and models, and refuses to run without."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import replace

import xarray as xr

from experiments.observers import Observer, class_indices, class_names
from experiments.probe import Stimuli

__all__ = ["check_classes", "check_variables", "each_part"]


def check_variables(example: xr.Dataset, names: Sequence[str], probe: str) -> None:
    """Refuse a stimulus set without the variables that a probe's measures need.

    Parameters
    ----------
    example : some of the stimuli.
    names : variables, such as object_mask.
    probe : name of the probe.

    Raises
    ------
    ValueError : some are missing; they are named.
    """
    lacking = [name for name in names if name not in example]
    if lacking:
        family = example.attrs.get("family", "an unnamed family")
        raise ValueError(
            f"{probe} needs {', '.join(lacking)} of every stimulus and this set of {family} has none: choose another "
            "set (python -m stimuli list), or leave out --stimuli"
        )


def check_classes(observers: Sequence[Observer], categories: Sequence[str], probe: str) -> None:
    """Refuse classes that a model does not know.

    Parameters
    ----------
    observers : models of one kind.
    categories : names of classes that the probe cues or asks for.
    probe : name of the probe.

    Raises
    ------
    ValueError : some are unknown; the first is named, with the nearest that the model knows.
    """
    model, label = observers[0].model, observers[0].label
    unknown = [name for name, index in zip(categories, class_indices(model, categories), strict=True) if index < 0]
    if unknown:
        names = class_names(model)
        near = difflib.get_close_matches(unknown[0], names, 4, 0.4)
        more = ", ..." if len(names) > 12 else ""
        told = f"the nearest that it knows: {', '.join(near)}" if near else f"it knows {', '.join(names[:12])}{more}"
        raise ValueError(
            f"{label} does not know the class {unknown[0]!r}, which {probe} asks for ({told}): choose another model or "
            "other stimuli"
        )


def each_part(stimuli: Stimuli | xr.Dataset, change: Callable[[xr.Dataset], xr.Dataset]) -> Stimuli:
    """Change stimuli when they are shown.

    Parameters
    ----------
    stimuli : stimuli that are drawn when they are shown, or a set that is there.
    change : function of some stimuli, each depending on its own values alone.
    """
    stimuli = stimuli if isinstance(stimuli, Stimuli) else Stimuli.of(stimuli)
    return replace(stimuli, part=lambda first, n, part=stimuli.part: change(part(first, n)))
