"""Spatial gain: what a layer gives is multiplied around the cued place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from absvit.mechanisms.host import Host
from absvit.mechanisms.mechanism import Mechanism, Told
from absvit.mechanisms.multiplied import Multiplied, block_at
from absvit.mechanisms.passes import image_bytes, recordable, trajectory_of
from absvit.models.priors import Prior
from absvit.models.trajectory import Trajectory

if TYPE_CHECKING:
    from absvit.networks.layers import Layout
    from absvit.networks.network import Network

__all__ = ["SPATIAL_GAIN", "SpatialGainMechanism", "gaussian_at"]

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
        if layout.n_places == 1:
            raise ValueError(
                f"{layer} of {network.name} has no places: name a layer below, such as {network.layers[0]}"
            )
        host = Host.of(network)
        if host.grid is None:
            host = Host(network.categories, grid=map_of(layout, network)[0])
        return Told(
            network,
            self,
            partial(_look, self, changed, host, layout),
            ("learned", *self.kinds),
            grid=host.grid,
            records=recordable(network),
            facts={"layers": changed.layers, "shared": changed.cut is not None},
            image_bytes=image_bytes(network),
        )

    def field(self, prior: Prior, host: Host, n_images: int, size: tuple[int, int]) -> Tensor:
        """What is added to a gain of 1, dose included: (image, row, column), of the host's places.

        Parameters
        ----------
        prior : a place, or a product of places.
        host : the network as priors see it.
        n_images : number of images.
        size : height and width of the images in pixels.
        """
        nothing = torch.zeros(n_images, math.prod(host.grid), 1)
        if not self.width:
            return self.strength * prior.weigh(nothing, host).unflatten(1, host.grid)
        match = prior.weigh(nothing, host, lambda match, gain: match).unflatten(1, host.grid)
        gain = math.prod(1.0 if part.gain is None else part.gain for part in prior.parts)
        return self.strength * gain * gaussian_at(match, self.width * min(size), size)


def gaussian_at(weights: Tensor, sd: float, size: tuple[int, int]) -> Tensor:
    """A Gaussian around the centre of mass of weights.

    Parameters
    ----------
    weights : (image, row, column); where all are alike there is no centre, and they are given as they are.
    sd : standard deviation in pixels.
    size : height and width of the image in pixels.
    """
    y, x = ((torch.arange(n) + 0.5) * pixels / n for pixels, n in zip(size, weights.shape[1:], strict=True))
    mass = weights.sum((1, 2)).clamp(min=torch.finfo(weights.dtype).tiny)
    centre_y, centre_x = (weights.sum(2) @ y / mass)[:, None, None], (weights.sum(1) @ x / mass)[:, None, None]
    spot = torch.exp(-((y[:, None] - centre_y).square() + (x - centre_x).square()) / (2 * sd**2))
    flat = weights.amax((1, 2), keepdim=True) == weights.amin((1, 2), keepdim=True)
    return weights.where(flat, spot)


def map_of(layout: Layout, network: Network) -> tuple[tuple[int, int], int]:
    """Rows and columns of a layer's map, and the number of tokens before them."""
    if len(layout.places) == 2:
        return tuple(layout.shape[axis - 1] for axis in layout.places), 0
    readout, n = network.readout, layout.shape[0]
    if readout and n in (math.prod(readout.grid), math.prod(readout.grid) + readout.prefix):
        return readout.grid, n - math.prod(readout.grid)
    raise ValueError(f"nothing says where the {n} tokens of this layer of {network.name} lie: name another layer")


def shaped(field: Tensor, layout: Layout, network: Network) -> Tensor:
    """A field (image, row, column) as what a layer gives is multiplied by; 0 for tokens that are no places."""
    grid, prefix = map_of(layout, network)
    field = F.interpolate(field[:, None], grid, mode="bilinear", align_corners=False)[:, 0]
    if len(layout.places) == 2:
        return field.unsqueeze(layout.channel)
    return F.pad(field.flatten(1), (prefix, 0))[:, :, None]


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
    network, size = changed.network, tuple(images.shape[-2:])
    fields = [mechanism.field(prior, host, len(images), size) for prior in priors]
    gains = [{changed.layers[0]: 1 + shaped(field, layout, network).to(network.device)} for field in fields]
    first, under = changed.seen(images, gains, "class_activation" in record)
    if host.grid == (network.readout and network.readout.grid):
        under = [
            replace(seen, weights=field.flatten(1).to(seen.logits)) for seen, field in zip(under, fields, strict=True)
        ]
    return trajectory_of(network, first, [under] * iterations, priors, record)


SPATIAL_GAIN = SpatialGainMechanism("spatial_gain", "what an early layer gives is multiplied around the cued place")
