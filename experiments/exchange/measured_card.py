"""Cards: what was measured of a checkpoint, written beside its weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import xarray as xr

from experiments import measures
from experiments.statistics.intervals import bootstrap
from stimuli.foundation.files import write_whole

if TYPE_CHECKING:
    from absvit.models.checkpoints import Checkpoint

__all__ = ["add_measured"]


def add_measured(
    weights: Path, steering: xr.Dataset, recognition: xr.Dataset, rotated: xr.Dataset | None = None
) -> Path:
    """Write the measures of a checkpoint into its card.

    Parameters
    ----------
    weights : safetensors file with its card beside it.
    steering : bistable record of this checkpoint (of this seed, where it holds several).
    recognition : recognition record of it.
    rotated : recognition record with hues rotated by 180 degrees, where there is one.

    Returns
    -------
    The card.

    Raises
    ------
    ValueError : a record is of another checkpoint.
    """
    from absvit.models import checkpoints

    found = checkpoints.read(weights)
    steering, recognition = (_of_checkpoint(r, found) for r in (steering, recognition))
    last = steering.isel(iteration=[-1])
    values = {
        "single-object accuracy, bottom-up": measures.accuracy(recognition).isel(iteration=0),
        "single-object accuracy": measures.accuracy(recognition).isel(iteration=-1),
    }
    if rotated is not None:
        turned = measures.accuracy(_of_checkpoint(rotated, found)).isel(iteration=-1)
        values["single-object accuracy, hue rotated by 180 degrees"] = turned
    if steering.sizes["iteration"] > 1:
        for kind in ("class", "place", "random vector", "shuffled class"):
            values[f"selection index, {kind}"] = measures.selection_index(last).sel(prior=kind)
            if kind in ("class", "place"):
                values[f"both cues decide, {kind}"] = measures.cue_decides(last).sel(prior=kind)
        values["AUC of the prior weights on the cued object, class"] = measures.attention_auc(last).sel(prior="class")
        values["probability of a cued, absent class"] = measures.absent_probability(last).sel(prior="absent class")
    measured = {"single objects": recognition.sizes["stimulus"], "bistable images": steering.sizes["stimulus"]}
    for name, value in values.items():
        interval = bootstrap(value.squeeze(drop=True))
        low, high = float(interval["low"]), float(interval["high"])
        measured[name] = {"value": float(interval["estimate"]), "interval": [low, high]}
    card = weights.with_suffix(".json")
    text = json.dumps(checkpoints.formats.read_card(weights) | {"measured": measured}, indent=2) + "\n"
    write_whole(card, text, sync=True)
    return card


def _of_checkpoint(record: xr.Dataset, found: Checkpoint) -> xr.Dataset:
    """The part of a record that is of this checkpoint, without permuted decoders."""
    hashes = record.attrs["checkpoint_sha256"].split(", ")
    if found.sha256 not in hashes:
        raise ValueError(f"the record is of other checkpoints than {found.source}: run the probe on this one")
    record = measures.written(record)
    record = record.isel(model=0) if "model" in record.dims else record
    return record.isel(seed=hashes.index(found.sha256)) if "seed" in record.dims else record
