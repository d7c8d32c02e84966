"""Directions in feature space to look for: the model's own prompt, a class, or any vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from absvit.models.absvit import AbSViT, cosine_weights
from absvit.models.class_names import class_indices, known_as
from absvit.models.priors.base import Prior

__all__ = ["ClassPrior", "LearnedPrior", "VectorPrior"]


@dataclass(frozen=True, eq=False)
class LearnedPrior(Prior):
    """The model's own prompt: what it looks for when nothing is cued (Shi et al. 2023, section 3.3).

    Parameters
    ----------
    gain : factor on the weights; None for the model's default (1 for the official weights).
    """

    gain: float | None = None

    def match(self, tokens: Tensor, model: AbSViT) -> Tensor:
        """Cosine with the prompt."""
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

    def match(self, tokens: Tensor, model: AbSViT) -> Tensor:
        """Cosine with the vector."""
        if self.vector.shape[-1] != tokens.shape[-1]:
            raise ValueError(f"vector must have the model's {tokens.shape[-1]} channels, got {self.vector.shape[-1]}")
        vector = self.vector.to(tokens.device, tokens.dtype)
        return cosine_weights(tokens, vector if vector.ndim == 1 else vector[:, None])


@dataclass(frozen=True, eq=False)
class ClassPrior(Prior):
    """A class: the classifier's row for it is the direction to look for (the official demo).

    Parameters
    ----------
    class_index : index or name of the class, or one for each image, (image,). A name is looked up when the
        prior meets a model; a part of it will do where it is clear which class is meant.
    gain : factor on the weights; None for the model's default (40 for the official weights).
    """

    class_index: int | str | Tensor | Sequence[str]
    gain: float | None = None
    kind = "class"
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
        """Cosine with the classifier's row of the class."""
        rows = getattr(model.get_classifier(), "weight", None)
        if rows is None:
            raise ValueError(
                "a class prior needs a classifier and this model has none (num_classes=0); use VectorPrior"
            )
        index = self.known(model).to(rows.device)
        row = rows[index].to(tokens.dtype)
        return cosine_weights(tokens, row if index.ndim == 0 else row[:, None])

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
        index = self.indices(model)
        wrong = index[(index < 0) | (index >= model.num_classes)]
        if wrong.numel():
            raise ValueError(f"class_index must be in 0..{model.num_classes - 1}, got {int(wrong.flatten()[0])}")
        return index
