"""The contract of a prior: what it gives a model, and how priors multiply.

A new kind of prior is a frozen dataclass derived from :class:`Prior` that defines ``match``; it may come from
any package, and needs no entry anywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from numbers import Real

import torch
from torch import Tensor

from absvit.models.absvit import AbSViT

__all__ = ["Prior", "ProductPrior", "WrappedPrior"]


def _times(match: Tensor, gain: float) -> Tensor:
    return gain * match


class Prior:
    """Base of all priors.

    A prior may hold one value for all images or one an image; ``per_image`` names the field and the number of
    dimensions that it has in the second case. ``kind`` says which of the model's gains applies where none is
    given, and ``default_gain`` what does where the model has none of that kind.

    Examples
    --------
    >>> isinstance(priors.ClassPrior(3) * priors.LearnedPrior(), priors.Prior)
    True
    """

    kind = "learned"
    default_gain: float = 1.0
    per_image: tuple[str, int] | None = None
    gain: float | None = None

    def __post_init__(self) -> None:
        if self.gain is not None and not (isinstance(self.gain, Real) and math.isfinite(self.gain)):
            raise ValueError(f"gain must be a finite number, got {self.gain!r}")

    def weigh(self, tokens: Tensor, model: AbSViT, by: Callable[[Tensor, float], Tensor] = _times) -> Tensor:
        """Weights of the tokens, gain included.

        Parameters
        ----------
        tokens : (image, token, channel) output of a pass after the final norm, the class token first.
        model : the model that the tokens come from; its ``prior_gains`` hold the default gains.
        by : function of (match, gain) that gives the weights; their product, as feedback has it, if left out.

        Returns
        -------
        (image, token) weights: of a match in [0, 1], gain times this.

        Raises
        ------
        ValueError : the prior does not fit the model or its tokens.
        """
        gain = model.prior_gains.get(self.kind, self.default_gain) if self.gain is None else self.gain
        return by(self.match(tokens, model), gain)

    def match(self, tokens: Tensor, model: AbSViT) -> Tensor:
        """How well each token matches, (image, token) in [0, 1]; what a new kind of prior defines."""
        raise TypeError(f"{type(self).__name__} must define match(tokens, model)")

    def class_shares(self, model: AbSViT) -> Tensor | None:
        """How much each class is looked for, (class,) or (image, class), 1 of the one that is most.

        None where no classes are named or meant.
        """
        return None

    @property
    def label(self) -> str:
        """What it is called where results are shown."""
        return self.kind

    @property
    def kinds(self) -> frozenset[str]:
        """What an observer has to take so that it can be told this prior."""
        return frozenset({self.kind})

    @property
    def parts(self) -> tuple[Prior, ...]:
        """The priors that it is made of, each with its gain; itself alone, where it is not."""
        return (self,)

    @property
    def n_images(self) -> int | None:
        """Number of images that values were given for, None where one value serves all."""
        if self.per_image is None:
            return None
        values = getattr(self, self.per_image[0])
        return len(values) if values.ndim == self.per_image[1] else None

    @property
    def grid(self) -> tuple[int, int] | None:
        """Token grid (token_y, token_x) that weights were given for, None where any serves."""
        return None

    def for_images(self, chosen: slice) -> Prior:
        """Cut a prior down to some of the images that it was given for: a slice with a start."""
        if self.n_images is None:
            return self
        name = self.per_image[0]
        return replace(self, **{name: getattr(self, name)[chosen]})

    def __mul__(self, other: Prior) -> ProductPrior:
        if not isinstance(other, Prior):
            return NotImplemented
        return ProductPrior((self, other))


@dataclass(frozen=True, eq=False)
class ProductPrior(Prior):
    """Several priors at once: their weights, gains included, multiply.

    Parameters
    ----------
    factors : the priors.

    Examples
    --------
    >>> place = priors.SpatialPrior.box((0, 0, 56, 112), size=(112, 112), grid=(14, 14))
    >>> len((priors.ClassPrior(3) * place).factors)
    2
    """

    factors: tuple[Prior, ...]

    def weigh(self, tokens: Tensor, model: AbSViT, *by: Callable[[Tensor, float], Tensor]) -> Tensor:
        """Product of the factors' weights."""
        return torch.stack([factor.weigh(tokens, model, *by) for factor in self.factors]).prod(0)

    @property
    def parts(self) -> tuple[Prior, ...]:
        """Those of all factors."""
        return tuple(part for factor in self.factors for part in factor.parts)

    @property
    def label(self) -> str:
        """Those of its factors."""
        return " x ".join(factor.label for factor in self.factors)

    @property
    def kinds(self) -> frozenset[str]:
        """Those of all factors."""
        return frozenset().union(*(factor.kinds for factor in self.factors))

    @property
    def n_images(self) -> int | None:
        """Number of images that factors were given values for."""
        numbers = {factor.n_images for factor in self.factors} - {None}
        if len(numbers) > 1:
            raise ValueError(f"the factors of a product are for different numbers of images: {sorted(numbers)}")
        return numbers.pop() if numbers else None

    @property
    def grid(self) -> tuple[int, int] | None:
        """Token grid that factors were given weights for."""
        grids = {factor.grid for factor in self.factors} - {None}
        if len(grids) > 1:
            raise ValueError(f"the factors of a product are for different grids of tokens: {sorted(grids)}")
        return grids.pop() if grids else None

    def for_images(self, chosen: slice) -> ProductPrior:
        """A product of what each factor is cut down to."""
        return ProductPrior(tuple(factor.for_images(chosen) for factor in self.factors))


@dataclass(frozen=True, eq=False)
class WrappedPrior(Prior):
    """Another prior, weighed otherwise; it is of the same parts, and for the same images and grid.

    Parameters
    ----------
    prior : the other one.
    """

    prior: Prior

    @property
    def parts(self) -> tuple[Prior, ...]:
        """Those of the other prior."""
        return self.prior.parts

    @property
    def n_images(self) -> int | None:
        """As the other prior."""
        return self.prior.n_images

    @property
    def grid(self) -> tuple[int, int] | None:
        """As the other prior."""
        return self.prior.grid
