"""Evidence gate: the places of a network's last map are pooled by the evidence that they hold for what is cued."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from absvit.mechanisms.host import Host
from absvit.mechanisms.kept_tokens import look_at_kept
from absvit.mechanisms.mechanism import Mechanism, Told
from absvit.mechanisms.passes import Passes, Seen, image_bytes, recordable, trajectory_of, unchanged, unpooled
from absvit.mechanisms.vit_host import vit_bytes, vit_of
from absvit.models.priors import Prior
from absvit.models.trajectory import Trajectory
from absvit.networks.readout import readout_of

if TYPE_CHECKING:
    from absvit.networks.network import Network

__all__ = ["EVIDENCE_GATE", "EvidenceGateMechanism", "pooling_shares", "span_of"]


@dataclass(frozen=True)
class EvidenceGateMechanism(Mechanism):
    """Places are weighted before the pooling: logits = classify(sum_i w_i f_i / sum_i w_i), w_i = match_i ** dose.

    f_i is the feature of a place. What a class is matched with is P f_i, the feature's projection onto the span
    of the classifier's rows less their mean, in which alone classes differ: the match is the cosine with the
    row of the class, less the mean row, cut off at 0. Other priors weigh places likewise, and the weights of
    factors multiply. The dose is a power, at least 0: at 1 places are weighted by their match, and the best
    place alone counts as it grows. Where no place matches, the network pools as it does by itself.

    A ViT that reads its class token pools by attention: the share 2 ** -dose of its places that match best is
    kept, at a dose of 1 half of them, and the others are left out of the pass (``kept_tokens.py``).

    Our own. It is a pooling by attention with the class as the query, and of the kind of a gain on places that
    are similar to a template (Lindsay and Miller 2018 have gains on channels, at all places alike).
    """

    source = "our own: weights of places by cosine with the cued class's row, in the span of the rows, to a power"
    kinds = ("class", "vector", "place", "any")

    strength: float = 2.0

    def dose(self, prior: Prior) -> float:
        """Give the power of the match; refuses one below 0."""
        if (dose := super().dose(prior)) < 0:
            raise ValueError(f"the dose of {self.name} is a power of weights, at least 0, got {dose:g}")
        return dose

    def on(self, network: Network) -> Told:
        """Let a network look by it whose classifier is linear after a mean over places, or a ViT."""
        if readout_of(network).pooled:
            return self._told(network, partial(_look, partial(unchanged, network)), image_bytes(network))
        vit_of(network, f"{self.name}, where a class token is read,")
        return self._told(network, look_at_kept, vit_bytes(network))

    def after(self, told: Told) -> Told:
        """Let it pool the places of what another mechanism has changed before."""
        return self._told(told.network, partial(_look, unpooled(told, self.name)), told.image_bytes)

    def _told(self, network: Network, look: Callable[..., Trajectory], image_bytes: int) -> Told:
        readout = network.readout
        rows = readout.weight - readout.weight.mean(0)
        host = Host(network.categories, rows, readout.grid)
        return Told(
            network,
            self,
            partial(look, self, network, host, self.evidence(network)),
            ("learned", *self.kinds),
            grid=readout.grid,
            records=recordable(network),
            width=rows.shape[1] if "vector" in self.kinds else None,
            image_bytes=image_bytes,
        )

    def evidence(self, network: Network) -> Callable[[Tensor], Tensor]:
        """Give the function of features (image, place, channel) that gives what priors are matched with."""
        rows = network.readout.weight
        span = span_of(rows - rows.mean(0))
        return lambda features: features @ span @ span.T

    def weights(self, prior: Prior, tokens: Tensor, host: Host) -> Tensor:
        """Weigh places.

        Parameters
        ----------
        prior : what to look for.
        tokens : (image, place, channel) what it is matched with: features, projected.
        host : the network in the pass before.

        Returns
        -------
        (image, place) in [0, 1], float64; each factor's relative to its largest, so that a large power of a
        small match is not 0. A shared scale is none of the pooling's.
        """

        def powered(match: Tensor, gain: float) -> Tensor:
            match = match.double()
            largest = match.amax(1, keepdim=True)
            return (match / largest.where(largest > 0, 1)) ** (self.strength * gain)

        return prior.weigh(tokens, host, powered)


def span_of(rows: Tensor) -> Tensor:
    """Give an orthonormal basis (channel, dimension) of what rows (row, channel) span.

    Directions whose singular value is that of rounding errors are none of it: of rows less their mean there is
    one less than there are rows.
    """
    _, values, directions = torch.linalg.svd(rows.double(), full_matrices=False)
    kept = values > values.max() * max(rows.shape) * torch.finfo(rows.dtype).eps
    return directions[kept].T.to(rows)


def pooling_shares(weights: Tensor) -> Tensor:
    """Give each place its share, (image, place), of weights that sum to 1; the same to all, where all are 0."""
    none = ~weights.any(1, keepdim=True)
    weights = weights + none
    return weights / weights.sum(1, keepdim=True)


def _look(
    seen: Callable[[Tensor, Sequence[Prior], int], Passes],
    mechanism: EvidenceGateMechanism,
    network: Network,
    host: Host,
    evidence: Callable[[Tensor], Tensor],
    images: Tensor,
    priors: Sequence[Prior],
    iterations: int,
    record: Sequence[str],
) -> Trajectory:
    first, unpooled = seen(images, priors, iterations)

    @cache  # of a pass that priors share once
    def found(of: Seen) -> Tensor:
        alone = of is first  # the network by itself, which may have looked at these images before
        made = partial(evidence, of.features)
        return network.recalled(("evidence", type(mechanism)), images, made) if alone else made()

    last, passes = [first] * len(priors), []
    for row in unpooled:
        passes.append([])
        for prior, of, before in zip(priors, row, last, strict=True):
            tokens = found(of)
            weights = mechanism.weights(prior, tokens, host.showing(tokens, before.logits))
            shares = pooling_shares(weights).to(of.features)
            logits = network.readout.classify((shares[:, :, None] * of.features).sum(1))
            passes[-1].append(Seen(logits, weights.to(shares), of.features, shares))
        last = passes[-1]
    return trajectory_of(network, first, passes, priors, record)


EVIDENCE_GATE = EvidenceGateMechanism(
    "evidence_gate", "places of the last map are pooled by their evidence for what is cued"
)
