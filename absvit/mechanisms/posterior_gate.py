"""Posterior gate: places are pooled by how probable the cued class is at each, to the network itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from absvit.mechanisms.evidence_gate import EvidenceGateMechanism
from absvit.mechanisms.host import Host
from absvit.mechanisms.mechanism import Told
from absvit.models.priors import Prior
from absvit.networks.readout import readout_of

if TYPE_CHECKING:
    from absvit.networks.network import Network

__all__ = ["POSTERIOR_GATE", "PosteriorGateMechanism"]


@dataclass(frozen=True)
class PosteriorGateMechanism(EvidenceGateMechanism):
    """Places are weighted by posteriors: logits = classify(sum_i w_i f_i / sum_i w_i), w_i = p_i ** dose.

    p_i is the probability of the class where the network answers by the feature of place i alone, the softmax
    of classify(f_i); of several kinds at once it is that of any of them, and factors of a product multiply.
    Where a cosine asks how much of the class a place holds, the posterior asks how much more than of any other
    class, so that a place of which another class can claim more counts less: classes compete at each place, as
    in the responsibilities of a mixture (Dempster, Laird and Rubin 1977). The dose is a power, at least 0.
    """

    source = "our own: weights of places by the posterior of the cued class, as responsibilities of a mixture"
    kinds = ("class", "text")

    strength: float = 1.0

    def on(self, network: Network) -> Told:
        """Let a network look by it whose classifier is linear after a mean over places."""
        if not readout_of(network).pooled:
            raise ValueError(
                f"{self.name} lets the classifier answer at each place, and {network.name} reads its class "
                "token: choose evidence_gate, or a network that pools places"
            )
        return super().on(network)

    def evidence(self, network: Network) -> Callable[[Tensor], Tensor]:
        """Give the function that gives log posteriors (image, place, class) of features."""

        def log_posteriors(features: Tensor) -> Tensor:
            logits = network.readout.classify(features.flatten(0, 1))
            return logits.double().log_softmax(1).unflatten(0, features.shape[:2])

        return log_posteriors

    def weights(self, prior: Prior, tokens: Tensor, host: Host) -> Tensor:
        """Weigh places, (image, place) in [0, 1] relative to the largest, by log posteriors.

        All alike for an image of which no class is cued.
        """
        powers = []
        for part in prior.parts:
            shares = part.class_shares(host)
            if shares is not None:
                log_shares = shares.to(tokens).log()[..., None, :]
                powers.append(self.dose(part) * (tokens + log_shares).logsumexp(2))
        log_weights = sum(powers)
        return (log_weights - log_weights.amax(1, keepdim=True)).nan_to_num(0).exp()


POSTERIOR_GATE = PosteriorGateMechanism(
    "posterior_gate", "places of the last map are pooled by how probable the cued class is at each"
)
