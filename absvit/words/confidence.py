"""What a phrase was taken for: the kinds that it weighs most, and how far such phrases can be trusted."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from absvit.models.absvit import AbSViT
from absvit.words.encoder import Encoder
from absvit.words.phrases import checked
from absvit.words.regression import FOUND, WordMap, word_map

__all__ = ["DOUBTFUL", "Meaning", "meaning"]

TOLD = 8  # kinds that are told
DOUBTFUL = 0.2  # confidence below which there is a warning


@dataclass(frozen=True)
class Meaning:
    """What a phrase was taken for.

    Parameters
    ----------
    text : the phrase.
    kinds : those that it weighs most, with their weights as shares of all that are above 0.
    confidence : share in [0, 1] of phrases as near to what is known that were found when their kind was left
        out; 1 of a name of what is known.
    nearness : cosine of the phrase with the nearest text of a kind.
    encoder : name of the encoder.
    """

    text: str
    kinds: tuple[tuple[str, float], ...]
    confidence: float
    nearness: float
    encoder: str

    @property
    def doubtful(self) -> bool:
        """Whether it may mean nothing that the network knows: nonsense, another language, nothing visible."""
        return self.confidence < DOUBTFUL

    def warn(self) -> None:
        """Warn where it is doubtful."""
        if self.doubtful:
            warnings.warn(
                f"{self.text!r} is far from all that the network knows (confidence {self.confidence:.2f}): it "
                "may be nonsense, another language than the encoder's, or nothing visible",
                stacklevel=2,
            )

    def __str__(self) -> str:
        nearest = ", ".join(f"{name.split(', ')[0]} {weight:.0%}" for name, weight in self.kinds)
        doubt = " (doubtful)" if self.doubtful else ""
        return f'"{self.text}": {nearest}; confidence {self.confidence:.2f}{doubt}'

    def facts(self) -> dict[str, object]:
        """Say it in a record."""
        return {**vars(self), "kinds": [list(pair) for pair in self.kinds], "doubtful": self.doubtful}


def meaning(text: str, model: AbSViT, encoder: str | Encoder | None = None) -> Meaning:
    """Say what a phrase was taken for.

    Parameters
    ----------
    text : the phrase.
    model : AbSViT, or a network as priors see one.
    encoder : or its name; None for the default.

    Raises
    ------
    ValueError : no text, or a model without a classifier or names of its classes.
    """
    return _taken(checked(text), word_map(model, encoder))


@lru_cache(1024)
def _taken(text: str, known: WordMap) -> Meaning:
    weights = known.weights([text])[0].clamp(min=0)
    share = weights / weights.sum()
    top = share.topk(min(TOLD, len(share)))
    pairs = zip(top.indices.tolist(), top.values.tolist(), strict=True)
    kinds = tuple((known.kinds.names[place], round(value, 4)) for place, value in pairs)
    nearness = known.nearness(text)
    confidence = round(_confidence(nearness, known), 4)
    return Meaning(text, kinds, confidence, round(nearness, 4), known.encoder.name)


def _confidence(nearness: float, known: WordMap) -> float:
    """Share of left-out texts of such a nearness whose kind was found; it rises with the nearness."""
    if nearness >= 1:
        return 1.0
    from scipy.optimize import isotonic_regression  # here: whoever uses no words waits for none of it

    found = known.left_out.rank < max(1, round(FOUND * len(known.kinds.names)))
    order = known.left_out.nearness.argsort()
    rising = isotonic_regression(found[order].double().numpy()).x
    return float(np.interp(nearness, known.left_out.nearness[order].numpy(), rising))
