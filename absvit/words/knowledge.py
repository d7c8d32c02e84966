"""What a network's kinds are called in texts, and the directions in which it knows them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

import torch.nn.functional as F
from timm.data import ImageNetInfo
from torch import Tensor

from absvit.closed_form.host_embed import HostEmbed
from absvit.models.absvit import AbSViT
from absvit.models.class_names import IMAGENET_CLASSES, class_names, named
from absvit.words.phrases import bare

__all__ = ["Kinds", "called", "kinds_of", "texts_of"]

WNID = re.compile(r" \(n\d{8}\)$")  # that tells two kinds of one name apart


@dataclass(frozen=True)
class Kinds:
    """The kinds that a network knows; two are equal where names and directions are, by their SHA-256.

    Parameters
    ----------
    names : of the kinds.
    sha256 : of names and directions.
    directions : (kind, channel) of unit length, in which a token's evidence for a kind lies.
    likeness : (kind, channel) of unit length, whose cosines say how alike kinds look to the network: the
        directions, but of a closed form the rows of its host.
    """

    names: tuple[str, ...]
    sha256: str
    directions: Tensor = field(compare=False, repr=False)
    likeness: Tensor = field(compare=False, repr=False)

    def some(self, chosen: Sequence[int]) -> Kinds:
        """Give some of them, by their places."""
        names = tuple(self.names[place] for place in chosen)
        digest = hashlib.sha256("\0".join((self.sha256, *map(str, chosen))).encode()).hexdigest()
        return Kinds(names, digest, self.directions[chosen], self.likeness[chosen])


def kinds_of(model: AbSViT) -> Kinds:
    """Give the kinds of a model, or of a network as priors see one.

    Raises
    ------
    ValueError : it has no classifier, or its classes have no names.
    """
    rows = getattr(model.get_classifier(), "weight", None)
    if rows is None:
        raise ValueError("words need a classifier and this model has none (num_classes=0); use VectorPrior")
    names = tuple(class_names(model))
    if all(name.isdigit() for name in names):
        raise ValueError("words need names of classes and this model has numbers: give it categories=NAMES")
    rows = rows.detach().float().cpu()
    embed = model.patch_embed
    seen = rows[:, :-1] @ embed.proj.weight.detach().float().cpu() if isinstance(embed, HostEmbed) else rows
    digest = hashlib.sha256("\0".join(names).encode() + rows.contiguous().numpy().tobytes()).hexdigest()
    return Kinds(names, digest, F.normalize(rows, dim=1), F.normalize(seen, dim=1))


def called(phrase: str, names: Sequence[str]) -> list[int]:
    """Find the kinds that a phrase, without its article, is the name of, or else a synonym of."""
    whole, synonyms = _by_name(tuple(names))
    return whole.get(bare(phrase)) or synonyms.get(bare(phrase), [])


def texts_of(names: Sequence[str]) -> dict[str, list[str]]:
    """Give texts of kinds by level: their names and, if all are ImageNet's, WordNet's descriptions.

    Parameters
    ----------
    names : as a model has them.
    """
    found = {"name": [name.replace("_", " ") for name in names]}
    known, described = _of_imagenet()
    which = [called(name, known) for name in names]
    if all(len(kinds) == 1 for kinds in which):
        found["description"] = [described[kind] for (kind,) in which]
    return found


@lru_cache(16)
def _by_name(names: tuple[str, ...]) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Kinds by their whole names, and by each synonym."""
    whole: dict[str, list[int]] = {}
    synonyms: dict[str, list[int]] = {}
    for index, name in enumerate(map(bare, names)):
        whole.setdefault(name, []).append(index)
        for synonym in dict.fromkeys(WNID.sub("", name).split(", ")):
            synonyms.setdefault(synonym, []).append(index)
    return whole, synonyms


@cache
def _of_imagenet() -> tuple[list[str], list[str]]:
    """Names of ImageNet's classes, and WordNet's descriptions of them."""
    info, names = ImageNetInfo(), named(None, IMAGENET_CLASSES)
    whole = [info.index_to_description(index, detailed=True) for index in range(len(names))]
    return names, [text.partition(": ")[2] for text in whole]
