"""Spatial gain: what a layer gives is multiplied around the cued place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from absvit.mechanisms.host import Host
from absvit.mechanisms.mechanism import Mechanism, Told, gain_of
from absvit.mechanisms.multiplied import Multiplied, block_at, map_of, n_places, prefix_of
from absvit.mechanisms.passes import Passes, image_bytes, recordable, trajectory_of
from absvit.models.priors import Prior
from absvit.models.trajectory import Trajectory

if TYPE_CHECKING:
    from absvit.networks.layers import Layout
    from absvit.networks.network import Network

__all__ = ["SPATIAL_GAIN", "SpatialGainMechanism", "gaussian_around"]

EARLY = 0.25  # of the way up


@dataclass(frozen=True)
class SpatialGainMechanism(Mechanism):
    """What a layer gives at a place is multiplied by 1 + dose x field, the same for all of its channels.

    In the paper, an early layer's activations are multiplied by a Gaussian around the cued place; that this
    suffices, without any other change of receptive fields, is what it is about. Here the field is the weights
    of the place that is cued, brought to the layer's map bilinearly; with ``width``, a Gaussian that is 1 at
    their centre of mass, whatever their form. Of a ViT the tokens of patches alone are multiplied.

    Parameters
    ----------
    layer : name of the layer; a quarter of the way up, if left out. Where a norm over channels follows, it
        takes the gain back.
    width : standard deviation of the Gaussian in units of the image's smaller side; 0: the weights as they
        are.
    """

    source = "Fox, Birman and Gardner 2023, eLife 12:e78392: a Gaussian gain on an early layer's activations"
    kinds = ("place",)

    layer: str = ""
    width: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width < 0:
            raise ValueError(f"width of {self.name} must be at least 0, got {self.width}")

    def on(self, network: Network) -> Told:
        """Let a network look by it that has a layer with places."""
        layer = self.layer or block_at(network, EARLY)
        changed = Multiplied.of(network, (layer,))
        layout = network.layouts[layer]
        if n_places(layout) == 1:
            raise ValueError(f"{layer} of {network.name} has no places: name a layer before it")
        grid = network.readout.grid if network.readout else map_of(layout, network)
        how = self, changed, Host(network.categories, grid=grid), layout
        return Told(
            network,
            self,
            partial(_look, *how),
            ("learned", *self.kinds),
            grid=grid,
            records=recordable(network),
            seen=partial(_seen, *how) if network.readout else None,
            facts={"layers": changed.layers, "shared": changed.cut is not None},
            image_bytes=image_bytes(network),
        )

    def field(self, prior: Prior, host: Host, images: Tensor, grid: tuple[int, int]) -> Tensor:
        """What is added to a gain of 1, (image, row, column), dose included.

        Parameters
        ----------
        prior : a place, or a product of places.
        host : the network as priors see it.
        images : (image, channel, y, x).
        grid : rows and columns of the field.
        """
        same = images.new_ones(len(images), math.prod(host.grid), 1)  # places hold what they will
        weights = prior.weigh(same, host.showing(same), lambda match, gain: match).unflatten(1, host.grid)
        dose = self.strength * math.prod(gain_of(part) for part in prior.parts)
        if self.width:
            size = tuple(images.shape[-2:])
            return dose * gaussian_around(weights, self.width * min(size), size, grid)
        return dose * F.interpolate(weights[:, None], grid, mode="bilinear", align_corners=False)[:, 0]


def gaussian_around(weights: Tensor, sd: float, size: tuple[int, int], grid: tuple[int, int]) -> Tensor:
    """A Gaussian around the centre of mass of weights, 1 there.

    Parameters
    ----------
    weights : (image, row, column), at least 0. Where all are alike there is no place: the field is as they are.
    sd : standard deviation in pixels.
    size : height and width of the image in pixels.
    grid : rows and columns of the field.

    Returns
    -------
    (image, row, column)
    """
    mass = weights.sum((1, 2)).clamp(min=torch.finfo(weights.dtype).tiny)
    rows, columns = _centres(size, weights.shape[1:])
    y, x = _centres(size, grid)
    from_y = y - (weights.sum(2) @ rows.to(weights) / mass)[:, None].to(y)
    from_x = x - (weights.sum(1) @ columns.to(weights) / mass)[:, None].to(x)
    spot = torch.exp(-(from_y[:, :, None].square() + from_x[:, None].square()) / (2 * sd**2)).to(weights)
    level = weights.amax((1, 2), keepdim=True)
    return spot.where(level > weights.amin((1, 2), keepdim=True), level)


def _centres(size: tuple[int, int], grid: tuple[int, int]) -> list[Tensor]:
    """Centres of rows and of columns in pixels."""
    return [(torch.arange(n) + 0.5) * pixels / n for pixels, n in zip(size, grid, strict=True)]


def _look(
    mechanism: SpatialGainMechanism,
    changed: Multiplied,
    host: Host,
    layout: Layout,
    images: Tensor,
    priors: Sequence[Prior],
    iterations: int,
    record: Sequence[str],
) -> Trajectory:
    seen = _seen(mechanism, changed, host, layout, images, priors, iterations, "class_activation" in record)
    return trajectory_of(changed.network, *seen, priors, record, host.grid)


def _seen(
    mechanism: SpatialGainMechanism,
    changed: Multiplied,
    host: Host,
    layout: Layout,
    images: Tensor,
    priors: Sequence[Prior],
    iterations: int,
    keep: bool = True,
) -> Passes:
    network, (layer,) = changed.network, changed.layers
    images = images.to(network.device)
    grid, prefix = map_of(layout, network), prefix_of(layout, network)
    fields = [mechanism.field(prior, host, images, grid) for prior in priors]
    if len(layout.places) == 2:
        gains = [{layer: 1 + field.unsqueeze(layout.channel)} for field in fields]
    else:
        gains = [{layer: 1 + F.pad(field.flatten(1), (prefix, 0))[:, :, None]} for field in fields]
    first, under = changed.seen(images, gains, keep)
    weights = [mechanism.field(prior, host, images, host.grid).flatten(1) for prior in priors]
    under = [replace(seen, weights=of.to(seen.logits)) for seen, of in zip(under, weights, strict=True)]
    return first, [under] * iterations


SPATIAL_GAIN = SpatialGainMechanism("spatial_gain", "what an early layer gives is multiplied around the cued place")
