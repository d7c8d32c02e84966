"""The contract of a set of kinds: named categories, each of some of a model's classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from absvit.models.class_names import class_names, imagenet_indices, meant_by, unknown

__all__ = ["KindSet"]


@dataclass(frozen=True)
class KindSet:
    """Categories, each of some kinds.

    Parameters
    ----------
    name : what records and the command line call it; of a user's own, its file.
    line : what it is, in a line, with its source.
    kinds : of each category, words for its kinds: names of classes, parts of names, parts with a star for all
        that hold them, wnids, or numbers.
    of_imagenet : whether all words are numbers of ImageNet's classes, of which a model may have only some;
        else a model has to know every word.
    """

    name: str
    line: str
    kinds: Mapping[str, tuple[str, ...]]
    of_imagenet: bool = False

    def members(self, category: str, model: nn.Module) -> tuple[int, ...]:
        """Give the classes of a model that are of a category; none, if it has none of ImageNet's.

        Parameters
        ----------
        category : name of one of the categories.
        model : whose classes, or anything that has ``num_classes`` and ``categories``.

        Raises
        ------
        ValueError : a word means no class of the model, or one of several, or a class that another one means.
        """
        if self.of_imagenet:
            found = imagenet_indices(model, [int(number) for number in self.kinds[category]])
            return tuple(found[found >= 0].tolist())
        given: dict[int, str] = {}
        for word in self.kinds[category]:
            indices = self._meant(word, category, model)
            if twice := [index for index in indices if index in given]:
                name, first = class_names(model)[twice[0]], given[twice[0]]
                raise ValueError(
                    f"the category {category!r} of {self.name} holds {name!r} twice, as {first!r} and {word!r}: leave "
                    "out one of them"
                )
            given |= dict.fromkeys(indices, word)
        return tuple(given)

    def _meant(self, word: str, category: str, model: nn.Module) -> list[int]:
        """The classes that a word means; refuses one that means none or one of several."""
        try:
            indices, said = meant_by(word, model), ""
        except ValueError as error:
            indices, said = [], str(error)
        if not indices:
            raise ValueError(f"the category {category!r} of {self.name}: {said or unknown(word, model)}")
        return indices
