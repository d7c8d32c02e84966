"""Sharing: several class or place priors at once, against as many whole passes of the network in turn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

from absvit.benchmark.timing import times
from absvit.mechanisms import MECHANISMS, Told
from absvit.models.priors import ClassPrior, Prior, SpatialPrior
from absvit.networks import Network, load_network, network_of
from stimuli.drawing.shapes import CATEGORIES

__all__ = ["Sharing", "sharing"]


@dataclass(frozen=True)
class Sharing:
    """Sharing: logits of a batch under several priors, in each of which a network looks otherwise.

    Parameters
    ----------
    models
        Networks to time, untrained.
    names
        Mechanisms.
    size
        Height and width of the images in pixels; each network's own, if left out.
    batch
        Images in the batch.
    n_priors
        Numbers of priors.
    repeats
        Timed runs of each; the median counts.
    threads
        CPU threads; 0 leaves torch's choice.
    out
        File for the results as JSON; none is written if left out.
    """

    models: tuple[str, ...] = ("cnn_micro", "resnet18")
    names: tuple[str, ...] = ("decision_bias", "evidence_gate", "feature_gain", "spatial_gain")
    size: int | None = None
    batch: int = 16
    n_priors: tuple[int, ...] = (1, 3, 10)
    repeats: int = 5
    threads: int = 0
    out: Path | None = None


def sharing(parameters: Sharing) -> list[dict]:
    """Time mechanisms against whole passes, one for each prior and one bottom-up.

    One row a network, mechanism and number of priors: seconds and their ratio; an ArithmeticError where priors
    together give other logits than each alone.
    """
    if parameters.threads:
        torch.set_num_threads(parameters.threads)
    rows = []
    for model in parameters.models:
        network = _network(model, parameters.size)
        images = network.picture(parameters.batch)
        for name in parameters.names:
            told = MECHANISMS[name].on(network)
            for n_priors in parameters.n_priors:
                cues = _cues(told, n_priors)
                rows.append({"model": model, "mechanism": name} | _compare(told, images, cues, parameters.repeats))
                print("{model:12} {mechanism:14} {priors:3d} priors: {times_faster:.2f} x whole".format(**rows[-1]))
    return rows


def _network(name: str, size: int | None) -> Network:
    """A network at a size, whose first classes are those of the embedded objects, so that tunings can be measured."""
    network = load_network(name, "untrained")
    categories = (*CATEGORIES, *network.categories[len(CATEGORIES) :])
    return network_of(network.module, name=name, categories=categories, size=(size, size) if size else network.size)


def _cues(told: Told, n: int) -> list[Prior]:
    if "class" in told.kinds:
        return [ClassPrior(index % len(CATEGORIES)) for index in range(n)]
    size, grid = told.network.size, told.grid
    spots = [((k + 0.5) * size[1] / n, size[0] / 2) for k in range(n)]
    return [SpatialPrior.gaussian(centre, min(size) / 4, size, grid) for centre in spots]


@torch.no_grad()
def _compare(told: Told, images: Tensor, cues: list[Prior], repeats: int) -> dict:
    """Times of one pass up to what is changed and the rest for each prior, and of whole passes."""
    network = told.network
    together = told.perceive(images, cues).logits[1]
    alone = torch.stack([told.perceive(images, [cue]).logits[1, 0] for cue in cues])
    difference = (together - alone).abs().max() / alone.abs().max()
    if difference > 1e-4:
        raise ArithmeticError(f"logits differ by {difference:.1e} of their largest value; expected at most 1e-4")
    contenders = {
        "whole": lambda: [network.logits(images) for _ in range(1 + len(cues))],
        "ours": lambda: told.perceive(images, cues),
    }
    seconds, _ = times(contenders, repeats)
    row = {"priors": len(cues), "seconds": {name: median(values) for name, values in seconds.items()}}
    ratio = median(whole / ours for whole, ours in zip(seconds["whole"], seconds["ours"], strict=True))
    return row | {"logit_difference": float(difference), "times_faster": ratio}
