"""Attention bias: what is looked for draws the attention of a ViT's queries; values stay as they are."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from absvit.mechanisms.host import Host
from absvit.mechanisms.mechanism import Mechanism, Told
from absvit.mechanisms.vit_host import grid_of, vit_bytes, vit_host, vit_of, vit_trajectory
from absvit.models.attention import check_blocks
from absvit.models.priors import Prior
from absvit.models.trajectory import Trajectory
from absvit.models.vit_pass import PASSED, blocks_passed, embedded

if TYPE_CHECKING:
    from absvit.networks.network import Network

__all__ = ["ATTENTION_BIAS", "AttentionBiasMechanism"]


@dataclass(frozen=True)
class AttentionBiasMechanism(Mechanism):
    """The log weights of a prior are added to the attention scores of a ViT's blocks.

    A query attends a place by softmax_k(q . k / sqrt(d) + dose log max(match_k, floor)): the exponential of
    its score is multiplied by a weight, match ** dose, before all are divided by their sum. Tokens before the
    patches have weight 1. The match is with the tokens of the pass before, as in AbSViT, which changes values
    where this changes queries and keys.

    Our formulation. It is the normalization model of attention (Reynolds and Heeger 2009: the stimulus drive
    is multiplied by the attention field before it is normalised) with a softmax's exponentials as the drive,
    and one way to have biased competition (Desimone and Duncan 1995).

    Parameters
    ----------
    floor : match below which places are alike, in (0, 1]: a cosine is cut off at 0, whose logarithm is no
        number. At .01 and a dose of 1 what matches not at all keeps a hundredth of its attention.
    layers : names of the blocks whose scores are biased, such as ``blocks.2``; all, if left out.
    """

    source = "our formulation, after Reynolds and Heeger 2009, Neuron 61: a field before a normalisation"
    kinds = ("class", "vector", "place", "any")

    floor: float = 0.01
    layers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.floor <= 1:
            raise ValueError(f"floor of {self.name} must lie above 0 and not above 1, got {self.floor}")

    def on(self, network: Network) -> Told:
        """Let a ViT look by it."""
        model = vit_of(network, self.name)
        check_blocks(model.blocks)
        return Told(
            network,
            self,
            partial(_look, self, network, self._biased(network)),
            ("learned", *self.kinds),
            grid=grid_of(network),
            records=tuple(name for name in PASSED if name != "class_attention" or model.has_class_token),
            layers=len(model.blocks),
            width=model.embed_dim,
            image_bytes=vit_bytes(network),
        )

    def weights(self, prior: Prior, tokens: Tensor, host: Host) -> Tensor:
        """What the attention to each token is multiplied by.

        Parameters
        ----------
        prior : what to look for.
        tokens : (image, token, channel) after the final norm of the pass before.
        host : the network in that pass.

        Returns
        -------
        (image, token) float64, finite and above 0 at any dose; 1 for the tokens before the patches.
        """

        def powered(match: Tensor, gain: float) -> Tensor:
            return match.double().clamp(min=self.floor) ** (self.strength * gain)

        of = torch.finfo(torch.float64)
        weights = prior.weigh(tokens, host, powered).clamp(of.tiny, of.max)
        weights[:, : host.num_prefix_tokens] = 1
        return weights

    def _biased(self, network: Network) -> list[int]:
        """Numbers of the blocks whose scores are biased, in order."""
        names = [f"blocks.{number}" for number in range(len(network.module.blocks))]
        for name in self.layers:
            if name not in names:
                near = difflib.get_close_matches(str(name), names, 3, 0)
                raise ValueError(
                    f"{self.name} biases blocks and {network.name} has no block {name!r}; the nearest are "
                    f"{', '.join(near)}"
                )
        return [number for number, name in enumerate(names) if not self.layers or name in self.layers]


def _look(
    mechanism: AttentionBiasMechanism,
    network: Network,
    biased: Sequence[int],
    images: Tensor,
    priors: Sequence[Prior],
    iterations: int,
    record: Sequence[str],
) -> Trajectory:
    """All priors share the bottom-up pass, and the tokens that enter the first block that is biased."""
    model, host = network.module, vit_host(network)
    first = blocks_passed(model, [embedded(model, images.to(network.device))])
    below = first.states[: biased[0] + 1]

    def passes(prior: Prior) -> Iterator[dict[str, Tensor]]:
        seen = first
        for _ in range(iterations):
            weights = mechanism.weights(prior, seen.tokens, host.showing(seen.tokens, seen.logits))
            seen = blocks_passed(model, below, dict.fromkeys(biased, weights.log().to(seen.tokens)))
            yield seen.recorded(record, prior) | {"prior_weights": weights.to(seen.tokens)}

    return vit_trajectory(network, first.recorded(record), [list(passes(prior)) for prior in priors])


ATTENTION_BIAS = AttentionBiasMechanism(
    "attention_bias", "queries of a ViT attend more to places that match what is cued"
)
