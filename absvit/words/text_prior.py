"""A prior in words: the sentence that people are given, as weights of places."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from absvit.models.absvit import AbSViT, cosine_weights
from absvit.models.priors.directions import SharpPrior
from absvit.words.confidence import meaning
from absvit.words.encoder import Encoder
from absvit.words.phrases import checked
from absvit.words.regression import word_map

__all__ = ["TextPrior"]

EPSILON = 1e-9


@dataclass(frozen=True, eq=False)
class TextPrior(SharpPrior):
    """What a sentence describes, whether a class is called so or not: our addition to the model.

    The direction is a sum of the directions of the classes, with weights that an encoder of sentences and a map
    in closed form give them (``absvit.words.regression``). What the sentence was taken for is said by
    :func:`absvit.words.meaning`; where that is doubtful, there is a warning.

    Parameters
    ----------
    text : a phrase such as "something that flies", or one for each image, (image,).
    gain : factor on the weights; None for the model's default of a class.
    sharpness : power of the match relative to its peak, above 0; None for the model's own.
    encoder : or its name; None for the default.

    Examples
    --------
    >>> priors.TextPrior("something round").text
    array('something round', dtype='<U15')
    """

    text: str | Sequence[str]
    gain: float | None = None
    sharpness: float | None = None
    encoder: str | Encoder | None = None
    kind = "class"
    per_image = ("text", 1)
    kinds = frozenset({"text"})

    def __post_init__(self) -> None:
        super().__post_init__()
        given = self.text
        several = isinstance(given, list | tuple) or (isinstance(given, np.ndarray) and given.ndim == 1)
        if several and not len(given):
            raise ValueError("text must be a sentence or one for each image, got none")
        texts = [checked(text) for text in given] if several else checked(_plain(given))
        object.__setattr__(self, "text", np.array(texts))

    @property
    def texts(self) -> list[str]:
        """The text, or that of each image."""
        return [str(text) for text in np.atleast_1d(self.text)]

    @property
    def label(self) -> str:
        """The text, where it is one."""
        return "text" if self.text.ndim else f'"{self.text.item()}"'

    def class_shares(self, model: AbSViT) -> Tensor:
        """How much each class is meant, (class,) or (image, class): its weight above 0, relative to the largest."""
        self._warn(model)
        weights = word_map(model, self.encoder).weights(self.texts).clamp(min=0)
        shares = weights / weights.amax(1, keepdim=True).clamp(min=EPSILON)
        return shares if self.text.ndim else shares[0]

    def _warn(self, model: AbSViT) -> None:
        """Warn of doubtful texts, once of several."""
        each = [meaning(text, model, self.encoder) for text in dict.fromkeys(self.texts)]
        doubtful = [of for of in each if of.doubtful]
        if len(doubtful) == 1:
            doubtful[0].warn()
        elif doubtful:
            warnings.warn(
                f"{len(doubtful)} of {len(each)} texts, such as {doubtful[0].text!r}, are far from all that the "
                "network knows: they may be nonsense, another language than the encoder's, or nothing visible",
                stacklevel=2,
            )

    def match(self, tokens: Tensor, model: AbSViT) -> Tensor:
        """Cosine with the direction that the text means to the model."""
        self._warn(model)
        direction = word_map(model, self.encoder).directions(self.texts).to(tokens.device, tokens.dtype)
        match = cosine_weights(tokens, direction[:, None] if self.text.ndim else direction[0])
        return self.sharpened(match, model)


def _plain(given: object) -> object:
    """A text out of numpy's, which a prior is cut down to."""
    return given.item() if isinstance(given, np.ndarray) and given.ndim == 0 else given
