"""The map from words to what a network knows, in closed form, scored on kinds that it was fitted without.

Derivation
----------
Let t_i be the texts of kinds c(i), e(t) their vectors less the mean, at unit length, and

    k(t, u) = exp(beta (e(t) . e(u) - 1))

a kernel that is 1 where texts mean the same. Kernel ridge regression (Saunders et al. 1998) takes a text to a
direction d(t) = sum_i a_i(t) r_c(i), r_c the direction of a kind at unit length, with

    a(t) = k(t, .) C,    C = (K + lambda 1)^-1,

so that d is a sum of kinds with weights, which are a's summed over the texts of each. Left out, all its
texts together (block B; cf. the leave-one-out of ridge regression, Allen 1974), a kind gets the directions

    d_B = r_B - (C_BB)^-1 (C R)_B,

without its own among the weights. A phrase that a dictionary describes has the mean of the directions, at unit
length, of its own words and of their description. The strength lambda that is taken, and whether the dictionary
is asked, are those at which directions of kinds that are left out lie nearest to the kinds' own, on average
over kinds and levels of text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from absvit.models.absvit import AbSViT
from absvit.words.dictionary import described
from absvit.words.encoder import Encoder, encoder_named
from absvit.words.knowledge import Kinds, called, kinds_of, texts_of
from absvit.words.phrases import checked
from absvit.words.vectors import vectors

__all__ = ["LeftOut", "WordMap", "fitted", "word_map"]

STEEPNESS = 4.0  # beta; 2 to 8 do about as well
STRENGTHS = (0.3, 1.0, 3.0)  # lambda
FOUND = 0.01  # a kind counts as found where it is among this share of all that are nearest


@dataclass(frozen=True, eq=False)
class LeftOut:
    """How well kinds are found by texts of theirs where the map was fitted without them, text by text.

    Parameters
    ----------
    level : "name" or "description".
    nearness : (text,) cosine of its vector with the nearest text of another kind.
    cosine : (text,) of the direction that it gets with its kind's own.
    rank : (text,) number of other kinds whose directions are nearer to it.
    """

    level: tuple[str, ...]
    nearness: Tensor
    cosine: Tensor
    rank: Tensor


@dataclass(frozen=True, eq=False)
class WordMap:
    """What texts mean to a network: weights of the kinds that it knows. :func:`word_map` fits one.

    Parameters
    ----------
    kinds : that it knows.
    encoder : of texts.
    mean : (number,) of the vectors of its texts.
    texts : (text, number) vectors of its texts, less the mean, at unit length.
    of : (text,) the kind of each.
    inverse : (text, text) C of the derivation.
    strength : lambda.
    asks : whether phrases are looked up in the dictionary.
    left_out : scores of each text with its kind left out.
    facts : what it was made of, for records.
    """

    kinds: Kinds
    encoder: Encoder
    mean: Tensor
    texts: Tensor
    of: Tensor
    inverse: Tensor
    strength: float
    asks: bool
    left_out: LeftOut
    facts: Mapping[str, object] = field(default_factory=dict)

    def weights(self, texts: Sequence[str], encoder: Encoder | None = None) -> Tensor:
        """Give what texts mean.

        Parameters
        ----------
        texts : sentences or names.
        encoder : that of the map, which another one's vectors would not fit.

        Returns
        -------
        (text, kind) weights, of either sign, whose sum of directions the texts are.

        Raises
        ------
        ValueError : a text is none, or the encoder is another one.
        """
        if encoder is not None and encoder.sha256 != self.encoder.sha256:
            raise ValueError(
                f"the map was fitted with the encoder {self.encoder.name} ({self.encoder.sha256[:8]}), and the "
                f"texts come with {encoder.name} ({encoder.sha256[:8]}): use one encoder"
            )
        return torch.stack([self._meant(checked(text)) for text in texts])

    def _meant(self, text: str) -> Tensor:
        """(kind,) weights of one text; those of the kinds that are called so, where it is a name."""
        named = called(text, self.kinds.names)
        if named:
            return self._solved(self.texts[named]).mean(0)
        ways = [self._solved(self._placed(way)).mean(0) for way in self._ways(text)]
        return torch.stack([way / (way @ self.kinds.directions).norm() for way in ways]).mean(0)

    def _ways(self, text: str) -> list[Sequence[str]]:
        """A text, and what the dictionary says of it in every sense."""
        said = described(text) if self.asks else ()
        return [[text], said] if said else [[text]]

    def _solved(self, placed: Tensor) -> Tensor:
        """(row, kind) weights of vectors of texts (row, number)."""
        return _by_kind(_kernel(placed, self.texts) @ self.inverse, self.of, len(self.kinds.names))

    def _placed(self, texts: Sequence[str]) -> Tensor:
        """(text, number) the vectors of texts as the map has them."""
        return F.normalize(vectors(texts, self.encoder) - self.mean, dim=1)

    def nearness(self, text: str) -> float:
        """Give the cosine of a text, or of what the dictionary says of it, with the nearest text of a kind.

        It is 1 of a kind's name.
        """
        plain = checked(text)
        if called(plain, self.kinds.names):
            return 1.0
        return max(float((self._placed(way) @ self.texts.T).max()) for way in self._ways(plain))

    def directions(self, texts: Sequence[str]) -> Tensor:
        """Give the directions (text, channel) that texts mean, of unit length."""
        return F.normalize(self.weights(texts) @ self.kinds.directions, dim=1)


def word_map(model: AbSViT, encoder: str | Encoder | None = None) -> WordMap:
    """Fit the map of a model, or give that which was fitted before in this process.

    Parameters
    ----------
    model : AbSViT, or a network as priors see one (``absvit.mechanisms.host``), with names of its classes.
    encoder : or its name; the default, if left out.

    Raises
    ------
    ValueError : it has no classifier or no names, or there is no such encoder.
    FileNotFoundError : the encoder cannot be fetched; says what to do.
    """
    return fitted(kinds_of(model), encoder_named(encoder))


@lru_cache(16)
def fitted(kinds: Kinds, encoder: Encoder) -> WordMap:
    """Fit the map of kinds, its strength chosen by leaving out kinds.

    Parameters
    ----------
    kinds : at least two.
    encoder : of their texts.
    """
    levels = texts_of(kinds.names)
    plain = torch.cat([vectors(texts, encoder) for texts in levels.values()])
    n = len(kinds.names)
    of, mean = torch.arange(n).repeat(len(levels)), plain.mean(0)
    texts = F.normalize(plain - mean, dim=1)
    kernel, like = _kernel(texts, texts), kinds.likeness
    own, tried = like[of], {}
    for strength in STRENGTHS:
        inverse = torch.linalg.inv(kernel + strength * torch.eye(len(kernel)))
        plainly = _without_own(inverse, like, n)
        for asks in (False, True)[: len(levels)]:
            directions = _looked_up(plainly, n) if asks else plainly
            tried[strength, asks] = (directions * own).sum(1).mean(), inverse, directions
    strength, asks = max(tried, key=lambda one: tried[one][0])
    _, inverse, directions = tried[strength, asks]
    nearness = (texts @ texts.T).masked_fill(of[:, None] == of, -1).amax(1)
    if asks:
        nearness[:n] = torch.maximum(*nearness.split(n))
    near = directions @ like.T
    own = near.gather(1, of[:, None])
    named = tuple(level for level in levels for _ in range(n))
    left_out = LeftOut(named, nearness, own[:, 0], (near > own).sum(1))
    facts = _facts(kinds, encoder, levels, left_out) | {"strength": strength, "asks": asks}
    return WordMap(kinds, encoder, mean, texts, of, inverse, strength, asks, left_out, facts)


def _looked_up(directions: Tensor, n: int) -> Tensor:
    """Directions of n names and of their descriptions, where names are looked up."""
    names, descriptions = directions.split(n)
    return torch.cat([F.normalize(names + descriptions, dim=1), descriptions])


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    """exp(beta (cosine - 1))."""
    return (STEEPNESS * (a @ b.T - 1)).exp()


def _without_own(inverse: Tensor, directions: Tensor, n: int) -> Tensor:
    """Directions (text, channel) of texts with their kinds left out, at unit length, level by level."""
    levels = len(inverse) // n
    own = inverse.reshape(levels, n, levels, n).diagonal(dim1=1, dim2=3).permute(2, 0, 1)  # C_BB of each kind
    targets = directions.repeat(levels, 1)
    residual = (inverse @ targets).reshape(levels, n, -1).transpose(0, 1)
    left = directions[:, None] - torch.linalg.solve(own, residual)
    return F.normalize(left.transpose(0, 1).flatten(0, 1), dim=1)


def _by_kind(weights: Tensor, of: Tensor, n: int) -> Tensor:
    """(row, kind) sums of weights (row, text) over the texts of each kind."""
    return weights.new_zeros(len(weights), n).index_add_(1, of, weights)


def _facts(kinds: Kinds, encoder: Encoder, levels: Mapping, left_out: LeftOut) -> dict[str, object]:
    """What a map was made of, and how it does on kinds that are left out."""
    nearest = max(1, round(FOUND * len(kinds.names)))
    scores = {}
    for level in levels:
        chosen = torch.tensor([one == level for one in left_out.level])
        scores[f"{level}_cosine"] = round(left_out.cosine[chosen].mean().item(), 4)
        scores[f"{level}_found"] = round((left_out.rank[chosen] < nearest).float().mean().item(), 4)
    return {
        "encoder": encoder.name,
        "encoder_sha256": encoder.sha256,
        "kinds": len(kinds.names),
        "kinds_sha256": kinds.sha256,
        "texts": {level: len(texts) for level, texts in levels.items()},
        "steepness": STEEPNESS,
        "left_out": scores,
    }
