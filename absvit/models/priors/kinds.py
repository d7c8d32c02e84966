"""Several kinds to look for at once: the best evidence of them at each place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from absvit.models.absvit import AbSViT
from absvit.models.kind_sets import KindSet
from absvit.models.kind_words import kinds_of
from absvit.models.priors.directions import ClassPrior, CuedClasses

__all__ = ["KindsPrior", "class_prior"]

EPSILON = 1e-8  # as of the cosine
TOLD = 4  # numbers in a label


@dataclass(frozen=True, eq=False)
class KindsPrior(CuedClasses):
    """Several classes: a token matches as well as it matches the best of them, max_k cos(token, row_k).

    Our addition, for a word such as "dog", of which a model has many classes: whichever of them is there is
    evidence for it. The mean of the rows would look for what the classes have in common, and match each of
    them less.

    Parameters
    ----------
    classes : words for the kinds, one or several, as :func:`~absvit.models.kind_words.kinds_of` reads them when the
        prior meets a model; or places of classes, (kind,), or (image, kind) where each image has its own,
        -1 where one has fewer.
    gain : factor on the weights; None for the model's default of a class.
    sharpness : power of the match relative to its peak; None for the model's own, 1 for the official weights.
    sets : further sets of kinds, whose categories the words may name.

    Examples
    --------
    >>> either = priors.KindsPrior(["ring", "heart"])
    >>> absvit.perceive(model, images, [either]).logits.shape
    torch.Size([2, 1, 4, 12])
    """

    classes: str | Sequence[str] | Sequence[int] | Tensor
    gain: float | None = None
    sharpness: float | None = None
    sets: tuple[KindSet, ...] = ()
    per_image = ("classes", 2)

    def __post_init__(self) -> None:
        super().__post_init__()
        given = [self.classes] if isinstance(self.classes, str | int) else self.classes
        expected = "classes must be words or places of classes, (kind,) or (image, kind), at least one"
        try:
            words = isinstance(given, Sequence) and given and all(isinstance(word, str) for word in given)
            found = np.array(given) if words else given
            found = found if isinstance(found, np.ndarray) and found.dtype.kind == "U" else torch.as_tensor(found)
        except (TypeError, ValueError, RuntimeError) as error:
            raise ValueError(f"{expected}; got {self.classes!r}") from error
        whole = isinstance(found, np.ndarray) or found.dtype in (torch.int64, torch.int32, torch.int16, torch.uint8)
        if not whole or found.ndim not in (1, 1 + isinstance(found, Tensor)) or 0 in found.shape:
            raise ValueError(f"{expected}; got {found.dtype}, shape {tuple(found.shape)}")
        object.__setattr__(self, "classes", found if isinstance(found, np.ndarray) else found.long())

    @property
    def label(self) -> str:
        """The words; or the classes, where they are few."""
        if isinstance(self.classes, np.ndarray):
            return "; ".join(self.classes.tolist())
        if self.classes.ndim == 2:
            return "kinds"
        few = ", ".join(map(str, self.classes.tolist()))
        return f"classes {few}" if len(self.classes) <= TOLD else f"{len(self.classes)} classes"

    def known(self, model: AbSViT) -> Tensor:
        """Places of the classes among the model's.

        Parameters
        ----------
        model : the model.

        Returns
        -------
        (kind,) or (image, kind) int64; -1 where an image has fewer.

        Raises
        ------
        ValueError : as :func:`~absvit.models.kind_words.kinds_of`; or a number is no place of a class.
        """
        if isinstance(self.classes, np.ndarray):
            found = [kinds_of(word, model, self.sets).indices for word in self.classes.tolist()]
            return torch.tensor(list(dict.fromkeys(index for indices in found for index in indices)))
        self.checked(self.classes if self.classes.ndim == 1 else self.classes[self.classes != -1], model)
        return self.classes

    def members(self, model: AbSViT) -> Tensor:
        """Say which classes are looked for, (class,) or (image, class) bool."""
        index = self.known(model)
        return (index[..., None] == torch.arange(model.num_classes, device=index.device)).any(-2)

    def match(self, tokens: Tensor, model: AbSViT) -> Tensor:
        """Largest cosine with the classifier's rows of the classes, sharpened; 0 for an image without classes."""
        rows = self.rows(model)
        index = self.known(model).to(rows.device)
        directions = F.normalize(rows[index.clamp(min=0)].to(tokens.dtype), dim=-1, eps=EPSILON)
        cosines = F.normalize(tokens, dim=-1, eps=EPSILON) @ directions.mT  # (image, token, kind)
        best = cosines.where(index[..., None, :] >= 0, 0).amax(-1)
        return self.sharpened(best.clamp(0, 1), model)


def class_prior(
    text: str | int,
    model: AbSViT,
    gain: float | None = None,
    sharpness: float | None = None,
    sets: Sequence[KindSet] = (),
) -> ClassPrior | KindsPrior:
    """Give the prior of the classes that a user means by some words: of one class the paper's, else of several kinds.

    Parameters
    ----------
    text, model, sets : as of :func:`~absvit.models.kind_words.kinds_of`.
    gain, sharpness : of the prior.

    Raises
    ------
    ValueError : as ``kinds_of``.

    Examples
    --------
    >>> type(priors.class_prior("ring", model)).__name__
    'ClassPrior'
    """
    indices = kinds_of(text, model, sets).indices
    if len(indices) == 1:
        return ClassPrior(indices[0], gain, sharpness)
    return KindsPrior(str(text), gain, sharpness, tuple(sets))
