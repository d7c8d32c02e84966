"""The test of a trained segmenter: the pixels of every picture counted into a record, and their scores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial

import dask.array
import numpy as np
import pandas as pd
import xarray as xr

from absvit.distributed import Process
from absvit.records import provenance, seeds
from absvit.records.fill import fill_chunks
from absvit.records.options import RecordOptions
from absvit.records.vocabulary import described
from absvit.segmentation.counting import confusions, scores
from absvit.segmentation.datasets import SegmentedPictures
from absvit.segmentation.loading_segmenter import Loaded
from absvit.segmentation.options import Cue, Test
from absvit.segmentation.problem import whole_transform_of
from absvit.segmentation.views import blocks, whole_loader
from stimuli.foundation.picture_files import say

__all__ = ["over_seeds", "run_test", "summary"]

SCORES = ("miou", "macc", "aacc")
OF_A_SEED = ("seed", "finetune", "grad_checkpointing", "test_batch")  # how trainings of one recipe may differ


def run_test(test: Test, cue: Cue, loaded: Loaded, process: Process) -> xr.Dataset:
    """Segment every picture once, whatever the number of processes; whole, at one scale, not mirrored.

    The record holds confusion (iteration, stimulus, class, predicted_class) pixels of each picture, and of
    all together iou and accuracy (iteration, class), miou, macc and aacc (iteration,). Where a picture or its
    labels cannot be used, what is done stays in it.
    """
    pictures, model = test.pictures(loaded), loaded.model.to(process.device)
    prior_for = cue.prior_for(model)

    def made_of(part: slice) -> str:
        return pictures.contents(range(part.start, part.stop))

    def values_of(parts: list[slice]) -> Iterator[xr.Dataset]:
        numbers = [block for part in parts for block in blocks(part.start, part.stop, loaded.recipe.test_batch)]
        loader = whole_loader(pictures, whole_transform_of(loaded.recipe), numbers, test.num_workers if numbers else 0)
        counted = confusions(model, loader, process.device, prior_for, loaded.recipe.precision)
        for part in parts:
            counts = np.stack([next(counted)[1].numpy() for _ in range(part.stop - part.start)], axis=1)
            yield xr.Dataset({"confusion": (CONFUSION, counts.astype(np.int32))})

    def scored(record: xr.Dataset) -> xr.Dataset:
        counts = record["confusion"].sum("stimulus").load()
        found = scores(counts)
        _say_absent(counts.isel(iteration=0).sum("predicted_class"))
        return found

    store = RecordOptions(test.out, test.resume, test.overwrite, test.chunk)
    layout = partial(_layout, loaded, pictures, test, cue, process)
    return fill_chunks(store, layout, values_of, made_of, scored, (process.rank, process.world_size))


def _say_absent(pixels: xr.DataArray) -> None:
    """Tell the classes that no pixel shows: a mean over the others is not the data set's score."""
    if absent := pixels["class"].values[pixels.values == 0].tolist():
        told = ", ".join(absent[:5]) + f" and {len(absent) - 5} more" * (len(absent) > 5)
        say(
            f"{len(absent)} of {pixels.size} classes never occur in the pictures that were tested ({told}): unless the "
            "model sees them, they are no part of the means"
        )


CONFUSION = ("iteration", "stimulus", "class", "predicted_class")


def _layout(loaded: Loaded, pictures: SegmentedPictures, test: Test, cue: Cue, process: Process) -> xr.Dataset:
    """The whole record without its values."""
    names, model, n = np.array(loaded.table.names, object), loaded.model, len(pictures)
    shape = (model.n_passes, n, len(names), len(names))
    chunks = (model.n_passes, test.chunk, len(names), len(names))
    counts = dask.array.zeros(shape, dtype=np.int32, chunks=chunks)
    coordinates = {"iteration": np.arange(model.n_passes), "stimulus": np.arange(n)}
    coordinates |= {"class": names, "predicted_class": names}
    confusion = xr.DataArray(counts, coordinates, CONFUSION)
    empty = scores(xr.zeros_like(confusion.isel(stimulus=0, drop=True)).compute())
    empty = empty.map(lambda v: v.copy(data=dask.array.full(v.shape, np.nan)))
    layout = described(xr.Dataset({"confusion": confusion}).merge(empty))
    parameters = {"options": asdict(loaded.recipe), "split": test.split, "n": n, "chunk": test.chunk, **asdict(cue)}
    layout.attrs = provenance("segmentation", test.seed, parameters, process.device.type) | {
        "model": loaded.recipe.model,
        "training_seed": loaded.recipe.seed,
        "checkpoint": loaded.source,
        "checkpoint_sha256": loaded.sha256,
        "data_set": loaded.recipe.data_set,
        "pictures": pictures.fingerprint(),
    }
    return layout


def summary(record: xr.Dataset) -> pd.DataFrame:
    """Scores of a complete record, one row a pass.

    Columns are model, trainable (transfer mode), data_set, cue, iteration, n, and miou, macc and aacc in
    percent.
    """
    if "confusion" not in record:
        raise ValueError("expected a record of python -m absvit.segmentation test")
    if record["done"].values.min() == 0:
        raise ValueError("the test is not complete: go on with --resume")
    given = json.loads(record.attrs["parameters"])
    cued = "+".join(str(given[name]) for name in ("cue", "cue_box") if given[name] is not None)
    cued += f" x {given['cue_gain']:g}" if cued and given["cue_gain"] is not None else ""
    about = {"model": record.attrs["model"], "trainable": given["options"]["trainable"]}
    about |= {"data_set": record.attrs["data_set"], "cue": cued}
    rows = []
    for t in record["iteration"].values:
        row = dict(about)
        row |= {"iteration": int(t), "n": record.sizes["stimulus"]}
        rows.append(row | {name: 100 * float(record[name].sel(iteration=t)) for name in SCORES})
    return pd.DataFrame(rows)


def over_seeds(tests: Sequence[xr.Dataset]) -> pd.DataFrame:
    """Means over several trainings of one model, with Student's 95 % intervals over them.

    Columns are model, trainable, data_set, cue, iteration, seeds, and each score with its low and high, in
    percent. Refused as seeds: the same weights twice, trainings that differ in more than their seed, and
    tests on different pictures.
    """
    keys = ["model", "trainable", "data_set", "cue", "iteration"]
    table = pd.concat([summary(record).assign(test=k) for k, record in enumerate(tests)])
    for _, group in table.groupby(keys, sort=False):
        _check_seeds([tests[k] for k in group["test"]])
    found = seeds.over_seeds(table, keys, dict.fromkeys(SCORES, (-np.inf, np.inf)))
    return found[[*keys, "seeds", *(name + end for name in SCORES for end in ("", "_low", "_high"))]]


def _check_seeds(tests: Sequence[xr.Dataset]) -> None:
    """See to it that records differ in the seed of their training alone."""
    model = tests[0].attrs["model"]
    seeds.check_weights_differ(model, [record.attrs["checkpoint_sha256"] for record in tests])
    if len({record.attrs["pictures"] for record in tests}) > 1:
        raise ValueError(f"the records of {model} are tests on different pictures: test all trainings on the same ones")
    first, *others = (json.loads(record.attrs["parameters"])["options"] for record in tests)
    for options in others:
        differ = [k for k in {**first, **options} if k not in OF_A_SEED and first.get(k) != options.get(k)]
        if differ:
            raise ValueError(
                f"the trainings of {model} differ in {', '.join(differ)}, so they are no seeds of one recipe: give "
                "their records one by one"
            )
