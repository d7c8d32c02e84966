"""Learning what a network tells shape and texture by, from photographs of anything."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from absvit.dimensions.dimension_file import Dimensions
from absvit.images import normalise, read_photograph
from absvit.mechanisms.multiplied import block_at
from absvit.mechanisms.tunings import over_places, passed_on
from absvit.models.perceive import evaluating
from absvit.networks import Network
from absvit.networks.network import layer_named
from absvit.networks.readout import readout_of
from stimuli.foundation import picture_files
from stimuli.pictures.cue_versions import VERSIONS
from stimuli.pictures.photographs import fitted

__all__ = ["learn_dimensions", "photographs_in", "survival"]

FEWEST = 4  # pictures
WHOLE, PLACES = "whole", ""  # a version; in the place of a layer's name


def learn_dimensions(
    network: Network, pictures: Sequence[Path | np.ndarray], layers: Sequence[str] = (), seed: int = 0
) -> Dimensions:
    """Learn the dimensions of a network.

    Each photograph is shown whole, as its contours (shape alone) and as its patches in random order (texture
    alone); what it shows is never said. A channel's tuning is its :func:`survival` in contours less that in
    patches, z-scored over the channels of the layer.

    Parameters
    ----------
    network : who looks; its classifier is linear after places.
    pictures : files, or (y, x, channel) uint8; four or more.
    layers : where tunings are learnt; its last block, if left out.
    seed : of the orders of patches.

    Raises
    ------
    ValueError : there are too few pictures, or the network has no places or no such layer.
    """
    if len(pictures) < FEWEST:
        raise ValueError(f"dimensions are learnt from {FEWEST} pictures or more, got {len(pictures)}")
    readout_of(network)
    layers = tuple(layers) or (block_at(network, 1.0),)
    for name in layers:
        layer_named(network, name)
    digest, seen = hashlib.sha256(), {version: [] for version in _names()}
    with torch.no_grad(), evaluating(network.module):
        for number, picture in enumerate(pictures):
            for version, shown in _versions(_read(picture, network), seed, number):
                digest.update(shown.tobytes() if version == WHOLE else b"")
                seen[version].append(_responses(network, layers, shown))
    each = {version: {at: torch.stack([one[at] for one in of]) for at in of[0]} for version, of in seen.items()}
    ends = {name: torch.stack([each[of][PLACES].mean(0) for of in _names(name)]).mean(0) for name in VERSIONS}
    weights = dict(zip(("file", "sha256"), network.weights(), strict=True))
    card = {"model": network.name, "weights": weights, "size": list(network.size), "pictures": len(pictures)}
    card |= {"pictures_sha256": digest.hexdigest(), "seed": seed, "versions": [*each][1:]}
    tunings = {name: _tuning({version: of[name] for version, of in each.items()}) for name in layers}
    return Dimensions(ends["shape"] - ends["texture"], tunings, card)


def _responses(network: Network, layers: Sequence[str], picture: np.ndarray) -> dict[str, Tensor]:
    """Means over places (channel,) of layers and of what is pooled, for a picture (y, x, channel) uint8."""
    found: dict[str, Tensor] = {}

    def keep(name: str, values: Tensor) -> None:
        found[name] = over_places(values, network, name)[0]

    image = normalise(picture[None], network.mean, network.std).to(network.picture(1))
    with passed_on(network, layers, keep):
        places = network.readout.places(network.readout.features(image))
    return {**found, PLACES: places[0].float().mean(0).cpu()}


def photographs_in(folder: Path, n: int, seed: int = 0) -> list[Path]:
    """Choose photographs of a class folder, whatever their classes: n of them, or all if there are fewer."""
    files = [path for paths in picture_files.by_class(folder).values() for path in paths]
    return [files[k] for k in np.sort(np.random.default_rng(seed).permutation(len(files))[:n])]


def survival(whole: Tensor, versions: Sequence[Tensor]) -> Tensor:
    """How well channels tell pictures apart in versions as they do in the whole pictures.

    Parameters
    ----------
    whole : (picture, channel) responses to whole pictures.
    versions : the same of each version of these pictures.

    Returns
    -------
    (channel,) Pearson's correlation over pictures, the mean over versions; 0 where a channel never varies.
    """
    return torch.stack([_correlation(whole.double(), of.double()) for of in versions]).mean(0)


def _correlation(x: Tensor, y: Tensor) -> Tensor:
    x, y = x - x.mean(0), y - y.mean(0)
    spread = (x.square().sum(0) * y.square().sum(0)).sqrt()
    return torch.where(spread > 0, (x * y).sum(0) / spread.where(spread > 0, 1), 0)


def _tuning(responses: dict[str, Tensor]) -> Tensor:
    """Shape less texture, z-scored; (channel,) float32 of responses (picture, channel) by version."""
    kept = {name: survival(responses[WHOLE], [responses[of] for of in _names(name)]) for name in VERSIONS}
    rather = kept["shape"] - kept["texture"]
    sd = rather.std(correction=0)
    return ((rather - rather.mean()) / sd.where(sd > 0, 1)).float()


def _names(*dimensions: str) -> list[str]:
    """Names of the versions of dimensions; of all, whole pictures first, if there are none."""
    of = [f"{name}_{k}" for name in (dimensions or VERSIONS) for k in range(len(VERSIONS[name]))]
    return of if dimensions else [WHOLE, *of]


def _read(picture: Path | np.ndarray, network: Network) -> np.ndarray:
    """A picture (y, x, channel) uint8 at the network's size."""
    pixels = picture if isinstance(picture, np.ndarray) else np.asarray(read_photograph(picture))
    return fitted(pixels, tuple(network.size))


def _versions(picture: np.ndarray, seed: int, number: int) -> Iterator[tuple[str, np.ndarray]]:
    """A picture whole, then each of its versions."""
    yield WHOLE, picture
    random = np.random.default_rng([seed, number])
    for name, kinds in VERSIONS.items():
        for k, version in enumerate(kinds):
            yield f"{name}_{k}", version(picture, random)
