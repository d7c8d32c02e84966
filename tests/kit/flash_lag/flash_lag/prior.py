"""A prior of our own: a stretch of the image's width."""

from dataclasses import dataclass

import torch
from torch import Tensor

from absvit.models.priors import Prior


@dataclass(frozen=True, eq=False)
class PathPrior(Prior):
    """Tokens between two ends (image, 2), left and right, in units of the image width."""

    ends: Tensor
    gain: float | None = None
    kind = "path"
    per_image = ("ends", 2)

    def match(self, tokens: Tensor, model) -> Tensor:
        """Give 1 to tokens between the ends, 0 to others and to the class token."""
        rows, columns = model.patch_embed.grid_size
        x = (torch.arange(columns, device=tokens.device) + 0.5) / columns
        left, right = self.ends.to(tokens).T[..., None]
        inside = ((x >= left) & (x <= right)).to(tokens)
        return torch.cat([torch.zeros_like(inside[:, :1]), inside.repeat(1, rows)], 1)
