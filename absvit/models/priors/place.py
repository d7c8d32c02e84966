"""A place to look at: a spotlight, a box, a mask, or any weights of the tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from absvit.models.absvit import AbSViT
from absvit.models.priors.base import Prior

__all__ = ["SpatialPrior"]


@dataclass(frozen=True, eq=False)
class SpatialPrior(Prior):
    """A place: given weights, whatever the tokens hold.

    Parameters
    ----------
    weights : (token_y, token_x), or (image, token_y, token_x), in [0, 1].
    gain : factor on the weights; None for the model's default (1 for the official weights).
    class_token : weight of the class token, in [0, 1].

    Examples
    --------
    >>> left = priors.SpatialPrior.box((0, 0, 56, 112), size=(112, 112), grid=(14, 14))
    >>> left.weights.sum().item()  # 7 of 14 columns
    98.0
    """

    weights: Tensor
    gain: float | None = None
    class_token: float = 0.0
    kind = "place"
    per_image = ("weights", 3)

    def __post_init__(self) -> None:
        super().__post_init__()
        weights = torch.as_tensor(self.weights)
        weights = weights if weights.is_floating_point() else weights.float()
        if weights.ndim not in (2, 3):
            raise ValueError(
                f"weights must be (token_y, token_x) or (image, token_y, token_x), got shape {tuple(weights.shape)}"
            )
        if not ((weights >= 0) & (weights <= 1)).all() or not 0 <= self.class_token <= 1:
            raise ValueError("weights and class_token must lie in [0, 1] and not be NaN; scale them with gain")
        object.__setattr__(self, "weights", weights)

    @property
    def grid(self) -> tuple[int, int]:
        """Token grid (token_y, token_x) of the weights."""
        return tuple(self.weights.shape[-2:])

    @classmethod
    def gaussian(
        cls, centre: tuple[float, float], sd: float, size: tuple[int, int], grid: tuple[int, int], **kwargs
    ) -> SpatialPrior:
        """A Gaussian spotlight, 1 at its centre.

        Parameters
        ----------
        centre : x and y in pixels from the upper left corner.
        sd : standard deviation in pixels, positive.
        size : height and width of the image in pixels.
        grid : token_y and token_x, the model's ``patch_embed.grid_size``.
        **kwargs : gain, class_token.
        """
        if not (math.isfinite(sd) and sd > 0):
            raise ValueError(f"sd must be a positive number of pixels, got {sd}")
        y, x = ((torch.arange(tokens) + 0.5) * pixels / tokens for pixels, tokens in zip(size, grid, strict=True))
        distance = (x - centre[0]).square() + (y[:, None] - centre[1]).square()
        return cls(torch.exp(-distance / (2 * sd**2)), **kwargs)

    @classmethod
    def box(
        cls, edges: tuple[float, float, float, float], size: tuple[int, int], grid: tuple[int, int], **kwargs
    ) -> SpatialPrior:
        """A rectangle: each token's weight is the share of it that the rectangle covers.

        Parameters
        ----------
        edges : left, top, right and bottom in pixels from the upper left corner.
        size : height and width of the image in pixels.
        grid : token_y and token_x, the model's ``patch_embed.grid_size``.
        **kwargs : gain, class_token.
        """
        left, top, right, bottom = edges
        if not (left < right and top < bottom):
            raise ValueError(f"a box needs left < right and top < bottom, got {edges}")
        shares = []
        for low, high, pixels, tokens in ((top, bottom, size[0], grid[0]), (left, right, size[1], grid[1])):
            ends = torch.linspace(0, pixels, tokens + 1)
            overlap = ends[1:].clamp(max=high) - ends[:-1].clamp(min=low)
            shares.append(overlap.clamp(min=0) * tokens / pixels)
        weights = (shares[0][:, None] * shares[1]).clamp(max=1)
        if not weights.any():
            raise ValueError(
                f"the box {edges} (left, top, right, bottom) lies outside the image of {tuple(size)} pixels"
            )
        return cls(weights, **kwargs)

    @classmethod
    def from_mask(cls, mask: Tensor, grid: tuple[int, int], dilate: int = 0, **kwargs) -> SpatialPrior:
        """Weights from a mask in pixels: the share of each token that the mask covers.

        Parameters
        ----------
        mask : (y, x) or (image, y, x), boolean or in [0, 1].
        grid : token_y and token_x, the model's ``patch_embed.grid_size``.
        dilate : give full weight to tokens up to this many tokens away from any that the mask touches.
        **kwargs : gain, class_token.
        """
        mask = torch.as_tensor(mask).float()
        if not ((mask >= 0) & (mask <= 1)).all():
            raise ValueError("mask must be boolean or lie in [0, 1]; of a picture of grey levels, take mask > 0")
        if mask.ndim not in (2, 3):
            raise ValueError(f"mask must be (y, x) or (image, y, x), got shape {tuple(mask.shape)}")
        share = F.adaptive_avg_pool2d(mask.reshape(-1, 1, *mask.shape[-2:]), tuple(grid))
        if dilate:
            share = F.max_pool2d((share > 0).float(), 2 * dilate + 1, stride=1, padding=dilate)
        return cls(share.reshape(*mask.shape[:-2], *grid), **kwargs)

    def match(self, tokens: Tensor, model: AbSViT) -> Tensor:
        """The weights, whatever the tokens hold."""
        size, has_class_token = self.grid, int(model.has_class_token)
        grid, patches = tuple(model.patch_embed.grid_size), tokens.shape[1] - model.num_prefix_tokens
        if size[0] * size[1] != patches or (size != grid and not model.dynamic_img_size):
            raise ValueError(f"weights must cover the {patches} patch tokens (the grid is {grid}), got {size}")
        patches = self.weights.to(tokens.device, tokens.dtype).flatten(-2).expand(len(tokens), -1)
        patches = F.pad(patches, (model.num_prefix_tokens - has_class_token, 0))  # registers are no place
        return F.pad(patches, (has_class_token, 0), value=self.class_token)
