"""Running a probe: observers, what they are shown, and where the record goes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from absvit.models.class_names import class_indices
from absvit.records.fill import fill
from absvit.records.options import RecordOptions
from experiments.attributes import attributes, check_told
from experiments.classes import check_classes
from experiments.command_options import StimulusOptions
from experiments.observers import Observer, load_observers, observer_of
from experiments.probe import Probe, Stimuli
from experiments.probes import PROBES
from experiments.show import looks_of, perceived
from experiments.source import shown

if TYPE_CHECKING:
    from torch import nn

__all__ = ["run"]

CHUNK = 20  # stimuli at a time, of a record in memory


def run(
    probe: Probe | str,
    observers: Sequence | Observer | nn.Module | str,
    stimuli: Stimuli | xr.Dataset | StimulusOptions | str | Path | None = None,
    parameters: object | None = None,
    seed: int | None = None,
    store: RecordOptions | None = None,
    *,
    out: Path | str | None = None,
    n: int = 200,
) -> xr.Dataset:
    """Show stimuli to observers under every condition of a probe.

    Parameters
    ----------
    probe : by name, or the object itself, such as one that a notebook has just defined.
    observers : side by side, of one size and the same categories, each name with as many seeds; a single one,
        a model, or a name will do. All see the same pictures.
    stimuli : a stimulus set, or its folder; a family, by name; the probe's own display, if left out.
    parameters : the probe's frozen dataclass; its defaults, if left out.
    seed : of the stimuli that are drawn, and of what the probe draws itself; the probe's, if left out.
    store : where the record goes; it stays in memory, if neither this nor ``out`` is given.
    out : folder of a new record, the rest of ``store`` being its defaults.
    n : number of stimuli, where they are drawn or come from a folder.

    Returns
    -------
    The record: opened lazily, or in memory.

    Raises
    ------
    ValueError : there is no such probe, the stimuli are not what it needs (what they lack is named), a model
        does not know their classes, logits are not finite (the stimulus is named), or the store cannot be
        used.

    Examples
    --------
    >>> record = experiments.run("bistable", model, n=4)
    >>> record["logits"].dims
    ('iteration', 'prior', 'stimulus', 'class')
    """
    probe, observers = PROBES.of(probe), _looking(observers)
    parameters = probe.parameters() if parameters is None else parameters
    seed = probe.seed if seed is None else seed
    stimuli, each = prepared(probe, observers, _given(probe, observers[0], stimuli, parameters, seed, n), parameters)
    look = probe.show or partial(perceived, probe)

    def finish(record: xr.Dataset) -> xr.Dataset:
        return xr.Dataset() if probe.finish is None else probe.finish(record, parameters)

    def part(of: slice) -> xr.Dataset:
        seen = look(observers, stimuli.part(of.start * each, (of.stop - of.start) * each), parameters, seed)
        return seen.assign(xr.full_like(finish(seen), np.nan).data_vars)  # until all are seen

    told = partial(attributes, probe, observers, stimuli, parameters, seed, each)
    if store is None and out is not None:
        store = RecordOptions(Path(out))
    if store is None:
        starts = range(0, stimuli.n // each, CHUNK)
        parts = [part(slice(at, min(at + CHUNK, stimuli.n // each))) for at in starts]
        joined = xr.concat(parts, "stimulus", data_vars="minimal", coords="minimal", compat="override", join="override")
        return joined.assign(finish(joined).data_vars).assign_attrs(told())
    return fill(part, stimuli.n // each, told, store, finish if probe.finish else None)


def _looking(observers: Sequence | Observer | nn.Module | str) -> list[Observer]:
    """Observers, however they are given, those of a name next to each other; refuses what cannot be one record."""
    if isinstance(observers, str):
        return load_observers(observers)
    given = list(observers) if isinstance(observers, Sequence) else [observers]
    found = [observer_of(each) for each in given]
    for name in ("size", "categories"):
        if len({getattr(observer, name) for observer in found}) > 1:
            told = " and ".join(dict.fromkeys(observer.name for observer in found))
            raise ValueError(
                f"observers of one record have the same {name}, and those of {told} differ: run each alone"
            )
    return _by_seed(found)


def _by_seed(observers: Sequence[Observer]) -> list[Observer]:
    """Observers of each name, their seeds numbered from 0 where names have different ones."""
    names = list(dict.fromkeys(observer.name for observer in observers))
    each = [[observer for observer in observers if observer.name == name] for name in names]
    seeds = [[observer.seed for observer in of_name] for of_name in each]
    if twice := next((name for name, of in zip(names, seeds, strict=True) if len(set(of)) < len(of)), None):
        raise ValueError(
            f"two observers of one record are called {twice!r} and have the same seed: name each otherwise"
        )
    if len({len(of) for of in seeds}) > 1:
        told = ", ".join(f"{len(of)} of {name}" for name, of in zip(names, seeds, strict=True))
        raise ValueError(f"observers of one record have as many seeds each, got {told}: run each alone")
    if any(of != seeds[0] for of in seeds):
        each = [[replace(observer, seed=number) for number, observer in enumerate(of)] for of in each]
    return [observer for of_name in each for observer in of_name]


def _given(probe: Probe, observer: Observer, stimuli, parameters: object, seed: int, n: int) -> Stimuli:
    """Stimuli, however they are given."""
    if isinstance(stimuli, Stimuli):
        return stimuli
    if isinstance(stimuli, xr.Dataset):
        return Stimuli.of(stimuli)
    if not isinstance(stimuli, StimulusOptions):
        stimuli = StimulusOptions(n, seed, None if stimuli is None else Path(stimuli))
    return shown(probe, parameters, stimuli, observer)


def prepared(probe: Probe, observers: Sequence[Observer], stimuli: Stimuli, parameters: object) -> tuple[Stimuli, int]:
    """Give stimuli as a probe shows them, and the pictures of a trial; refuse what it cannot show.

    Raises
    ------
    ValueError : a variable or an object is lacking, a class is unknown, or what the probe refuses itself.
    """
    example = stimuli.part(0, 1)
    if lacking := [name for name in probe.needs if name not in example]:
        family = example.attrs.get("family", "an unnamed family")
        raise ValueError(
            f"{probe.name} needs {', '.join(lacking)} of every stimulus and this set of {family} has none: choose "
            "another set (python -m stimuli list), or leave out --stimuli"
        )
    if probe.objects is not None and example.sizes.get("object") != probe.objects:
        wanted = f"{probe.objects} object{'s' * (probe.objects > 1)}"
        raise ValueError(f"{probe.name} needs {wanted} a stimulus, got {dict(example.sizes)}")
    stimuli = replace(stimuli, part=lambda first, n, part=stimuli.part: probe.prepare(part(first, n)))
    if probe.check:
        probe.check(stimuli, parameters)
    example = probe.prepare(example)
    categories = example.attrs["categories"]
    if probe.unknown is None:
        check_classes(observers, categories, probe.name)
    elif probe.unknown is not probe.conditions:
        _warn_of_unknown(observers[0], categories)
    looks_of(probe, observers[0], example, parameters)  # conditions that there are not, are refused here
    check_told(probe, observers, example, parameters)
    return stimuli, probe.pictures(example, parameters)


def _warn_of_unknown(observer: Observer, categories: Sequence[str]) -> None:
    """Say that the cues are of no class."""
    unknown = class_indices(observer, categories) < 0
    if unknown.any():
        warnings.warn(
            f"{observer.name} does not know {', '.join(np.array(categories)[unknown][:4])}: the cues are places only, "
            "and no selection index can be measured (--classes names what two photographs show)",
            stacklevel=4,
        )
