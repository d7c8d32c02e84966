"""Places in words, and the complement of a prior: what an instruction says besides what to look for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from absvit.models.absvit import AbSViT
from absvit.models.priors import Prior, SpatialPrior
from absvit.models.priors.base import WrappedPrior
from absvit.models.priors.directions import SharpPrior

__all__ = ["REGIONS", "ComplementPrior", "RegionPrior"]

# Boxes (left, top, right, bottom) in shares of width and height, whose union a word means.
REGIONS = {
    "everywhere": ((0, 0, 1, 1),),
    "left": ((0, 0, 1 / 2, 1),),
    "right": ((1 / 2, 0, 1, 1),),
    "top": ((0, 0, 1, 1 / 2),),
    "bottom": ((0, 1 / 2, 1, 1),),
    "centre": ((1 / 4, 1 / 4, 3 / 4, 3 / 4),),
    "corners": tuple((x, y, x + 1 / 4, y + 1 / 4) for x in (0, 3 / 4) for y in (0, 3 / 4)),
}


@dataclass(frozen=True, eq=False)
class RegionPrior(Prior):
    """A part of the picture, whatever the grid of tokens: each weighs the share of it that lies within.

    Parameters
    ----------
    where : words of :data:`REGIONS`; of several, such as ("top", "left"), what they share.
    gain : factor on the weights; None for the model's default of a place.
    """

    where: tuple[str, ...]
    gain: float | None = None
    kind = "place"

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.where, str) or not self.where or not set(self.where) <= set(REGIONS):
            raise ValueError(f"where takes words of {', '.join(REGIONS)}, at least one, got {self.where!r}")

    @property
    def label(self) -> str:
        """The words."""
        return " ".join(self.where)

    def match(self, tokens: Tensor, model: AbSViT) -> Tensor:
        """The weights, whatever the tokens hold."""
        grid = tuple(model.patch_embed.grid_size)
        boxes = [[SpatialPrior.box(box, (1, 1), grid).weights for box in REGIONS[word]] for word in self.where]
        weights = torch.stack([torch.stack(shares).sum(0) for shares in boxes]).prod(0)
        return SpatialPrior(weights.clamp(0, 1)).match(tokens, model)


@dataclass(frozen=True, eq=False)
class ComplementPrior(WrappedPrior, SharpPrior):
    """All but what another prior matches: 1 less its match by its largest, of a product factor by factor.

    Parameters
    ----------
    prior : what is to be ignored; its gains play no part.
    gain : factor on the weights; None for the model's default of the other prior's kind.
    sharpness : power of what is left relative to its peak; None for the model's own. The other prior's should
        be 1: what it hardly matches is then nearly left.
    """

    gain: float | None = None
    sharpness: float | None = None

    @property
    def kind(self) -> str:
        """That of the other prior, of a product its first factor's."""
        return self.prior.parts[0].kind

    @property
    def kinds(self) -> frozenset[str]:
        """The other's, and a word of its own: only who weighs places can be told what to ignore."""
        return self.prior.kinds | {"complement"}

    @property
    def label(self) -> str:
        """What is ignored."""
        return f"not {self.prior.label}"

    def for_images(self, chosen: slice) -> ComplementPrior:
        """The complement of what the other is cut down to."""
        return replace(self, prior=self.prior.for_images(chosen))

    def match(self, tokens: Tensor, model: AbSViT) -> Tensor:
        """What the other leaves."""
        return self.sharpened(1 - self.prior.weigh(tokens, model, _relative), model)


def _relative(match: Tensor, gain: float) -> Tensor:
    """A match (image, token) by its largest, 0 where nothing matches."""
    peak = match.amax(-1, keepdim=True)
    return match / peak.where(peak > 0, 1)
