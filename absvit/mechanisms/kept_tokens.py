"""Kept tokens: the evidence gate of a ViT that reads its class token, to which places cannot be weighted.

Its class token pools by attention. Places with little evidence are left out of the pass instead, as
DynamicViT (Rao et al. 2021) and EViT (Liang et al. 2022) leave out those that matter least, to save work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from absvit.mechanisms.host import Host
from absvit.mechanisms.mechanism import Mechanism
from absvit.mechanisms.passes import Seen, looked, trajectory_of
from absvit.models.priors import Prior
from absvit.models.trajectory import Trajectory
from absvit.models.vit_pass import VitPass, blocks_passed, embedded

if TYPE_CHECKING:
    from absvit.networks.network import Network

__all__ = ["look_at_kept", "passed_with_kept", "share_kept", "strongest"]


def share_kept(dose: float) -> float:
    """Give the share of places that are kept, 2 ** -dose: each unit of a dose leaves half of them out."""
    return 2.0**-dose


def strongest(weights: Tensor, share: float) -> Tensor:
    """Choose the places with the largest weights.

    Parameters
    ----------
    weights : (image, place); of equal ones the first count as larger.
    share : of the places, in [0, 1]; their number is rounded, and at least 1.

    Returns
    -------
    (image, kept) int64 numbers of places, in ascending order.
    """
    n = max(1, round(share * weights.shape[1]))
    return weights.sort(dim=1, descending=True, stable=True).indices[:, :n].sort(dim=1).values


def passed_with_kept(model: nn.Module, entering: Tensor, kept: Tensor) -> VitPass:
    """Run all blocks on some of the places.

    Parameters
    ----------
    model : in eval mode.
    entering : (image, token, channel) tokens entering the first block; they hold their positions.
    kept : (image, kept) numbers of places; the tokens before the places are always kept.
    """
    before, places = entering.tensor_split([model.num_prefix_tokens], dim=1)
    return blocks_passed(model, [torch.cat([before, places.take_along_dim(kept[..., None], dim=1)], dim=1)])


def look_at_kept(
    mechanism: Mechanism,
    network: Network,
    host: Host,
    evidence: Callable[[Tensor], Tensor],
    images: Tensor,
    priors: Sequence[Prior],
    iterations: int,
    record: Sequence[str],
) -> Trajectory:
    """Look as the evidence gate does, at the places that are kept alone.

    Doses of factors add up, as powers of one weight do. Evidence is that of the bottom-up pass, which alone
    has seen all places; where no place has any, all are kept.
    """
    first, model = looked(network, images), network.module
    entering = embedded(model, images.to(network.device))
    tokens = evidence(first.features)

    def under(prior: Prior, before: Seen) -> Seen:
        weights = mechanism.weights(prior, tokens, host.showing(tokens, before.logits))
        kept = strongest(weights, share_kept(sum(mechanism.dose(part) for part in prior.parts)))
        seen = passed_with_kept(model, entering, kept)
        at = kept[..., None].expand(-1, -1, tokens.shape[2])
        features = torch.zeros_like(tokens).scatter(1, at, seen.tokens[:, model.num_prefix_tokens :])
        shares = torch.zeros_like(weights).scatter(1, kept, 1 / kept.shape[1])
        matched = weights.any(1)[:, None]
        return Seen(
            seen.logits.where(matched, first.logits),
            weights.to(tokens),
            features.where(matched[..., None], first.features),
            shares.where(matched, 1 / tokens.shape[1]).to(tokens),
        )

    last, passes = [first] * len(priors), []
    for _ in range(iterations):
        last = [under(prior, before) for prior, before in zip(priors, last, strict=True)]
        passes.append(last)
    return trajectory_of(network, first, passes, priors, record)
