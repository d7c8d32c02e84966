"""Decision bias: a cue changes what is answered, and nothing of what is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from absvit.mechanisms.host import Host
from absvit.mechanisms.mechanism import Mechanism, Told
from absvit.mechanisms.passes import image_bytes, looked, recordable, trajectory_of
from absvit.models.priors import Prior
from absvit.models.trajectory import Trajectory

if TYPE_CHECKING:
    from absvit.networks.network import Network

__all__ = ["DECISION_BIAS", "DecisionBiasMechanism"]


@dataclass(frozen=True)
class DecisionBiasMechanism(Mechanism):
    """The cued class has its dose added to its logit: the control for a criterion that moves.

    Of what a sentence means each class has its share of the dose added, the one that is meant most all of it.

    Logits are log posteriors under a flat prior, up to a constant; a dose of d multiplies the prior odds of
    the cued class by exp(d), as a change of criterion does in signal detection theory (Green and Swets
    1966). Each factor of a product adds its own; of several kinds each has the dose added, so that the odds
    of all of them together are multiplied by exp(d).
    """

    source = "Green and Swets 1966, Signal Detection Theory and Psychophysics: the criterion set by prior odds"
    kinds = ("class", "text")

    def on(self, network: Network) -> Told:
        """Let any network answer by it."""
        self._check(network)
        return Told(
            network,
            self,
            partial(_look, self, network),
            ("learned", *self.kinds) if network.readout else ("learned", "class"),
            grid=network.readout and network.readout.grid,
            records=recordable(network),
            image_bytes=image_bytes(network),
        )

    def after(self, told: Told) -> Told:
        """Let what is seen by any other mechanism be answered by it."""
        self._check(told.network)
        return replace(told, mechanism=self, look=partial(_answer, self, told), seen=None, course=None)

    def _check(self, network: Network) -> None:
        if not network.categories:
            raise ValueError(f"{self.name} biases a class and {network.name} names none: give its categories")


def _look(
    mechanism: DecisionBiasMechanism,
    network: Network,
    images: Tensor,
    priors: Sequence[Prior],
    iterations: int,
    record: Sequence[str],
) -> Trajectory:
    first, host = looked(network, images), Host.of(network)
    under = [replace(first, logits=first.logits + _bias(mechanism, prior, host).to(first.logits)) for prior in priors]
    return trajectory_of(network, first, [under] * iterations, priors, record)


def _answer(
    mechanism: DecisionBiasMechanism,
    told: Told,
    images: Tensor,
    priors: Sequence[Prior],
    iterations: int,
    record: Sequence[str],
) -> Trajectory:
    seen, host = told.look(images, priors, iterations, record), Host.of(told.network)
    first, under = seen.logits[:1], seen.logits[1:]
    if not len(under):
        return seen
    biases = [torch.as_tensor(_bias(mechanism, prior, host)).to(under) for prior in priors]
    biased = under + torch.stack([bias.expand(under.shape[2:]) for bias in biases])
    return replace(seen, logits=torch.cat([first, biased]))


def _bias(mechanism: DecisionBiasMechanism, prior: Prior, host: Host) -> Tensor:
    """What is added to the logits, (class,) or (image, class)."""
    shares = [(part, part.class_shares(host)) for part in prior.parts]
    return sum(mechanism.dose(part) * share for part, share in shares if share is not None)


DECISION_BIAS = DecisionBiasMechanism(
    "decision_bias", "a cued class is answered more readily, and nothing is seen otherwise"
)
