"""What the contract of a probe promises, tried on a few of its stimuli."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
import xarray as xr

import absvit
from absvit.records.vocabulary import is_word
from experiments.command_options import StimulusOptions
from experiments.experiment import run
from experiments.observers import load_observers, observer_of
from experiments.probe import Probe, Stimuli
from experiments.probes import PROBES
from experiments.source import shown

__all__ = ["check_probe"]


def check_probe(
    probe: Probe | str,
    parameters: object | None = None,
    stimuli: Stimuli | xr.Dataset | None = None,
    n: int = 4,
    model: str = "absvit_micro",
    plain: str = "vit_micro",
) -> xr.Dataset:
    """Try what the contract of a probe promises on a few stimuli.

    The same seed gives the same values whatever the chunks; every variable has a long name and a unit; what
    is needed is refused by name where it is missing; logits that are not finite name their stimulus; a plain
    ViT sees the same under every cue; the table of a record is a table whose columns are explained.

    Parameters
    ----------
    probe : by name, or the object itself.
    parameters : of the probe; its defaults, if left out.
    stimuli : a stimulus set of at least two trials; the probe's own display, if left out.
    n : stimuli that are drawn.
    model : name of a model that looks, one that knows the classes of the stimuli.
    plain : name of a plain ViT that knows them.

    Returns
    -------
    The record that was tried, in memory.

    Raises
    ------
    AssertionError : a promise is broken; the probe and the promise are named.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # so few stimuli are unbalanced
        return _checked(PROBES.of(probe), parameters, stimuli, n, model, plain)


def _checked(probe: Probe, parameters, stimuli, n: int, model: str, plain: str) -> xr.Dataset:
    parameters = probe.parameters() if parameters is None else parameters
    observers = load_observers(model)
    given = Stimuli.of(stimuli) if isinstance(stimuli, xr.Dataset) else stimuli
    given = given or shown(probe, parameters, StimulusOptions(n, 0), observers[0])
    record = run(probe, observers, given, parameters)
    promised = _Promised(probe)
    promised(record.attrs["probe"] == probe.name, "a record tells the name of its probe")
    _check_chunks(promised, probe, observers, given, parameters, record)
    _check_words(promised, record)
    _check_needs(promised, probe, observers, given, parameters)
    _check_finite(promised, probe, observers, given, parameters)
    _check_plain(promised, probe, load_observers(plain), given, parameters)
    if probe.summarise is not None:
        frame = probe.summarise(record)
        promised(isinstance(frame, pd.DataFrame) and len(frame) > 0, "summarise gives a table with rows")
    return record


class _Promised:
    """Says which promise a probe breaks."""

    def __init__(self, probe: Probe) -> None:
        self.name = probe.name

    def __call__(self, kept: object, promise: str) -> None:
        """Refuse a promise that is not kept."""
        assert kept, f"the probe {self.name} breaks its contract: {promise}"

    def refused(self, act: Callable[[], object], words: str, promise: str) -> None:
        """See to it that something is refused with these words."""
        try:
            act()
        except ValueError as error:
            self(words in str(error), f"{promise}; it says: {error}")
        else:
            self(False, promise)


def _check_chunks(promised: _Promised, probe: Probe, observers, given: Stimuli, parameters, record: xr.Dataset) -> None:
    """The values of a stimulus are the same beside whichever others it is shown."""
    each = probe.pictures(given.part(0, 1), parameters)
    first = min(2, record.sizes["stimulus"] // 2) or 1
    if probe.check is None:
        part = replace(given, n=first * each)
        few = run(probe, observers, part, parameters)
        same = np.allclose(few["logits"], record["logits"].isel(stimulus=slice(first)), atol=1e-4, equal_nan=True)
        promised(same, "the same seed gives the same values, whatever is shown beside")
    again = run(probe, observers, given, parameters)
    promised(again.drop_attrs().equals(record.drop_attrs()), "the same seed gives the same record")


def _check_words(promised: _Promised, record: xr.Dataset) -> None:
    """Every variable says what it is."""
    for name, variable in record.variables.items():
        told = variable.attrs.get("long_name") and variable.attrs.get("units")
        own = variable.attrs.get("long_name") != str(name).replace("_", " ") or is_word(str(name))
        promised(told and own, f"every variable has a long name and a unit, and {name} has none")


def _check_needs(promised: _Promised, probe: Probe, observers, given: Stimuli, parameters) -> None:
    """A set without what is needed is refused by name."""
    for name in probe.needs:
        lacking = replace(given, part=lambda first, n, name=name: given.part(first, n).drop_vars(name))
        promised.refused(
            lambda lacking=lacking: run(probe, observers, lacking, parameters),
            name,
            f"stimuli without {name} are refused by name",
        )


def _check_finite(promised: _Promised, probe: Probe, observers, given: Stimuli, parameters) -> None:
    """Logits that are not finite name their stimulus."""
    model = absvit.load_model(observers[0].name)
    with torch.no_grad():
        model.head.bias.fill_(torch.nan)
    number = int(given.part(0, 1)["stimulus"].values[0])
    broken = observer_of(model)
    promised.refused(
        lambda: run(probe, broken, given, parameters), f"stimulus {number}", "logits that are not finite are refused"
    )


def _check_plain(promised: _Promised, probe: Probe, plain, given: Stimuli, parameters) -> None:
    """A model that takes no priors sees the same under every cue."""
    record = run(probe, plain, given, parameters)
    first = record["logits"].isel(prior=slice(1)).values
    promised((record["logits"].values == first).all(), "a plain ViT sees the same under every cue")
