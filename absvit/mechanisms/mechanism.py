"""The contract of a mechanism of attention, and of a network that one lets look for something."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, fields, replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from absvit.images import check_images
from absvit.models.perceive import ACCELERATOR_BUDGET, CPU_BUDGET, evaluating
from absvit.models.priors import Prior
from absvit.models.requests import check_passes, priors_for
from absvit.models.trajectory import Shown, Trajectory

if TYPE_CHECKING:
    from absvit.mechanisms.passes import Passes
    from absvit.models.course import Course
    from absvit.networks.network import Network

__all__ = ["Mechanism", "Told", "gain_of"]


@dataclass(frozen=True)
class Mechanism:
    """How a prior changes what a network sees. A kind of mechanism derives from this and defines ``on``.

    Fields that it adds, each with a default, are its parameters; ``GATE = EvidenceGateMechanism("evidence_gate",
    "...")`` declares one, and ``dataclasses.replace(GATE, strength=4.0)`` is the same with another parameter.

    Parameters
    ----------
    name : what records and the command line call it.
    line : what it does, in a line.
    strength : factor on the gain of every prior. Their product is the *dose*; what it scales each kind of
        mechanism says. At a dose of 0, and where nothing is cued, a network gives its own logits.
    """

    source: ClassVar[str] = ""  # the paper, and what it says there
    kinds: ClassVar[tuple[str, ...]] = ()  # of prior, besides "learned"; "any" for whatever weighs places

    name: str
    line: str
    strength: float = 1.0

    def __post_init__(self) -> None:
        several = [of.name for of in fields(self) if isinstance(of.default, tuple)]
        for name, value in self.parameters.items():
            if name in several and isinstance(value, str):
                raise ValueError(f"{name} of {self.name} are several words, got one: write ({value!r},)")
            numbers = value if isinstance(value, tuple) else (value,)
            if wrong := [number for number in numbers if isinstance(number, Real) and not math.isfinite(number)]:
                raise ValueError(f"{name} of {self.name} must be a finite number, got {wrong[0]}")
        unset = self.strength is None is type(self).strength  # left to the model, by a mechanism that allows it
        if not unset and (isinstance(self.strength, bool) or not isinstance(self.strength, Real)):
            raise ValueError(f"strength of {self.name} must be a finite number, got {self.strength!r}")

    @property
    def parameters(self) -> dict[str, object]:
        """What can be varied, by name."""
        return {of.name: getattr(self, of.name) for of in fields(self) if of.name not in ("name", "line")}

    def dose(self, prior: Prior) -> float:
        """Give strength times the gain of a prior that is no product: 1, where it has none."""
        return self.strength * gain_of(prior)

    def acts(self, prior: Prior) -> bool:
        """Say whether a prior cues anything, at a dose other than 0."""
        return any(part.kind != "learned" and self.dose(part) != 0 for part in prior.parts)

    def on(self, network: Network) -> Told:
        """Let a network look by it.

        Parameters
        ----------
        network : any that has what the mechanism needs.

        Raises
        ------
        ValueError : it lacks that; what it lacks is said.
        """
        raise TypeError(f"{type(self).__name__} must define on(network)")

    def after(self, told: Told) -> Told:
        """Let it act on what another mechanism leaves, told the same prior (``in_series.py``).

        Parameters
        ----------
        told : a network under the mechanism that acts before.

        Raises
        ------
        ValueError : it cannot; a mechanism that defines no other changes the passes themselves.
        """
        raise ValueError(
            f"{self.name} cannot act on what {told.mechanism.name} leaves, as it changes the network's own "
            "passes: put it first, and no other that does beside it"
        )


def gain_of(prior: Prior) -> float:
    """Give the gain of a prior that is no product; its kind's, where it has none of its own."""
    return prior.default_gain if prior.gain is None else prior.gain


@dataclass(frozen=True, eq=False)
class Told:
    """A network under a mechanism: it can be told what to look for.

    Parameters
    ----------
    network : who looks.
    mechanism : how what it is told changes what it sees.
    look : function of (images, priors, iterations, record) that gives a Trajectory of these priors, iterations
        0 to T; each prior acts. Without priors and iterations: of the bottom-up pass alone. It sees each
        picture by itself. Its iteration 0 gives the network's logits, bit for bit where it is the network that
        computes them (feedback has AbSViT's own passes, which differ in the last bits).
    kinds : kinds of prior that it takes; "any" for whatever weighs places.
    grid : rows and columns of places, to which places that are cued and maps belong; None where it has none.
    records : what it records, of ``RECORDABLE``, besides weights of places.
    layers : number of layers of which it records norms.
    width : channels of a direction that it can be told; None where it takes none.
    gains : default gains of the kinds of prior, where they are not 1.
    course : function that follows it pass by pass, as :func:`absvit.follow`; None where each pass is as the first.
    seen : function of (images, priors, iterations) that gives the bottom-up pass and the passes under priors,
        (iteration, prior), with the features of their places, for a mechanism that acts on these; None where
        it hands on none.
    facts : further facts for records: how tunings were measured, what was shared.
    image_bytes : memory that intermediate results of an image take; 0 where ``look`` keeps to the budget itself.
    """

    network: Network
    mechanism: Mechanism
    look: Callable[[Tensor, Sequence[Prior], int, Sequence[str]], Trajectory]
    kinds: tuple[str, ...]
    grid: tuple[int, int] | None = None
    records: tuple[str, ...] = ()
    layers: int = 0
    width: int | None = None
    gains: Mapping[str, float] = field(default_factory=dict)
    course: Callable[..., Course] | None = None
    seen: Callable[[Tensor, Sequence[Prior], int], Passes] | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
    image_bytes: int = 0

    def takes(self, prior: Prior) -> bool:
        """Say whether it can be told this."""
        return "any" in self.kinds or prior.kinds <= {*self.kinds, "learned"}

    def perceive(
        self,
        images: Tensor,
        priors: Sequence[Prior] | None = None,
        iterations: int = 1,
        record: Sequence[str] = (),
        memory_budget: int | None = None,
    ) -> Trajectory:
        """Look at images with each of several priors, as :func:`absvit.perceive` does.

        Parameters
        ----------
        images : (image, channel, y, x), normalised with the network's mean and std.
        priors : what to look for; nothing, if left out.
        iterations : passes under the prior T, at least 0.
        record : names of ``records`` to keep besides logits and the weights of places.
        memory_budget : bytes that intermediate results may take at a time; as in :func:`absvit.perceive`. One
            image is always done.

        Returns
        -------
        Trajectory: iteration 0 is the network itself; so are all others where a prior cues nothing or its dose
        is 0. ``prior_weights`` are NaN where the mechanism weighs no places.

        Raises
        ------
        ValueError : an argument is not as described, or a prior is of a kind that the mechanism does not take.
        """
        priors = self._asked(images, priors, iterations, record)
        acting = [k for k, prior in enumerate(priors) if iterations and self.mechanism.acts(prior)]
        passes = iterations if acting else 0
        module = self.network.module
        with (
            torch.set_grad_enabled(images.requires_grad and torch.is_grad_enabled()),
            nullcontext() if module is None else evaluating(module),
        ):
            parts = [
                self.look(images[here], [priors[k].for_images(here) for k in acting], passes, tuple(record))
                for here in self._slices(images, memory_budget)
            ]
        shown = Shown(tuple(images.shape[-2:]), tuple(prior.label for prior in priors), self.network.categories)
        return replace(_joined(parts).among(len(priors), acting, iterations), shown=shown)

    def _asked(self, images: Tensor, priors, iterations: int, record: Sequence[str]) -> list[Prior]:
        """The priors, after all that cannot be done has been refused."""
        check_images(images, self.network.size)
        check_passes(iterations, record)
        if lacking := [name for name in record if name not in self.records]:
            raise ValueError(f"{self} records {', '.join(self.records) or 'nothing'}, and not {lacking[0]}")
        for prior in priors if isinstance(priors, Sequence) else ():
            if isinstance(prior, Prior) and not self.takes(prior):
                refused = sorted(prior.kinds - {*self.kinds, "learned"})
                raise ValueError(
                    f"{self} takes priors of kind {', '.join(self.kinds)}, and none of {', '.join(refused)} "
                    f"({prior.label}): use another mechanism or prior"
                )
        return priors_for(priors, len(images), self.grid)

    def _slices(self, images: Tensor, budget: int | None) -> list[slice]:
        if budget is not None and not (isinstance(budget, Integral) and budget > 0):
            raise ValueError(f"memory_budget must be a positive integer number of bytes, got {budget!r}")
        if budget is None:
            budget = CPU_BUDGET if images.device.type == "cpu" else ACCELERATOR_BUDGET
        step = max(1, budget // self.image_bytes) if self.image_bytes else len(images)
        return [slice(start, start + step) for start in range(0, len(images), step)]

    def __str__(self) -> str:
        return f"{self.mechanism.name} on {self.network.name}"


def _joined(parts: Sequence[Trajectory]) -> Trajectory:
    """What was seen of some images after the other, of all."""
    held = [name for name, value in vars(parts[0]).items() if isinstance(value, Tensor)]
    if len(parts) == 1:
        return parts[0]
    return replace(parts[0], **{name: torch.cat([getattr(part, name) for part in parts], 2) for name in held})
