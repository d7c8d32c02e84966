"""What every mechanism promises, tried on a network and a few pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from absvit.mechanisms import MECHANISMS
from absvit.mechanisms.mechanism import Mechanism, Told
from absvit.models.priors import ClassPrior, DimensionPrior, LearnedPrior, Prior, SpatialPrior, VectorPrior
from absvit.networks.network import network_of

if TYPE_CHECKING:
    from absvit.networks.network import Network

__all__ = ["check_mechanism"]

N, ITERATIONS, DOSE = 3, 2, 0.5
TOLERANCE = {"rtol": 1e-3, "atol": 1e-4}


class _Interrupted(Exception):
    """An error in the midst of a pass."""


def check_mechanism(mechanism: Mechanism | str, network: Network | nn.Module) -> None:
    """Try what a mechanism promises, on a network that it can be on.

    Iteration 0 gives the network's logits; these come again, bit for bit, where nothing is cued and at a dose of
    0. Each picture is seen by itself; other kinds of prior are refused by name, and so are numbers that are not
    finite; and the network is left as it was, its weights and its hooks, also after an error.

    Parameters
    ----------
    mechanism : by name, or the object itself.
    network : who looks.

    Raises
    ------
    ValueError : a promise is not kept; one sentence says which.
    """
    mechanism, network = MECHANISMS.of(mechanism), network_of(network)
    for broken in _faults(mechanism, network):
        raise ValueError(f"the mechanism {mechanism.name!r} {broken}")


def _faults(mechanism: Mechanism, network: Network) -> Iterator[str]:
    """What is wrong with a mechanism, one sentence after the other; what comes later needs what comes before."""
    yield from _of_declaration(mechanism)
    weights, hooks = _weights(network), _hooks(network)
    told = mechanism.on(network)
    made = {kind: make(told) for kind, make in PRIORS.items() if kind != "learned"}
    priors = {kind: prior for kind, prior in made.items() if told.takes(prior)}
    if not priors:
        yield f"takes priors of {told.kinds}: let it take some of {', '.join(PRIORS)}"
    images = network.picture(N)
    before = images.clone()
    yield from _of_look(told, images, [*priors.values()])
    yield from _of_refusals(told, images)
    if not torch.equal(images, before):
        yield "changes the images that it is given: work on a copy"
    yield from _of_errors(told, images, [*priors.values()], hooks)
    if any(not torch.equal(of, weights[name]) for name, of in _weights(network).items()):
        yield "changes the network's weights: look without gradients, in eval mode"
    if _hooks(network) != hooks:
        yield "leaves hooks behind: remove them after each pass"


def _of_declaration(mechanism: Mechanism) -> Iterator[str]:
    if not mechanism.line or "\n" in mechanism.line:
        yield f"says {mechanism.line!r} of what it does: give one line"
    if not mechanism.source:
        yield "names no source: say the paper, or that it is your own"
    for of in fields(mechanism):
        if isinstance(getattr(mechanism, of.name), float):
            for number in (math.nan, math.inf):
                try:
                    replace(mechanism, **{of.name: number})
                except ValueError:
                    continue
                yield f"takes {of.name}={number}: refuse numbers that are not finite"


def _of_look(told: Told, images: Tensor, priors: list[Prior]) -> Iterator[str]:
    """What it sees under priors of each kind that it takes."""
    if not all(map(told.mechanism.acts, priors)):
        yield "does nothing at a gain of 1: a strength other than 0 is its default"
    found = told.perceive(images, priors, ITERATIONS, told.records)
    if found.logits.shape != (expected := (1 + ITERATIONS, len(priors), N, len(told.network.categories))):
        yield f"gives logits of {tuple(found.logits.shape)} (iteration, prior, image, class), expected {expected}"
    if not torch.isfinite(found.logits).all():
        yield "gives logits that are not finite"
    if not torch.allclose(found.logits[0], told.network.logits(images).expand_as(found.logits[0]), **TOLERANCE):
        yield "sees otherwise than the network in iteration 0, which is bottom-up"
    first = told.perceive(images[:1], [prior.for_images(slice(0, 1)) for prior in priors], ITERATIONS)
    if not torch.allclose(first.logits, found.logits[:, :, :1], **TOLERANCE):
        yield "sees a picture otherwise beside others: each has to be seen by itself"
    for name in told.records:
        values = getattr(found, name)
        if values is None or values.shape[1:3] != found.logits.shape[1:3]:
            yield f"does not give {name}, which it says it records"
    for prior, of in zip(priors, found.logits.unbind(1), strict=True):
        together = told.perceive(images, [_neutral(prior), prior, LearnedPrior()], ITERATIONS).logits
        own = told.network.logits(images).expand_as(together[:, 0])
        if not torch.equal(together[:, 0], own):
            yield f"sees otherwise than the network at a gain of 0 ({prior.label})"
        if not told.mechanism.acts(LearnedPrior()) and not torch.equal(together[:, 2], own):
            yield "sees otherwise than the network where nothing is cued"
        if not torch.allclose(together[:, 1], of, **TOLERANCE):
            yield f"sees otherwise under a prior beside others ({prior.label})"
    still = replace(told.mechanism, strength=0.0).on(told.network).perceive(images, priors).logits
    if not torch.equal(still[1], still[0]):
        yield "sees otherwise than the network at a strength of 0"


def _neutral(prior: Prior) -> Prior:
    return replace(prior, gain=0.0)


def _of_refusals(told: Told, images: Tensor) -> Iterator[str]:
    """Whether it refuses by name what it does not take."""
    for kind, make in PRIORS.items():
        if told.takes(make(told)):
            continue
        try:
            told.perceive(images, [make(told)])
        except ValueError as error:
            if kind in str(error):
                continue
        yield f"does not refuse a prior of kind {kind} by name, which it does not take"


def _of_errors(told: Told, images: Tensor, priors: list[Prior], hooks: int) -> Iterator[str]:
    """Whether hooks are gone after an error in the midst of each pass."""
    module = told.network.module
    leaves = [] if module is None else [m for m in module.modules() if not any(m.children())]

    def stop(*of) -> None:
        raise _Interrupted

    for leaf in leaves[-1:]:
        hook = leaf.register_forward_hook(stop)
        try:
            told.perceive(images, priors)
        except _Interrupted:
            pass
        finally:
            hook.remove()
        if _hooks(told.network) != hooks:
            yield "leaves hooks behind after an error: remove them whatever happens"


def _weights(network: Network) -> dict[str, Tensor]:
    return {} if network.module is None else {name: of.clone() for name, of in network.module.state_dict().items()}


def _hooks(network: Network) -> int:
    """Number of hooks on a network's modules."""
    modules = [] if network.module is None else network.module.modules()
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks) for m in modules)


def _spot(told: Told) -> Prior:
    grid, size = told.grid or (2, 2), told.network.size
    return SpatialPrior.gaussian((size[1] / 2, size[0] / 3), min(size) / 4, size, grid, gain=DOSE)


def _dimension(told: Told) -> Prior:
    """A dimension that each layer is tuned to."""
    tunings = {name: torch.linspace(-1, 1, of.channels) for name, of in told.network.layouts.items()}
    return DimensionPrior(torch.linspace(-1, 1, told.width or 1), DOSE, tunings=tunings)


PRIORS = {
    "learned": lambda told: LearnedPrior(),
    "class": lambda told: ClassPrior(torch.arange(N) % len(told.network.categories), DOSE),
    "place": _spot,
    "vector": lambda told: VectorPrior(torch.linspace(-1, 1, told.width or 1), DOSE),
    "dimension": _dimension,
}
