"""The readout of a network: its places, and the head that is linear after they are pooled.

It is found by numbers: of all tensors near the end of a pass, the one whose mean over places, or whose class
token, is what the head is given; and what the head then makes of it must be the logits.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from absvit.models.perceive import evaluating
from absvit.networks.layers import watching

if TYPE_CHECKING:
    from absvit.networks.network import Network

__all__ = ["Readout", "find_readout", "readout_of"]

CALLS = 48  # of modules at the end of a pass, among which places and head are sought
PREFIXES = range(9)  # numbers of tokens before the places that networks have: class, distillation, registers
TOLERANCE = 1e-4  # of the largest number


@dataclass(frozen=True, eq=False)
class Readout:
    """Places, and a classifier that is linear after they are pooled.

    Parameters
    ----------
    layer : name of the module that gives the places.
    watched : function of a function that runs the network: gives the tokens of that pass (image, token,
        channel), those before the places first, then places row by row, which is what the pooling takes;
        and what the function gave.
    tokens : function of what that module gives that gives the tokens.
    look : function of images that gives their tokens and logits, of one pass.
    classify : function of pooled features (image, channel) that gives logits (image, class). A norm may stand
        before the linear layer.
    weight : (class, channel) rows of the linear classifier, those of features where a norm has weights.
    grid : rows and columns of places.
    prefix : number of tokens before the places.
    pooled : whether the mean over places is read; else it is the first token.
    """

    layer: str
    watched: Callable[[Callable[[], Tensor]], tuple[Tensor, Tensor]]
    tokens: Callable[[Tensor], Tensor]
    look: Callable[[Tensor], tuple[Tensor, Tensor]]
    classify: Callable[[Tensor], Tensor]
    weight: Tensor
    grid: tuple[int, int]
    prefix: int
    pooled: bool

    def features(self, images: Tensor) -> Tensor:
        """Give the tokens alone, (image, token, channel)."""
        return self.look(images)[0]

    def places(self, tokens: Tensor) -> Tensor:
        """The tokens of places, (image, place, channel), of those that ``features`` gives."""
        return tokens[:, self.prefix :]

    def read(self, tokens: Tensor) -> Tensor:
        """What the classifier is given, (image, channel), of the tokens that ``features`` gives."""
        return self.places(tokens).mean(1) if self.pooled else tokens[:, 0]


@dataclass(frozen=True, eq=False)
class _Call:
    """A module that was called, with what came and went; what was changed in place since is as changed."""

    name: str
    module: nn.Module
    given: Tensor
    gave: Tensor


@dataclass(frozen=True)
class _Reading:
    """How a tensor is read: where its channels and places are, and the mean of places or the first token."""

    channels_last: bool
    grid: tuple[int, int]
    prefix: int = 0
    pooled: bool = True

    def tokens(self, values: Tensor) -> Tensor:
        if values.ndim == 4:
            values = values.flatten(1, 2) if self.channels_last else values.flatten(2).transpose(1, 2)
        return values

    def read(self, values: Tensor) -> Tensor:
        tokens = self.tokens(values)
        return tokens[:, self.prefix :].mean(1) if self.pooled else tokens[:, 0]


def readout_of(network: Network) -> Readout:
    """Give the readout of a network.

    Raises
    ------
    ValueError : it has none; says why.
    """
    if isinstance(network.found, Readout):
        return network.found
    raise ValueError(network.found)


def find_readout(network: Network) -> Readout | str:
    """Find the readout of a network, or say why there is none."""
    if network.module is None:
        return f"{network.name} is a function: nothing is known of its places and its classifier"
    with torch.no_grad(), evaluating(network.module):
        calls, logits = _traced(network, network.picture())
        for place in reversed(calls):
            for reading in _readings(place.gave, network):
                head = _head(calls, reading.read(place.gave), logits)
                if not head:
                    continue
                weight = _rows(head, reading.read(place.gave))
                if weight is not None:
                    return _readout(network, place.name, reading, head, weight)
    maps = [call.gave for call in calls if call.gave.ndim == 4]
    if maps and all(math.prod(values.shape[2:]) == 1 for values in maps):
        return (
            f"{' x '.join(map(str, network.size))} pixels are one place to the last layers of {network.name}, in which "
            "nothing can be told apart: give it larger pictures, or a mechanism that changes layers"
        )
    return (
        f"the head of {network.name} is not linear after a mean over places or a class token: nothing can be "
        "read of its places; choose another network, or a mechanism that changes layers"
    )


def _traced(network: Network, pictures: Tensor) -> tuple[list[_Call], Tensor]:
    """The last modules that were called in a pass, and the logits."""
    calls: deque[_Call] = deque(maxlen=CALLS)

    def note(name: str, module: nn.Module, given: tuple, gave: object) -> None:
        if given and isinstance(given[0], Tensor) and isinstance(gave, Tensor):
            calls.append(_Call(name, module, given[0], gave))

    with watching(network.module, note):
        logits = network.logits(pictures)
    return list(calls), logits


def _readings(values: Tensor, network: Network) -> Iterator[_Reading]:
    """Ways in which a tensor may hold more than one place."""
    if values.ndim == 4:
        for last, grid in ((False, values.shape[2:]), (True, values.shape[1:3])):
            if math.prod(grid) > 1:
                yield _Reading(last, tuple(grid))
    elif values.ndim == 3:
        own = getattr(network.module, "num_prefix_tokens", 1)
        for prefix in sorted(PREFIXES, key=lambda n: n != own):
            grid = _grid(values.shape[1] - prefix, network)
            if grid:
                yield _Reading(True, grid, prefix)
                if prefix:
                    yield _Reading(True, grid, prefix, pooled=False)


def _grid(n: int, network: Network) -> tuple[int, int] | None:
    """Rows and columns of n places of a picture; None where they can be of none."""
    own = getattr(getattr(network.module, "patch_embed", None), "grid_size", None)
    if own and math.prod(own) == n:
        return int(own[0]), int(own[1])
    rows = round(math.sqrt(max(n, 0) * network.size[0] / network.size[1]))
    whole = rows and n > 1 and n % rows == 0
    return (rows, n // rows) if whole and _alike(rows, n // rows, network.size) else None


def _alike(rows: int, columns: int, size: tuple[int, int]) -> bool:
    return abs(size[0] / rows - size[1] / columns) < 1


def _head(calls: Sequence[_Call], pooled: Tensor, logits: Tensor) -> list[_Call] | None:
    """The modules that make logits of what was pooled; None where they do not."""
    leaves = [call for call in calls if not any(call.module.children())]
    while leaves and getattr(leaves[-1].module, "weight", None) is None:
        leaves.pop()  # what follows the classifier may do nothing
    for number in range(len(leaves) - 1, -1, -1):
        given = leaves[number].given
        if given.numel() == pooled.numel() and pooled.any() and _same(given.flatten(1), pooled):
            head = leaves[number:]
            return head if _same(_through(head, pooled), logits) else None
    return None


def _same(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors are one but for rounding."""
    return a.shape == b.shape and bool((a - b).abs().max() <= TOLERANCE * b.abs().max())


def _through(head: Sequence[_Call], pooled: Tensor) -> Tensor:
    """What the modules of a head make of pooled features (image, channel)."""
    try:
        values = pooled.reshape(len(pooled), *head[0].given.shape[1:])
        for call in head:
            values = call.module(values)
    except (RuntimeError, TypeError):
        return pooled.new_empty(0)
    return values.flatten(1)


def _rows(head: Sequence[_Call], pooled: Tensor) -> Tensor | None:
    """Rows of the linear classifier (class, channel); None where more than a norm stands before it."""
    *before, last = head
    weight = getattr(last.module, "weight", None)
    if not isinstance(last.module, nn.Linear | nn.Conv2d) or weight[0].numel() != pooled.shape[1]:
        return None
    weight = weight.flatten(1)
    anything = 100 * torch.randn(8, pooled.shape[1], generator=torch.Generator().manual_seed(0)).to(pooled)
    if _is_affine(before, anything):
        zero, unit = pooled.new_zeros(1, pooled.shape[1]), torch.eye(pooled.shape[1]).to(pooled)
        unchanged = not before or torch.equal(_through(before, unit), unit)
        return weight if unchanged else (_through(head, unit) - _through(head, zero)).T
    norms = [call.module for call in before if getattr(call.module, "weight", None) is not None]
    if len(norms) == 1 and norms[0].weight.shape == pooled.shape[1:] and _is_norm(before, anything):
        return weight * norms[0].weight
    return None


def _is_affine(before: Sequence[_Call], values: Tensor) -> bool:
    """Whether modules are affine, tried on values that are far larger than their biases."""
    if not before:
        return True
    zero, x, y = (_through(before, of) for of in (0 * values, values, values.flip(0)))
    both = _through(before, 2 * values - 3 * values.flip(0))
    return _same(both - zero, 2 * (x - zero) - 3 * (y - zero))


def _is_norm(before: Sequence[_Call], values: Tensor) -> bool:
    """Whether modules are a layer norm: the same for every scale, and odd about its bias."""
    x, longer, against, bias = (_through(before, of) for of in (values, 3 * values, -values, 0 * values))
    return _same(x, longer) and _same(x - bias, bias - against)


def _readout(network: Network, name: str, reading: _Reading, head: Sequence[_Call], weight: Tensor) -> Readout:
    """A readout that looks through a network."""
    layer = network.module.get_submodule(name)

    def watched(run: Callable[[], Tensor]) -> tuple[Tensor, Tensor]:
        kept: list[Tensor] = []
        hook = layer.register_forward_hook(lambda module, given, tokens: kept.append(tokens))
        try:
            gave = run()
        finally:
            hook.remove()
        return reading.tokens(kept[-1]), gave

    def look(images: Tensor) -> tuple[Tensor, Tensor]:
        return watched(partial(network.logits, images))

    def classify(pooled: Tensor) -> Tensor:
        with evaluating(network.module):
            return _through(head, pooled)

    found = reading.grid, reading.prefix, reading.pooled
    return Readout(name, watched, reading.tokens, look, classify, weight.detach(), *found)
