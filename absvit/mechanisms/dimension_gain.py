"""Dimension gain: channels are multiplied by how much they tell of the dimension that is attended to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from absvit.mechanisms.mechanism import Mechanism, Told
from absvit.mechanisms.multiplied import Multiplied, block_at, spread
from absvit.mechanisms.passes import Passes, image_bytes, recordable, trajectory_of
from absvit.models.priors import Prior
from absvit.models.trajectory import Trajectory

if TYPE_CHECKING:
    from absvit.networks.network import Network

__all__ = ["DIMENSION_GAIN", "DimensionGainMechanism"]


@dataclass(frozen=True)
class DimensionGainMechanism(Mechanism):
    """Channels of chosen layers are multiplied by exp(dose x tuning to the dimension), at all places alike.

    Tunings come with the prior (``DimensionPrior``). Gains of factors of a product multiply, so that their
    doses add, and shape at a dose undoes texture at the same.

    Parameters
    ----------
    layers : names of the layers; the last block, if left out.
    """

    source = "our own: feature gain (Treue and Martinez Trujillo 1999, Nature 399) by a dimension"
    kinds = ("dimension",)

    layers: tuple[str, ...] = ()

    def on(self, network: Network) -> Told:
        """Let a network look by it."""
        changed = Multiplied.of(network, self.layers or (block_at(network, 1.0),))
        return Told(
            network,
            self,
            partial(_look, self, changed),
            ("learned", *self.kinds),
            grid=network.readout and network.readout.grid,
            records=recordable(network),
            seen=partial(_seen, self, changed) if network.readout else None,
            facts={"layers": changed.layers, "shared": changed.cut is not None},
            image_bytes=image_bytes(network),
        )

    def gain(self, prior: Prior, layer: str, channels: int) -> Tensor:
        """What the channels (channel,) of a layer are multiplied by.

        Raises
        ------
        ValueError : the dimension was learnt at other layers, or of another network.
        """
        cued = [part for part in prior.parts if part.kind == "dimension"]
        doses = [self.dose(part) * part.tuning(layer, channels) for part in cued]
        return sum(doses, torch.zeros(channels)).exp()


def _look(
    mechanism: DimensionGainMechanism,
    changed: Multiplied,
    images: Tensor,
    priors: Sequence[Prior],
    iterations: int,
    record: Sequence[str],
) -> Trajectory:
    seen = _seen(mechanism, changed, images, priors, iterations, "class_activation" in record)
    return trajectory_of(changed.network, *seen, priors, record)


def _seen(
    mechanism: DimensionGainMechanism,
    changed: Multiplied,
    images: Tensor,
    priors: Sequence[Prior],
    iterations: int,
    keep: bool = True,
) -> Passes:
    network = changed.network
    layouts = {name: network.layouts[name] for name in changed.layers}
    gains = [
        {name: spread(mechanism.gain(prior, name, of.channels)[None], of).to(network.device)
         for name, of in layouts.items()}
        for prior in priors
    ]  # fmt: skip
    first, under = changed.seen(images, gains, keep)
    return first, [under] * iterations


DIMENSION_GAIN = DimensionGainMechanism(
    "dimension_gain",
    "channels of the last block are multiplied by how much they tell of shape, or of texture",
)
