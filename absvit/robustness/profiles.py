"""The robustness profile of a checkpoint: from its name to the record and its tables."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr
from torch import nn

from absvit.distributed import Process
from absvit.models import AbSViT
from absvit.models.checkpoints import identity
from absvit.networks import load_network
from absvit.robustness.classes import model_classes
from absvit.robustness.evaluation import Preprocessing, evaluate
from absvit.robustness.options import ProfileOptions
from absvit.robustness.suites import conditions
from absvit.robustness.tables import profile, table_text, write_tables

__all__ = ["profile_model", "run_profile"]

LEAST_SIZE = 16


def run_profile(options: ProfileOptions, process: Process) -> xr.Dataset:
    """Evaluate a checkpoint on some suites, as :func:`profile_model` does; gives the record."""
    who = options.model
    made_with = {"img_size": who.img_size, "which": {"model": None}.get(who.weights, who.weights)}
    made_with = {name: value for name, value in made_with.items() if value is not None}
    model = load_network(who.model, who.checkpoint, process.device, **made_with).module
    return profile_model(model, model_classes(model, who.classes), options, process.is_first)


def profile_model(model: nn.Module, names: Sequence[str], options: ProfileOptions, told: bool = True) -> xr.Dataset:
    """Evaluate a model that is loaded; print the table, and write it beside the record.

    Of the model, which is on the process's device, the options say how it is called and how many passes it
    makes; ``told``: this process, of several, prints and writes the table.
    """
    who, given = options.model, options.pictures
    last = who.iterations if isinstance(model, AbSViT) else 0
    if beyond := [number for number in given.attack_iterations if not 0 <= number <= last]:
        raise ValueError(f"{who.model} makes passes 0 to {last}; there is no pass {beyond[0]} to attack")
    shown = conditions(options.suites, given, names, Preprocessing.of(model).size)
    file, sha256 = identity(model)
    frost = None if given.frost_folder is None else given.frost_folder.name
    how = {"on_the_fly": given.on_the_fly, "centre_crop": given.centre_crop, "frost": frost, "weights": who.weights}
    facts = {"model": who.model, "checkpoint": file, "checkpoint_sha256": sha256, "seed": given.seed}
    record = evaluate(model, shown, names, options.record, who.iterations, facts | {"parameters": how})
    if told:
        table = profile(record)
        print(table_text(table).to_string(index=False))
        for path in write_tables(table, options.record.out):
            print(path)
    return record
