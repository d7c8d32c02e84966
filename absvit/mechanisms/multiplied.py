"""Layers of a network multiplied by gains, under many priors."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from torch import Tensor

from absvit.mechanisms.cutting import Cut, cut_behind
from absvit.mechanisms.passes import Seen, looked
from absvit.networks.network import layer_named

if TYPE_CHECKING:
    from absvit.networks.layers import Layout
    from absvit.networks.network import Network

__all__ = ["Multiplied", "block_at", "map_of", "multiplied", "n_places", "prefix_of", "spread"]


@dataclass(frozen=True, eq=False)
class Multiplied:
    """A network of which some layers can be multiplied.

    Parameters
    ----------
    network : who looks.
    layers : names of its layers, in order of computation.
    cut : its halves, before and behind the first of them; None where it cannot be cut, and each prior takes a
        whole pass.
    """

    network: Network
    layers: tuple[str, ...]
    cut: Cut | None

    @classmethod
    def of(cls, network: Network, names: Sequence[str]) -> Multiplied:
        """Find layers by their names; a ValueError names the nearest where there is none."""
        for name in names:
            layer_named(network, name)
        layers = tuple(name for name in network.layers if name in names)
        read = {network.readout.layer} if network.readout else set()
        inside = any(name.startswith(f"{layer}.") for layer in read for name in layers)
        return cls(network, layers, cut_behind(network, layers[0], {*layers, *(() if inside else read)}))

    def seen(self, images: Tensor, gains: Sequence[Mapping[str, Tensor]], keep: bool) -> tuple[Seen, list[Seen]]:
        """Look at images by itself, and with each of several gains.

        Parameters
        ----------
        images : (image, channel, y, x), normalised.
        gains : of each prior, what the layers are multiplied by, as :func:`multiplied`.
        keep : keep the features of the places.
        """
        cut, readout = self.cut, self.network.readout
        at_places = keep and readout.layer == self.layers[-1] == self.layers[0]  # what is multiplied is pooled
        if cut is None or (keep and not at_places and readout.layer not in cut.calls):
            return looked(self.network, images), [self._whole(images, of, keep) for of in gains]
        below = partial(cut.below, images.to(self.network.device))
        changed, *passing = self.network.recalled(("below", self.layers[0]), images, below)

        def resumed(of: Mapping[str, Tensor]) -> Seen:
            first, *others = self.layers
            values = changed * of[first] if of else changed
            if at_places:
                return Seen(cut.resumed((values, *passing)), features=readout.places(readout.tokens(values)))
            with multiplied(self.network, {name: of[name] for name in others if of}):
                return self._kept(lambda: cut.resumed((values, *passing)), keep)

        first = self.network.recalled(("resumed", self.layers[0], keep), images, partial(resumed, {}))
        return first, [resumed(of) for of in gains]

    def _whole(self, images: Tensor, gains: Mapping[str, Tensor], keep: bool) -> Seen:
        with multiplied(self.network, gains):
            return self._kept(lambda: self.network.logits(images), keep)

    def _kept(self, run: Callable[[], Tensor], keep: bool) -> Seen:
        readout = self.network.readout
        if not keep:
            return Seen(run())
        tokens, logits = readout.watched(run)
        return Seen(logits, features=readout.places(tokens))


@contextmanager
def multiplied(network: Network, gains: Mapping[str, Tensor]) -> Iterator[None]:
    """Multiply what layers give for a while.

    Parameters
    ----------
    network : whose layers.
    gains : tensors that spread over what the layers give, by the layers' names.
    """
    with ExitStack() as hooks:
        for name, gain in gains.items():
            layer = network.module.get_submodule(name)
            handle = layer.register_forward_hook(lambda _, given, gave, gain=gain: gave * gain.to(gave))
            hooks.callback(handle.remove)
        yield


def block_at(network: Network, share: float) -> str:
    """Name the block of a network that is a share of the way up.

    Blocks are modules with parts and a number for a name, as stages and blocks of timm's and torchvision's
    networks are; any layers, of a network without. None of a single place counts.

    Raises
    ------
    ValueError : nothing is known of its layers.
    """
    layers = [name for name, layout in network.layouts.items() if n_places(layout) > 1]
    if not layers:
        raise ValueError(
            f"{network.name} has no layer with channels at places that could be multiplied: give a module, or "
            "choose a mechanism that changes no layer"
        )
    numbered = [name for name in layers if name.rpartition(".")[2].isdigit()]
    blocks = [name for name in numbered if any(network.module.get_submodule(name).children())] or layers
    return blocks[round(share * (len(blocks) - 1))]


def spread(values: Tensor, layout: Layout) -> Tensor:
    """Values of channels (image, channel) as they spread over what a layer gives."""
    shape = [1] * (1 + len(layout.shape))
    shape[layout.channel] = layout.channels
    return values.reshape(len(values), *shape[1:])


def n_places(layout: Layout) -> int:
    """Count the places of a layer, tokens before them included."""
    return math.prod(layout.shape[axis - 1] for axis in layout.places)


def prefix_of(layout: Layout, network: Network) -> int:
    """Count the tokens before the places, as far as is known."""
    readout = network.readout
    of_readout = readout is not None and n_places(layout) == math.prod(readout.grid) + readout.prefix
    return readout.prefix if of_readout and len(layout.places) == 1 else 0


def map_of(layout: Layout, network: Network) -> tuple[int, int]:
    """Give rows and columns of a layer's map.

    Raises
    ------
    ValueError : nothing says where its tokens lie.
    """
    if len(layout.places) == 2:
        return tuple(layout.shape[axis - 1] for axis in layout.places)
    n = n_places(layout) - prefix_of(layout, network)
    if network.readout is None or n != math.prod(network.readout.grid):
        raise ValueError(f"nothing says where the {n} tokens of a layer of {network.name} lie: name another layer")
    return network.readout.grid
