"""A ViT as the host of a mechanism: what it is, as priors see it, and what its passes make."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from absvit.mechanisms.host import Host
from absvit.mechanisms.passes import image_bytes
from absvit.models.class_activation import classifier_rows
from absvit.models.trajectory import Trajectory
from absvit.models.vit_pass import VITS

if TYPE_CHECKING:
    from absvit.networks.network import Network

__all__ = ["grid_of", "kind_of", "vit_bytes", "vit_host", "vit_of", "vit_trajectory"]


def vit_of(network: Network, mechanism: str) -> nn.Module:
    """Give the ViT that a network is; an AbSViT is one bottom-up.

    Raises
    ------
    ValueError : it is none whose blocks can be run one by one; ``mechanism`` is what cannot be on it.
    """
    if type(network.module) not in VITS:
        raise ValueError(
            f"{mechanism} needs a timm VisionTransformer or an AbSViT, and {network.name} is "
            f"{kind_of(network)}: choose such a network, or another mechanism"
        )
    return network.module


def kind_of(network: Network) -> str:
    """Say what a network is: of several libraries a class may have one name."""
    if network.module is None:
        return "a function"
    kind = type(network.module)
    return f"{kind.__module__.partition('.')[0]}'s {kind.__name__}"


def grid_of(network: Network) -> tuple[int, int]:
    """Give the rows and columns of the places that a ViT has in images of the network's size."""
    rows, columns = network.module.patch_embed.dynamic_feat_size(tuple(network.size))
    return int(rows), int(columns)


def vit_trajectory(
    network: Network, first: dict[str, Tensor], passes: Sequence[Sequence[dict[str, Tensor]]]
) -> Trajectory:
    """Put passes together.

    Parameters
    ----------
    network : who looked.
    first : what is recorded of the bottom-up pass.
    passes : (prior, iteration) what is recorded under priors, ``prior_weights`` (image, token) among it.
    """
    grid, prefix = grid_of(network), network.module.num_prefix_tokens
    rows = [[first] * max(1, len(passes)), *zip(*passes, strict=True)]
    found = {name: torch.stack([torch.stack([seen[name] for seen in row]) for row in rows]) for name in first}
    weights = [torch.stack([seen["prior_weights"] for seen in row]) for row in rows[1:]]
    none = first["logits"].new_empty((0, len(rows[0]), len(first["logits"]), math.prod(grid) + prefix))
    return Trajectory(
        prior_weights=torch.stack(weights) if weights else none,
        grid=grid,
        num_prefix_tokens=prefix,
        **found,
    )


def vit_bytes(network: Network) -> int:
    """Memory that a pass over one image takes, with attention and the tokens of this and the first pass."""
    model, images = network.module, network.picture(1)
    tokens = math.prod(grid_of(network)) + model.num_prefix_tokens
    attention = 2 * model.blocks[0].attn.num_heads * tokens**2
    states = 2 * (len(model.blocks) + 1) * tokens * model.embed_dim
    return image_bytes(network) + images.element_size() * (attention + states)


def vit_host(network: Network) -> Host:
    """Give a ViT as priors see it: without gains of its own, and nothing that it looks for by itself."""
    model = network.module
    return Host(
        network.categories,
        classifier_rows(model),
        grid_of(network),
        model.num_prefix_tokens,
        model.has_class_token,
    )
