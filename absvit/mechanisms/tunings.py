"""Tunings of a network's channels to its classes, measured on pictures of single objects."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from absvit.images import class_folder, normalise, read_photograph
from absvit.mechanisms.host import Host
from absvit.mechanisms.multiplied import prefix_of, spread
from absvit.models.class_names import called, class_indices
from absvit.models.perceive import evaluating
from stimuli.families import FAMILIES, single_photographs
from stimuli.sets.reading import RECIPE, read_parts
from stimuli.sets.resizing import set_resized

if TYPE_CHECKING:
    import xarray as xr

    from absvit.networks.network import Network

__all__ = ["Examples", "examples_of", "gradient_tunings", "over_places", "passed_on", "response_tunings"]

AT_ONCE = 16  # pictures


@dataclass(frozen=True, eq=False)
class Examples:
    """Pictures of single objects.

    Parameters
    ----------
    pictures : (picture, y, x, channel) uint8.
    classes : (picture,) their classes among the network's.
    facts : which these are.
    """

    pictures: np.ndarray
    classes: np.ndarray
    facts: Mapping[str, object] = field(default_factory=dict)

    def shown(self, network: Network, chosen: np.ndarray | None = None) -> Iterator[tuple[Tensor, np.ndarray]]:
        """Give some of them, or all, as a network takes them, with their classes; a few at a time."""
        chosen = np.arange(len(self.classes)) if chosen is None else chosen
        like = network.picture(1)
        for numbers in np.array_split(chosen, range(AT_ONCE, len(chosen), AT_ONCE)):
            yield normalise(self.pictures[numbers], network.mean, network.std).to(like), self.classes[numbers]


def examples_of(network: Network, stimuli: str, n: int, seed: int) -> Examples:
    """Draw embedded objects, or take pictures from a folder.

    Parameters
    ----------
    network : whose classes and size these have.
    stimuli : folder of a stimulus set of single objects, or class folder of photographs; embedded objects are
        drawn, if it is empty. Of a folder, classes that the network does not know are left out.
    n : number of pictures; of a folder all, if it holds fewer.
    seed : of what is drawn, or of the choice among photographs.

    Raises
    ------
    FileNotFoundError : there is no such folder.
    ValueError : the network does not know the classes.
    """
    known, size = Host.of(network), tuple(network.size)
    if not stimuli:
        family = FAMILIES["objects"]
        found = family.draw(family.sized(size), n, seed, 0)
        unknown = [name for name in found.attrs["categories"] if class_indices(known, [name])[0] < 0]
        if unknown:
            raise ValueError(
                f"{network.name} does not know the class {unknown[0]!r} of the embedded objects, on which tunings are "
                "measured: give stimuli=FOLDER, a stimulus set or a class folder of what it knows"
            )
    elif (Path(stimuli) / RECIPE).is_file():
        part, count = read_parts(Path(stimuli))
        found = part(0, min(n, count))
        if "object_class" not in found or found.sizes.get("object") != 1:
            raise ValueError(f"tunings are measured on single objects and {stimuli} holds others: give another set")
        found = found if found["image"].shape[1:3] == size else set_resized(found, size)
    else:
        found = _photographs(Path(stimuli), known, size, n, seed)
    index = class_indices(known, found.attrs["categories"])[found["object_class"].values[:, 0]]
    shown = np.flatnonzero(index >= 0)
    if len(np.unique(index[shown])) < 2:
        raise ValueError(f"tunings compare classes and {network.name} knows fewer than two of {stimuli}: give others")
    pictures, classes = found["image"].values[shown], index[shown]
    told = {"stimuli": stimuli or "objects", "n": len(shown), "seed": seed, "sha256": _sha256(pictures, classes)}
    return Examples(pictures, classes, {f"tuning_{name}": value for name, value in told.items()})


def _photographs(folder: Path, known: Host, size: tuple[int, int], n: int, seed: int) -> xr.Dataset:
    samples, given = class_folder(folder)
    names = called(given, known)
    kept = [index for index, at in enumerate(class_indices(known, names)) if at >= 0] or range(len(names))
    files = [[path for path, c in samples if c == index] for index in kept]
    parameters = single_photographs.WholePhotographs(size, str(folder))
    n, names = min(n, sum(map(len, files))), [names[index] for index in kept]
    return single_photographs.from_class_folder(files, read_photograph, names, parameters, n, seed)


def _sha256(*arrays: np.ndarray) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def response_tunings(network: Network, layers: Sequence[str], examples: Examples) -> dict[str, Tensor]:
    """Measure tunings by mean activation, as Lindsay and Miller (2018) define them.

    Of each class, the mean response of a channel over its pictures and all places, less the mean over classes,
    divided by the standard deviation over classes (that of all, with no correction); 0 where a channel
    responds to all classes alike.

    Returns
    -------
    By layer, (class, channel) float32; NaN for classes without pictures.
    """
    seen: dict[str, list[Tensor]] = {name: [] for name in layers}

    def keep(name: str, values: Tensor) -> None:
        seen[name].append(over_places(values, network, name))

    with torch.no_grad(), evaluating(network.module), passed_on(network, layers, keep):
        for images, _ in examples.shown(network):
            network.logits(images)
    return {name: _z_scored(torch.cat(of), examples.classes, len(network.categories)) for name, of in seen.items()}


def gradient_tunings(network: Network, layers: Sequence[str], examples: Examples) -> dict[str, Tensor]:
    """Measure tunings by gradients: of a class's logit with respect to a channel, all places together.

    Averaged over the pictures of the class, and divided by the largest magnitude of the layer, of each class
    (Lindsay and Miller 2018).

    Returns
    -------
    By layer, (class, channel) float32; NaN for classes without pictures.
    """
    n_classes = len(network.categories)
    found = {name: torch.full((n_classes, network.layouts[name].channels), torch.nan) for name in layers}
    for index in np.unique(examples.classes):
        sums = {name: 0.0 for name in layers}
        for images, _ in examples.shown(network, np.flatnonzero(examples.classes == index)):
            for name, gradient in _gradients(network, layers, images, int(index)).items():
                sums[name] = sums[name] + gradient
        for name, total in sums.items():
            largest = total.abs().max()
            found[name][index] = (total / largest.where(largest > 0, 1)).cpu()
    return found


def _gradients(network: Network, layers: Sequence[str], images: Tensor, index: int) -> dict[str, Tensor]:
    """Gradient (channel,) of a class's logit, summed over images and places, by layer."""
    added: dict[str, Tensor] = {}

    def add(name: str, values: Tensor) -> Tensor:
        layout = network.layouts[name]
        added[name] = values.new_zeros(layout.channels, requires_grad=True)
        return values + spread(added[name][None], layout)

    with torch.enable_grad(), evaluating(network.module), passed_on(network, layers, add):
        logit = network.logits(images)[:, index].sum()
        return dict(zip(layers, torch.autograd.grad(logit, [added[name] for name in layers]), strict=True))


def over_places(values: Tensor, network: Network, name: str) -> Tensor:
    """Mean over places, (image, channel), tokens before them left out."""
    layout = network.layouts[name]
    before = prefix_of(layout, network)
    return values.movedim(layout.channel, -1).flatten(1, -2)[:, before:].float().mean(1).cpu()


def _z_scored(responses: Tensor, classes: np.ndarray, n_classes: int) -> Tensor:
    """Tunings (class, channel) of responses (picture, channel)."""
    responses, shown = responses.double(), np.unique(classes)
    means = torch.stack([responses[torch.from_numpy(classes == index)].mean(0) for index in shown])
    deviation, sd = means - means.mean(0), means.std(0, correction=0)
    tunings = torch.full((n_classes, responses.shape[1]), torch.nan)
    alike = sd <= 1e-6 * means.abs().amax(0)  # but for rounding
    tunings[shown] = (deviation / sd).where(~alike, 0).float()
    return tunings


@contextmanager
def passed_on(network: Network, layers: Sequence[str], do: Callable[[str, Tensor], Tensor | None]) -> Iterator[None]:
    """Hand on what layers give, for a while; what comes back instead goes on."""
    with ExitStack() as hooks:
        for name in layers:
            layer = network.module.get_submodule(name)
            hooks.callback(layer.register_forward_hook(lambda _, given, gave, name=name: do(name, gave)).remove)
        yield
