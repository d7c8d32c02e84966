"""A network cut in two behind a layer, so that what comes before it is computed once for all priors."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from timm.layers import get_notrace_functions, get_notrace_modules
from torch import Tensor, fx, nn

from absvit.models.perceive import evaluating

if TYPE_CHECKING:
    from absvit.networks.network import Network

__all__ = ["Cut", "cut_behind"]


@dataclass(frozen=True, eq=False)
class Cut:
    """Two halves of a network: ``above(*below(images))`` are its logits, bit for bit.

    Parameters
    ----------
    below : function of images that gives what the upper half takes: first what the layer gives, then whatever
        passes it by.
    above : function of these that gives logits (image, class).
    calls : names of the modules that the upper half calls, so that their hooks are run.
    """

    below: Callable[[Tensor], tuple]
    above: Callable[..., Tensor]
    calls: frozenset[str]

    def resumed(self, values: tuple) -> Tensor:
        """Run the upper half on copies of values, which it may change in place."""
        return self.above(*(value.clone() if isinstance(value, Tensor) else value for value in values))


class _Looking(nn.Module):
    """A network that takes images and nothing else."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network, self.classify = network.module, network.classify

    def forward(self, images: Tensor) -> Tensor:
        return self.classify(images)


class _Tracer(fx.Tracer):
    """Traces into all modules but those that cannot be, as timm knows them, and those that are named."""

    def __init__(self, whole: Collection[str]) -> None:
        super().__init__(autowrap_functions=tuple(get_notrace_functions()))
        self.whole = whole

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        untraced = isinstance(module, tuple(get_notrace_modules()))
        return name in self.whole or untraced or super().is_leaf_module(module, name)


def cut_behind(network: Network, layer: str, whole: Collection[str] = ()) -> Cut | None:
    """Cut a network behind a layer.

    Parameters
    ----------
    network : who looks.
    layer : name of a module.
    whole : names of modules that are to be called as such, for their hooks.

    Returns
    -------
    The halves; None where the network cannot be traced (torch.fx), or the halves do not give its own logits of
    pictures of noise, bit for bit.
    """
    if network.module is None:
        return None
    try:
        with torch.no_grad(), evaluating(network.module):
            cut = _cut(network, layer, {layer, *whole})
            noise = (network.picture(2), network.picture(1))
            same = cut and all(torch.equal(cut.resumed(cut.below(x)), network.logits(x)) for x in noise)
    except Exception:  # whatever a stranger's forward does when it is traced
        return None
    return cut if same else None


def _cut(network: Network, layer: str, whole: Collection[str]) -> Cut | None:
    root = _Looking(network)
    graph = _Tracer([f"network.{name}" for name in whole]).trace(root)
    nodes = list(graph.nodes)
    at = [number for number, node in enumerate(nodes) if node.target == f"network.{layer}"]
    if len(at) != 1:
        return None
    before, after = nodes[: at[0] + 1], nodes[at[0] + 1 :]
    below = set(before)
    crossing = [before[-1], *(node for node in before[:-1] if not below.issuperset(node.users))]

    lower, copied = fx.Graph(), {}
    for node in before:
        copied[node] = lower.node_copy(node, copied.__getitem__)
    lower.output(tuple(copied[node] for node in crossing))

    upper = fx.Graph()
    copied = {node: upper.placeholder(node.name) for node in crossing}
    for node in after:
        copied[node] = upper.node_copy(node, copied.__getitem__)
    calls = {node.target.removeprefix("network.") for node in after if node.op == "call_module"}
    return Cut(fx.GraphModule(root, lower), fx.GraphModule(root, upper), frozenset(calls))
