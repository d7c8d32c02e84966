"""The feedback path: linear decoders that carry the output of one pass down to the values of the next.

Feedback acts on each token alone and is linear, so the chain of decoders down to a layer is one matrix:
td_l = M_l x with M_l = W2_l W1_l W1_{l+1} ... W1_{L-1}, and its share of the values is W_v,l M_l x.
Multiplying the matrices out first costs less than decoding token by token as soon as there are more
tokens than channels, in training too, and lets one product serve every prior of an image.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["Decoder", "fold_decoders", "reconstruction_errors"]


class Decoder(nn.Module):
    """One step of feedback: ``linear`` (W1) hands on to the layer below, ``linear2`` (W2) feeds this one.

    Parameters
    ----------
    channels : width of the tokens.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, channels, bias=False)
        self.linear2 = nn.Linear(channels, channels, bias=False)


def fold_decoders(handing_on: list[Tensor], feeding: list[Tensor]) -> list[Tensor]:
    """Multiply the feedback path out to a matrix a layer, (channel, channel), bottom first: td_l = M_l x.

    Given are W1 (handing on) and W2 (feeding) of each layer, in the same order.
    """
    chain = handing_on[-1]
    folded = [torch.matmul(feeding[-1], chain)]
    for layer in range(len(handing_on) - 2, -1, -1):
        chain = torch.matmul(handing_on[layer], chain)
        folded.append(torch.matmul(feeding[layer], chain))
    return folded[::-1]


def reconstruction_errors(decoders: Sequence[Decoder], states: Sequence[Tensor], per_image: bool = False) -> Tensor:
    """Mean squared error with which each decoder predicts the tokens one layer down.

    Parameters
    ----------
    decoders : the decoders, bottom layer first.
    states : tokens entering each block and, last, leaving the last one: layers + 1 of (image, token,
        channel).
    per_image : give the errors of each image, not their mean.

    Returns
    -------
    (layer,) mean((W1_l z_{l+1} - z_l)^2), the terms of the variational loss (Shi et al. 2023, equation 12);
    (image, layer) if per_image. No gradient reaches the states, so that only the decoders learn from it.
    """
    errors = []
    for decoder, below, above in zip(decoders, states[:-1], states[1:], strict=True):
        squared = (decoder.linear(above.detach()) - below.detach()).square()
        errors.append(squared.mean((1, 2)) if per_image else squared.mean())
    return torch.stack(errors, dim=-1)
