"""Answers in the categories of a set: what a model's probabilities of its own classes say of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from absvit.models.class_names import class_names, listed
from absvit.models.kind_sets.kind_set import KindSet

__all__ = ["CategoryReadout"]


@dataclass(frozen=True)
class CategoryReadout:
    """How the answers of a model become those of a set's categories.

    The probability of a category is the mean of those of its kinds (Geirhos et al. 2018, NeurIPS, appendix,
    and 2019), relative to the sum over categories: its logit is the logarithm of the mean.

    Parameters
    ----------
    name : of the set.
    kinds : of each category, places of its kinds among the model's classes.
    """

    name: str
    kinds: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(cls, kind_set: KindSet, model: nn.Module) -> CategoryReadout:
        """Give that of a set and a model, or whatever has ``num_classes`` and ``categories``.

        Raises
        ------
        ValueError : the model has no kinds of a category; two categories share a kind; there are fewer than two.
        """
        kinds = {category: kind_set.members(category, model) for category in kind_set.kinds}
        if without := [category for category, members in kinds.items() if not members]:
            raise ValueError(
                f"the model has none of the kinds of {', '.join(without)}, categories of {kind_set.name}: answer in a "
                f"set of kinds that it knows; it knows {listed(class_names(model))}"
            )
        if len(kinds) < 2:
            raise ValueError(f"{kind_set.name} has one category alone, {next(iter(kinds))!r}: answers need two or more")
        owner: dict[int, str] = {}
        for category, members in kinds.items():
            if shared := [index for index in members if index in owner]:
                raise ValueError(
                    f"{class_names(model)[shared[0]]!r} is of two categories of {kind_set.name}, "
                    f"{owner[shared[0]]!r} and {category!r}: an answer can be of one alone"
                )
            owner |= dict.fromkeys(members, category)
        return cls(kind_set.name, kinds)

    @property
    def categories(self) -> tuple[str, ...]:
        """Names of the categories, in the order of the logits."""
        return tuple(self.kinds)

    @property
    def num_classes(self) -> int:
        """Number of categories, which are the classes of who answers in them."""
        return len(self.kinds)

    @property
    def members(self) -> Tensor:
        """Places of each category's kinds, (category, kind) int64; -1 where it has fewer."""
        most = max(map(len, self.kinds.values()))
        return torch.tensor([[*of, *[-1] * (most - len(of))] for of in self.kinds.values()])

    def logits(self, of_classes: Tensor) -> Tensor:
        """Logits (..., category) of those of classes (..., class): log of the mean probability of the kinds."""
        log_p = of_classes.log_softmax(-1)
        means = [log_p[..., list(of)].logsumexp(-1) - math.log(len(of)) for of in self.kinds.values()]
        return torch.stack(means, -1)
