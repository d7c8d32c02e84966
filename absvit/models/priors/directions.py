"""Directions in feature space to look for: the model's own prompt, a class, or any vector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from absvit.models.absvit import AbSViT, cosine_weights
from absvit.models.class_names import class_indices, known_as
from absvit.models.priors.base import Prior

__all__ = ["ClassPrior", "CuedClasses", "LearnedPrior", "SharpPrior", "VectorPrior", "sharpened", "sharpness_of"]


def sharpened(match: Tensor, sharpness: float) -> Tensor:
    """Make a match fall off more steeply: peak * (match / peak) ** sharpness, peak the largest of an image's tokens.

    Our addition: the token that matches best keeps the weight that it has in the paper, and the others
    lose. Where the evidence for a class is spread, as tokens hold something of each other, the cosine alone
    hardly selects.

    Parameters
    ----------
    match : (image, token) in [0, 1].
    sharpness : above 0; at 1 the match itself is given.

    Returns
    -------
    (image, token) in [0, 1], 0 where the match is; gradients are finite.
    """
    if sharpness == 1:
        return match
    peak, matching = match.amax(-1, keepdim=True), match > 0
    peak = peak.where(peak > 0, 1)
    return (peak * (match.where(matching, peak) / peak) ** sharpness).where(matching, 0)


def sharpness_of(model: AbSViT) -> float:
    """Give the sharpness of a model's class and vector priors: its own, else the paper's, 1."""
    return getattr(model, "prior_sharpness", 1.0)


class SharpPrior(Prior):
    """Base of priors that match by the cosine with a direction, which can be made to fall off more steeply.

    ``sharpness`` None is the model's own, its attribute ``prior_sharpness``; 1, the paper's, where it has
    none.
    """

    sharpness: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        given = self.sharpness
        if given is not None and not (isinstance(given, Real) and 0 < given < math.inf):
            raise ValueError(f"sharpness must be a finite number above 0, got {given!r}")

    def sharpened(self, match: Tensor, model: AbSViT) -> Tensor:
        """Give a match (image, token) as sharp as it is to be."""
        return sharpened(match, sharpness_of(model) if self.sharpness is None else self.sharpness)


@dataclass(frozen=True, eq=False)
class LearnedPrior(Prior):
    """The model's own prompt: what it looks for when nothing is cued (Shi et al. 2023, section 3.3).

    Parameters
    ----------
    gain : factor on the weights; None for the model's default (1 for the official weights).

    Examples
    --------
    >>> looked = absvit.perceive(model, images, [priors.LearnedPrior()])
    >>> bool((looked.logits[-1, 0] - model(images)).abs().max() < 1e-4)
    True
    """

    gain: float | None = None

    def match(self, tokens: Tensor, model: AbSViT) -> Tensor:
        """Cosine with the prompt."""
        return cosine_weights(tokens, model.prompt)


@dataclass(frozen=True, eq=False)
class VectorPrior(SharpPrior):
    """Any direction in feature space.

    Parameters
    ----------
    vector : (channel,), or (image, channel) for one direction an image; of any length.
    gain : factor on the weights; None for the model's default (1 for the official weights).
    sharpness : power of the match relative to its peak; None for the model's own, 1 for the official weights.

    Examples
    --------
    >>> random = priors.VectorPrior(np.random.default_rng(0).normal(size=model.embed_dim))
    >>> absvit.perceive(model, images, [random]).logits.shape
    torch.Size([2, 1, 4, 12])
    """

    vector: Tensor
    gain: float | None = None
    sharpness: float | None = None
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

    def match(self, tokens: Tensor, model: AbSViT) -> Tensor:
        """Cosine with the vector, sharpened."""
        if self.vector.shape[-1] != tokens.shape[-1]:
            raise ValueError(f"vector must have the model's {tokens.shape[-1]} channels, got {self.vector.shape[-1]}")
        vector = self.vector.to(tokens.device, tokens.dtype)
        match = cosine_weights(tokens, vector if vector.ndim == 1 else vector[:, None])
        return self.sharpened(match, model)


class CuedClasses(SharpPrior):
    """Base of priors that look for classes of the model, which stand in the field that ``per_image`` names."""

    kind = "class"

    def members(self, model: AbSViT) -> Tensor:
        """Say which classes are looked for, (class,) or (image, class) bool; what a derived prior defines."""
        raise TypeError(f"{type(self).__name__} must define members(model)")

    def class_shares(self, model: AbSViT) -> Tensor:
        """How much each class is looked for: 1 of those that are, else 0."""
        return self.members(model).float()

    def checked(self, index: Tensor, model: AbSViT) -> Tensor:
        """Give places of classes as they are; refuse what is no place of a class of the model."""
        wrong = index[(index < 0) | (index >= model.num_classes)]
        if wrong.numel():
            raise ValueError(
                f"{self.per_image[0]} must be in 0..{model.num_classes - 1}, got {int(wrong.flatten()[0])}"
            )
        return index

    def rows(self, model: AbSViT) -> Tensor:
        """Give the rows of the model's classifier, (class, channel)."""
        rows = getattr(model.get_classifier(), "weight", None)
        if rows is None:
            raise ValueError(
                "a class prior needs a classifier and this model has none (num_classes=0); use VectorPrior"
            )
        return rows


@dataclass(frozen=True, eq=False)
class ClassPrior(CuedClasses):
    """A class: the classifier's row for it is the direction to look for (the official demo).

    Parameters
    ----------
    class_index : index or name of the class, or one for each image, (image,). A name is looked up when the
        prior meets a model; a part of it will do where it is clear which class is meant.
    gain : factor on the weights; None for the model's default (40 for the official weights).
    sharpness : power of the match relative to its peak; None for the model's own, 1 for the official weights.

    Examples
    --------
    >>> ring = priors.ClassPrior("ring", gain=2.0)
    >>> absvit.perceive(model, images, [ring]).prior_weights.shape  # (iteration, prior, image, token)
    torch.Size([1, 1, 4, 197])
    """

    class_index: int | str | Tensor | Sequence[str]
    gain: float | None = None
    sharpness: float | None = None
    per_image = ("class_index", 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        given = self.class_index
        if isinstance(given, str) or (isinstance(given, list | tuple) and given and isinstance(given[0], str)):
            given = np.array(given)
        if isinstance(given, np.ndarray) and given.dtype.kind == "U" and given.ndim < 2:
            object.__setattr__(self, "class_index", given)
            return
        try:
            index = torch.as_tensor(given)
        except (TypeError, ValueError, RuntimeError) as error:
            raise ValueError(
                f"class_index must be an integer or a name, or (image,) of these, got {self.class_index!r}"
            ) from error
        if index.ndim > 1 or index.is_floating_point() or index.is_complex() or index.dtype == torch.bool:
            raise ValueError(
                "class_index must be an integer or a name, or (image,) of these, "
                f"got {index.dtype}, shape {tuple(index.shape)}"
            )
        object.__setattr__(self, "class_index", index.long())

    def match(self, tokens: Tensor, model: AbSViT) -> Tensor:
        """Cosine with the classifier's row of the class, sharpened."""
        rows = self.rows(model)
        index = self.known(model).to(rows.device)
        row = rows[index].to(tokens.dtype)
        return self.sharpened(cosine_weights(tokens, row if index.ndim == 0 else row[:, None]), model)

    @property
    def label(self) -> str:
        """The class, where it is one."""
        return "class" if self.class_index.ndim else f"class {self.class_index.item()}"

    def indices(self, model: AbSViT) -> Tensor:
        """Places of the classes among the model's.

        Parameters
        ----------
        model : the model.

        Returns
        -------
        () or (image,) int64.

        Raises
        ------
        ValueError : a name is that of no class, the nearest are told; or several may be meant, which are.
        """
        if isinstance(self.class_index, Tensor):
            return self.class_index
        names = [known_as(str(name), model) for name in self.class_index.flatten()]
        return torch.from_numpy(class_indices(model, names)).reshape(self.class_index.shape)

    def known(self, model: AbSViT) -> Tensor:
        """Places of the classes among the model's, as :meth:`indices`; refuses what is no place of a class."""
        return self.checked(self.indices(model), model)

    def members(self, model: AbSViT) -> Tensor:
        """Say which class is looked for, (class,) or (image, class) bool."""
        return F.one_hot(self.known(model), model.num_classes).bool()
