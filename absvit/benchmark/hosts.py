"""Hosts: what cues do to pictures of two halves, by host and size of the input, in closed form."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor

from absvit.closed_form import steerable_from
from absvit.images import normalise
from absvit.models.class_names import class_indices
from absvit.models.perceive import perceive
from absvit.models.priors import ClassPrior, SpatialPrior
from absvit.networks import Network, load_network, network_of
from stimuli.drawing.shapes import CATEGORIES
from stimuli.families import halves, objects
from stimuli.pictures.photographs import Pictures

__all__ = ["Hosts", "auc", "hosts", "interval"]

RESAMPLES, AT_ONCE = 1000, 8
TOLD = "{host:12} {size:4d} px, {places:2d} x {places:2d} places: "


@dataclass(frozen=True)
class Hosts:
    """Hosts: halves of two kinds, of photographs or drawn, under cues for either, for a place, an absent kind.

    Parameters
    ----------
    folder
        Class folder of photographs, squeezed to halves; hosts that know the drawn categories are shown these, if
        left out.
    hosts
        Networks, each made steerable in closed form.
    sizes
        Sides of the images in pixels; each host's own, if left out.
    sharpness
        Of the class cues.
    n
        Pictures of two halves.
    seed
        Of the pairs.
    threads
        CPU threads; 0 leaves torch's choice.
    out
        File for the results as JSON; none is written if left out.
    """

    folder: Path | None = None
    hosts: tuple[str, ...] = ("lite0_dense",)
    sizes: tuple[int, ...] = ()
    sharpness: float = 8.0
    n: int = 100
    seed: int = 0
    threads: int = 0
    out: Path | None = None


def hosts(parameters: Hosts) -> list[dict]:
    """Measure hosts at sizes: a row for each, with 95 % bootstrap intervals over pictures."""
    if parameters.threads:
        torch.set_num_threads(parameters.threads)
    rows = []
    for host in parameters.hosts:
        for size in parameters.sizes or (None,):
            network = load_network(host) if size is None else load_network(host, img_size=size)
            rows.append({"host": host} | _measured(network, parameters))
            print(_line(rows[-1]), flush=True)
    return rows


def _measured(network: Network, parameters: Hosts) -> dict:
    """What cues do on one host."""
    started = time.perf_counter()
    pooled = network.readout is not None and network.readout.pooled
    model = steerable_from(network, sharpness=parameters.sharpness, places=not pooled)
    facts = {"size": network.size[0], "places": network.readout.grid[0], "seconds_made": time.perf_counter() - started}
    found: dict[str, list] = {}
    for images, classes, absent, left in _pictures(network, parameters):
        for name, values in _seen(network, model, images, classes, absent, left).items():
            found.setdefault(name, []).append(values)
    return facts | {name: interval(np.concatenate(values)) for name, values in found.items()}


def _pictures(network: Network, parameters: Hosts) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Images, the classes of their two objects, one that is absent, and whether object 0 lies left."""
    pictures = Pictures(parameters.folder, squeeze=True) if parameters.folder else Pictures()
    shown = halves.Halves(objects.Objects(network.size, radius=(0.14, 0.24)), pictures)
    for first in range(0, parameters.n, AT_ONCE):
        drawn = halves.draw(shown, min(AT_ONCE, parameters.n - first), parameters.seed, first)
        known = class_indices(network, drawn.attrs["categories"] if parameters.folder else CATEGORIES)
        if (known < 0).any():
            names = [drawn.attrs["categories"][k] for k in np.flatnonzero(known < 0)[:4]]
            raise ValueError(f"{network.name} does not know {', '.join(names)}: give --folder with kinds that it knows")
        classes = known[drawn["object_class"].values]
        shown_in = zip(drawn["stimulus"].values, classes, strict=True)
        others = [np.setdiff1d(known, row)[number % (len(known) - 2)] for number, row in shown_in]
        left = drawn["object_side"].values[:, 0] == "left"
        images = normalise(drawn["image"].values, network.mean, network.std)
        yield images, torch.from_numpy(classes), torch.tensor(others), torch.from_numpy(left)


def _seen(network: Network, model, images: Tensor, classes: Tensor, absent: Tensor, left: Tensor) -> dict:
    """Measures of each picture, means over its two objects."""
    down, across = model.patch_embed.grid_size
    sides = torch.zeros(2, down, across)
    sides[0, :, : across // 2], sides[1, :, across - across // 2 :] = 1, 1
    own = torch.stack([torch.where(left, 0, 1), torch.where(left, 1, 0)])  # (object, image) side
    cues = [ClassPrior(classes[:, k]) for k in range(2)] + [SpatialPrior(sides[own[k]]) for k in range(2)]
    seen = perceive(model, images, [*cues, ClassPrior(absent)])
    by, rows = seen.logits[1].softmax(-1), torch.arange(len(images))
    told = {
        "bottom-up p": _of(seen.logits[0].softmax(-1)[[0, 0]], classes),
        "bottom-up told": _named(seen.logits[0][[0, 0]], classes),
        "host agrees": (network.logits(images).argmax(-1) == seen.logits[0, 0].argmax(-1)).double(),
        "selection": _selection(by[:2], classes).mean(0),
        "both decide": (_selection(by[:2], classes) > 0.5).all(0).double(),
        "p cued": _of(by[:2], classes),
        "cued half told": _named(by[:2], classes),
        "place selection": _selection(by[2:4], classes).mean(0),
        "absent p": by[4, rows, absent],
        "AUC": torch.stack([auc(seen.prior_weights[0, k], sides.flatten(1)[own[k]]) for k in range(2)]).mean(0),
    }
    if not hasattr(network.module, "patch_embed"):  # a CNN sees a half of any width
        halved = network_of(network.module, size=(network.size[0], network.size[1] // 2), categories=network.categories)
        alone = torch.stack([halved.logits(images[..., part]) for part in _parts(images.shape[-1])])
        told["half alone told"] = _named(alone[own, rows], classes)
    return {name: values.double().numpy() for name, values in told.items()}


def _parts(width: int) -> tuple[slice, slice]:
    return slice(0, width // 2), slice(width - width // 2, width)


def _of(by: Tensor, classes: Tensor) -> Tensor:
    """Probability of each object's class under its cue, (object, image, class), the mean of the two."""
    return by.gather(-1, classes.T[..., None])[..., 0].mean(0)


def _named(by: Tensor, classes: Tensor) -> Tensor:
    return (by.argmax(-1) == classes.T).double().mean(0)


def _selection(by: Tensor, classes: Tensor) -> Tensor:
    """p(cued) / (p(class 1) + p(class 2)), (object, image)."""
    both = by.gather(-1, classes[None].expand(2, -1, -1))
    return both.diagonal(dim1=0, dim2=2).T / both.sum(-1)


def auc(weights: Tensor, inside: Tensor) -> Tensor:
    """Give the area under the ROC with which weights (image, place) tell places inside from the others: rank sums."""
    ranks = torch.from_numpy(rankdata(weights.numpy(), axis=1))
    n, inside = inside.sum(1), inside.bool()
    total = (ranks * inside).sum(1)
    return (total - n * (n + 1) / 2) / (n * (inside.shape[1] - n))


def interval(values: np.ndarray) -> dict:
    """Give the mean of some values and its 95 % bootstrap interval, as a cell of a row."""
    chosen = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[chosen].mean(1), [2.5, 97.5])
    return {"value": float(values.mean()), "interval": [float(low), float(high)]}


def _line(row: dict) -> str:
    cells = {name: (cell["value"], *cell["interval"]) for name, cell in row.items() if isinstance(cell, dict)}
    text = [f"{name} {value:.3f} [{low:.3f}, {high:.3f}]" for name, (value, low, high) in cells.items()]
    return TOLD.format(**row) + "; ".join(text)
