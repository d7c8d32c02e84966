"""Attention maps of a trajectory: each a small function, each a different answer to "where does it look?"."""

from __future__ import annotations

import torch
from torch import Tensor

from absvit.models.perceive import Trajectory

__all__ = [
    "attention_rollout",
    "block_of",
    "class_activation_map",
    "class_attention_map",
    "feedback_norm_map",
    "prior_weight_map",
    "token_norm_map",
    "value_norm_map",
]

USUAL = -3  # block that maps are of, where none is asked for


def prior_weight_map(trajectory: Trajectory) -> Tensor:
    """Weights that the prior gave to the patch tokens, gain included.

    Parameters
    ----------
    trajectory : of at least one feedback iteration.

    Returns
    -------
    (iteration, prior, image, token_y, token_x), iterations 1..T.

    Examples
    --------
    >>> maps.prior_weight_map(seen).shape  # one iteration: pass 0 is bottom-up
    torch.Size([1, 2, 4, 14, 14])
    """
    return _patches(trajectory, _recorded(trajectory.prior_weights, "prior_weights"))


def feedback_norm_map(trajectory: Trajectory, layer: int = -3) -> Tensor:
    """L2 norm of the feedback td that reaches the patch tokens of a layer.

    Parameters
    ----------
    trajectory : recorded with "feedback_norms".
    layer : block that the feedback enters.

    Returns
    -------
    (iteration, prior, image, token_y, token_x), iterations 1..T.

    Examples
    --------
    >>> maps.feedback_norm_map(seen).shape  # one iteration: pass 0 is bottom-up
    torch.Size([1, 2, 4, 14, 14])
    """
    return _patches(trajectory, _layer(trajectory.feedback_norms, layer, "feedback_norms"))


def value_norm_map(trajectory: Trajectory, layer: int = -3) -> Tensor:
    """L2 norm of the attention values of the patch tokens, top-down drive included.

    Parameters
    ----------
    trajectory : recorded with "value_norms".
    layer : block that the values belong to.

    Returns
    -------
    (iteration, prior, image, token_y, token_x), iterations 0..T.

    Examples
    --------
    >>> maps.value_norm_map(seen).shape
    torch.Size([2, 2, 4, 14, 14])
    """
    return _patches(trajectory, _layer(trajectory.value_norms, layer, "value_norms"))


def token_norm_map(trajectory: Trajectory, layer: int = -3, clip: bool = False) -> Tensor:
    """L2 norm of the patch tokens that enter a block: the map of the paper's figures.

    Parameters
    ----------
    trajectory : recorded with "token_norms".
    layer : block that the tokens enter; the official demo takes the third from the top.
    clip : subtract 0.7 times the map's maximum plus 0.3 times its minimum and cut at 0, as the official demo
        does.

    Returns
    -------
    (iteration, prior, image, token_y, token_x), iterations 0..T.

    Examples
    --------
    >>> maps.token_norm_map(seen, clip=True).shape
    torch.Size([2, 2, 4, 14, 14])
    """
    norms = _patches(trajectory, _layer(trajectory.token_norms, layer, "token_norms"))
    if not clip:
        return norms
    high, low = norms.amax(dim=(-2, -1), keepdim=True), norms.amin(dim=(-2, -1), keepdim=True)
    return (norms - (0.7 * high + 0.3 * low)).clamp(min=0)


def class_attention_map(trajectory: Trajectory, layer: int = -1) -> Tensor:
    """Attention from the class token to the patches, mean over heads.

    Parameters
    ----------
    trajectory : recorded with "class_attention".
    layer : block that attends.

    Returns
    -------
    (iteration, prior, image, token_y, token_x), iterations 0..T; sums to at most 1.

    Examples
    --------
    >>> maps.class_attention_map(seen).shape
    torch.Size([2, 2, 4, 14, 14])
    """
    return _patches(trajectory, _layer(trajectory.class_attention, layer, "class_attention"))


def class_activation_map(trajectory: Trajectory) -> Tensor:
    """What each place adds to the logit of the class that is looked for, or else answered (Zhou et al. 2016).

    Parameters
    ----------
    trajectory : recorded with "class_activation".

    Returns
    -------
    (iteration, prior, image, token_y, token_x), iterations 0..T.

    Examples
    --------
    >>> maps.class_activation_map(seen).shape
    torch.Size([2, 2, 4, 14, 14])
    """
    return _patches(trajectory, _recorded(trajectory.class_activation, "class_activation"))


def attention_rollout(trajectory: Trajectory) -> Tensor:
    """Attention from the class token traced through all layers (Abnar and Zuidema 2020).

    The product over layers of (A + I) / 2, A being the attention averaged over heads; its class-token row.

    Parameters
    ----------
    trajectory : recorded with "attention".

    Returns
    -------
    (iteration, prior, image, token_y, token_x), iterations 0..T; sums to at most 1.

    Examples
    --------
    >>> maps.attention_rollout(seen).shape  # (iteration, prior, image, token_y, token_x)
    torch.Size([2, 2, 4, 14, 14])
    """
    attention = _recorded(trajectory.attention, "attention").mean(dim=-3)
    mixing = 0.5 * (attention + torch.eye(attention.shape[-1], device=attention.device, dtype=attention.dtype))
    row = mixing[..., -1, :1, :]
    for layer in range(mixing.shape[-3] - 2, -1, -1):
        row = row @ mixing[..., layer, :, :]
    return _patches(trajectory, row.squeeze(-2))


def _recorded(values: Tensor | None, name: str) -> Tensor:
    if values is None:
        raise ValueError(f"the trajectory holds no {name}; call perceive(..., record=({name!r},))")
    if values.shape[0] == 0:
        raise ValueError(f"the trajectory has no feedback iteration, so it has no {name}; ask for iterations >= 1")
    return values


def _layer(values: Tensor | None, layer: int, name: str) -> Tensor:
    values = _recorded(values, name)
    return values[:, :, :, block_of(layer, values.shape[3])]


def block_of(layer: int, depth: int) -> int:
    """Give the place of a block among those of a model, from the bottom.

    Parameters
    ----------
    layer : its place, negative from the top; ``USUAL`` of a model with fewer blocks is its lowest.
    depth : number of blocks.

    Examples
    --------
    >>> maps.block_of(-1, depth=6)
    5
    """
    if layer == USUAL and depth < -USUAL:
        return 0
    if not -depth <= layer < depth:
        raise ValueError(f"layer must be in {-depth}..{depth - 1}, got {layer}")
    return layer % depth


def _patches(trajectory: Trajectory, values: Tensor) -> Tensor:
    return values[..., trajectory.num_prefix_tokens :].unflatten(-1, trajectory.grid)
