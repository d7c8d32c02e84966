"""Explaining away: what the strongest other class accounts for is taken out of the features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from absvit.mechanisms.host import Host
from absvit.mechanisms.mechanism import Mechanism, Told
from absvit.mechanisms.passes import Passes, Seen, image_bytes, recordable, trajectory_of, unchanged, unpooled
from absvit.models.priors import Prior
from absvit.models.priors.directions import CuedClasses
from absvit.models.trajectory import Trajectory
from absvit.networks.readout import readout_of

if TYPE_CHECKING:
    from absvit.networks.network import Network

__all__ = ["EXPLAINING_AWAY", "ExplainingAwayMechanism", "rivals", "without"]


@dataclass(frozen=True)
class ExplainingAwayMechanism(Mechanism):
    """The rival of what is cued is explained away at every place, f_i - dose (u . f_i) u, and the rest is read.

    The rival is the class of the largest logit in the pass before, of all that are not cued, and u its row of
    the classifier, less the mean row, at unit length. At a dose of 1 nothing is left of what the rival's row can
    see, so that its logit no longer tells it apart, and classes with similar rows lose with it. Each further
    pass takes out the strongest rival that is left. Of the factors of a product the largest dose counts.

    This is matching pursuit (Mallat and Zhang 1993) with the classes as atoms, kept from the one that is cued;
    in analysis by synthesis the residual is what the hypotheses so far do not explain (Yuille and Kersten 2006).
    By itself it hardly raises what is cued, as it takes away its rival. Before a gate, two objects at the same
    places come apart, which no weights of places tell one from the other.
    """

    source = "our formulation, after Mallat and Zhang 1993, IEEE Trans. Signal Process. 41: matching pursuit"
    kinds = ("class",)

    def on(self, network: Network) -> Told:
        """Let a network look by it whose classifier is linear after a mean over places."""
        if not readout_of(network).pooled:
            raise ValueError(
                f"{self.name} takes apart what is pooled over places, and {network.name} reads its class token: "
                "choose attention_bias, or a network that pools places"
            )
        return self._told(network, partial(unchanged, network), image_bytes(network))

    def after(self, told: Told) -> Told:
        """Let it take apart what another mechanism has changed before the pooling."""
        return self._told(told.network, unpooled(told, self.name), told.image_bytes)

    def _told(self, network: Network, before: Callable[..., Passes], image_bytes: int) -> Told:
        weight = network.readout.weight
        seen = partial(_seen, self, network, F.normalize(weight - weight.mean(0), dim=1), before)
        return Told(
            network,
            self,
            partial(_look, network, seen),
            ("learned", *self.kinds),
            grid=network.readout.grid,
            records=recordable(network),
            seen=seen,
            image_bytes=image_bytes,
        )


def rivals(logits: Tensor, cued: Tensor) -> Tensor:
    """Give the strongest class that is not cued.

    Parameters
    ----------
    logits : (image, class).
    cued : (image, class) or (class,) bool; where all are cued, the first is given.
    """
    return logits.masked_fill(cued, -torch.inf).argmax(1)


def without(features: Tensor, direction: Tensor, share: float) -> Tensor:
    """Take a share of what lies along a direction out of features.

    Parameters
    ----------
    features : (image, place, channel).
    direction : (image, channel) of unit length; of length 0 for an image of which nothing is taken.
    share : 1 for all of it.
    """
    along = features @ direction[:, :, None]
    return features - share * along * direction[:, None]


def _look(
    network: Network,
    seen: Callable[..., Passes],
    images: Tensor,
    priors: Sequence[Prior],
    iterations: int,
    record: Sequence[str],
) -> Trajectory:
    return trajectory_of(network, *seen(images, priors, iterations), priors, record)


def _seen(
    mechanism: ExplainingAwayMechanism,
    network: Network,
    units: Tensor,
    before: Callable[..., Passes],
    images: Tensor,
    priors: Sequence[Prior],
    iterations: int,
) -> Passes:
    first, whole = before(images, priors, iterations)
    host = Host.of(network)

    def course(prior: Prior, own: Sequence[Seen]) -> list[Seen]:
        """The passes under a prior; each takes out the rivals of those before it."""
        told = [part for part in prior.parts if isinstance(part, CuedClasses)]
        members = [part.members(host).expand(first.logits.shape) for part in told]
        cued = torch.stack(members).any(0).to(units.device)
        dose, left = max(map(mechanism.dose, told)), (~cued).any(1, keepdim=True)
        directions, passes, last = [], [], first.logits
        for seen in own:
            directions.append(units[rivals(last, cued)] * left)
            features = seen.features
            for direction in directions:
                features = without(features, direction, dose)
            last = network.readout.classify(features.mean(1))
            passes.append(Seen(last, features=features))
        return passes

    courses = [course(prior, [row[k] for row in whole]) for k, prior in enumerate(priors)]
    return first, [list(row) for row in zip(*courses, strict=True)]


EXPLAINING_AWAY = ExplainingAwayMechanism(
    "explaining_away", "what the strongest other class accounts for is taken out of the features"
)
