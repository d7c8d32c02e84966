"""What to look for: priors that weight the output tokens of a pass before they are fed back.

Every prior gives one weight a token, gain included; ``prior_a * prior_b`` multiplies their weights.
A new kind of prior is a frozen dataclass derived from :class:`Prior` that defines ``_match``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from numbers import Real

import torch
import torch.nn.functional as F
from torch import Tensor

from absvit.models.absvit import AbSViT, cosine_weights

__all__ = [
    "ClassPrior",
    "LearnedPrior",
    "Prior",
    "ProductPrior",
    "ShuffledPrior",
    "SpatialPrior",
    "VectorPrior",
]


class Prior:
    """Base of all priors.

    A prior may hold one value for all images or one an image; ``per_image`` names the field and the number of
    dimensions that it has in the second case.
    """

    kind = "learned"  # which of the model's default gains applies
    per_image: tuple[str, int] | None = None
    gain: float | None = None

    def __post_init__(self) -> None:
        if self.gain is not None and not (isinstance(self.gain, Real) and math.isfinite(self.gain)):
            raise ValueError(f"gain must be a finite number, got {self.gain!r}")

    def weigh(self, tokens: Tensor, model: AbSViT) -> Tensor:
        """Weights of the tokens, gain included.

        Parameters
        ----------
        tokens : (image, token, channel) output of a pass after the final norm, the class token first.
        model : the model that the tokens come from; its ``prior_gains`` hold the default gains.

        Returns
        -------
        (image, token) gain times a match in [0, 1].

        Raises
        ------
        ValueError : the prior does not fit the model or its tokens.
        """
        gain = model.prior_gains[self.kind] if self.gain is None else self.gain
        return gain * self._match(tokens, model)

    def _match(self, tokens: Tensor, model: AbSViT) -> Tensor:
        """How well each token matches, (image, token) in [0, 1]."""
        raise TypeError(f"{type(self).__name__} must define _match(tokens, model)")

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
        """Cut a prior down to some of the images that it was given for.

        Parameters
        ----------
        chosen : which images, as a slice with a start.
        """
        if self.n_images is None:
            return self
        name = self.per_image[0]
        return replace(self, **{name: getattr(self, name)[chosen]})

    def __mul__(self, other: Prior) -> ProductPrior:
        if not isinstance(other, Prior):
            return NotImplemented
        return ProductPrior((self, other))


@dataclass(frozen=True, eq=False)
class LearnedPrior(Prior):
    """The model's own prompt: what it learned to look for when nothing is cued (Shi et al. 2023, section 3.3).

    Parameters
    ----------
    gain : factor on the weights; None for the model's default (1 for the official weights).
    """

    gain: float | None = None

    def _match(self, tokens: Tensor, model: AbSViT) -> Tensor:
        return cosine_weights(tokens, model.prompt)


@dataclass(frozen=True, eq=False)
class VectorPrior(Prior):
    """Any direction in feature space.

    Parameters
    ----------
    vector : (channel,), or (image, channel) for one direction an image; of any length.
    gain : factor on the weights; None for the model's default (1 for the official weights).
    """

    vector: Tensor
    gain: float | None = None
    kind = "vector"
    per_image = ("vector", 2)

    def __post_init__(self) -> None:
        super().__post_init__()
        vector = torch.as_tensor(self.vector)
        if vector.ndim not in (1, 2):
            raise ValueError(f"vector must be (channel,) or (image, channel), got shape {tuple(vector.shape)}")
        if not vector.is_floating_point():
            raise ValueError(f"vector must hold floating-point numbers, got {vector.dtype}; use vector.float()")
        if not torch.isfinite(vector).all():
            raise ValueError("vector must hold finite numbers, got NaN or infinity")
        object.__setattr__(self, "vector", vector)

    def _match(self, tokens: Tensor, model: AbSViT) -> Tensor:
        if self.vector.shape[-1] != tokens.shape[-1]:
            raise ValueError(f"vector must have the model's {tokens.shape[-1]} channels, got {self.vector.shape[-1]}")
        vector = self.vector.to(tokens.device, tokens.dtype)
        return cosine_weights(tokens, vector if vector.ndim == 1 else vector[:, None])


@dataclass(frozen=True, eq=False)
class ClassPrior(Prior):
    """A class: the classifier's row for it is the direction to look for (the official demo).

    Parameters
    ----------
    class_index : index of the class, or (image,) integers for one class an image.
    gain : factor on the weights; None for the model's default (40 for the official weights).
    """

    class_index: int | Tensor
    gain: float | None = None
    kind = "class"
    per_image = ("class_index", 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            index = torch.as_tensor(self.class_index)
        except (TypeError, ValueError, RuntimeError) as error:
            raise ValueError(
                f"class_index must be an integer or (image,) integers, got {self.class_index!r}; of a name, "
                "it is its place in model.categories"
            ) from error
        if index.ndim > 1 or index.is_floating_point() or index.is_complex() or index.dtype == torch.bool:
            raise ValueError(
                f"class_index must be an integer or (image,) integers, got {index.dtype}, shape {tuple(index.shape)}"
            )
        object.__setattr__(self, "class_index", index.long())

    def _match(self, tokens: Tensor, model: AbSViT) -> Tensor:
        rows = getattr(model.get_classifier(), "weight", None)
        if rows is None:
            raise ValueError(
                "a class prior needs a classifier and this model has none (num_classes=0); use VectorPrior"
            )
        index = self.class_index.to(rows.device)
        wrong = index[(index < 0) | (index >= len(rows))]
        if wrong.numel():
            raise ValueError(f"class_index must be in 0..{len(rows) - 1}, got {int(wrong.flatten()[0])}")
        row = rows[index].to(tokens.dtype)
        return cosine_weights(tokens, row if index.ndim == 0 else row[:, None])


@dataclass(frozen=True, eq=False)
class SpatialPrior(Prior):
    """A place: given weights, whatever the tokens hold.

    Parameters
    ----------
    weights : (token_y, token_x), or (image, token_y, token_x), in [0, 1].
    gain : factor on the weights; None for the model's default (1 for the official weights).
    class_token : weight of the class token, in [0, 1].
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

    def _match(self, tokens: Tensor, model: AbSViT) -> Tensor:
        size, has_class_token = self.grid, int(model.has_class_token)
        grid, patches = tuple(model.patch_embed.grid_size), tokens.shape[1] - model.num_prefix_tokens
        if size[0] * size[1] != patches or (size != grid and not model.dynamic_img_size):
            raise ValueError(f"weights must cover the {patches} patch tokens (the grid is {grid}), got {size}")
        patches = self.weights.to(tokens.device, tokens.dtype).flatten(-2).expand(len(tokens), -1)
        patches = F.pad(patches, (model.num_prefix_tokens - has_class_token, 0))  # registers are no place
        return F.pad(patches, (has_class_token, 0), value=self.class_token)


@dataclass(frozen=True, eq=False)
class ProductPrior(Prior):
    """Several priors at once: their weights, gains included, multiply.

    Parameters
    ----------
    factors : the priors.
    """

    factors: tuple[Prior, ...]

    def weigh(self, tokens: Tensor, model: AbSViT) -> Tensor:
        """Product of the factors' weights, (image, token).

        Parameters
        ----------
        tokens : (image, token, channel).
        model : the model that the tokens come from.
        """
        return torch.stack([factor.weigh(tokens, model) for factor in self.factors]).prod(0)

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
        """See :meth:`Prior.for_images`.

        Parameters
        ----------
        chosen : which images.
        """
        return ProductPrior(tuple(factor.for_images(chosen) for factor in self.factors))


@dataclass(frozen=True, eq=False)
class ShuffledPrior(Prior):
    """A control: another prior's weights in random order over the patch tokens of each image.

    Parameters
    ----------
    prior : the prior whose weights are shuffled.
    seed : seed of the orders; image ``i`` gets the same order whatever it is shown with.
    first_image : number of the first image, counted on when images are processed in parts.
    """

    prior: Prior
    seed: int = 0
    first_image: int = 0

    def weigh(self, tokens: Tensor, model: AbSViT) -> Tensor:
        """The other prior's weights, shuffled over patch tokens, (image, token).

        Parameters
        ----------
        tokens : (image, token, channel).
        model : the model that the tokens come from.
        """
        weights = self.prior.weigh(tokens, model)
        prefix, patches = model.num_prefix_tokens, weights.shape[1] - model.num_prefix_tokens
        orders = []
        for image in range(self.first_image, self.first_image + len(weights)):
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + image)
            orders.append(torch.randperm(patches, generator=generator) + prefix)
        order = torch.stack(orders).to(weights.device)
        return torch.cat([weights[:, :prefix], weights.gather(1, order)], dim=1)

    @property
    def n_images(self) -> int | None:
        """As the shuffled prior."""
        return self.prior.n_images

    @property
    def grid(self) -> tuple[int, int] | None:
        """As the shuffled prior."""
        return self.prior.grid

    def for_images(self, chosen: slice) -> ShuffledPrior:
        """See :meth:`Prior.for_images`.

        Parameters
        ----------
        chosen : which images.
        """
        return ShuffledPrior(self.prior.for_images(chosen), self.seed, self.first_image + (chosen.start or 0))
