"""Observers that answer in the categories of a set of kinds, and are told these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from absvit.models.class_names import called, class_indices
from absvit.models.kind_sets import CategoryReadout, kind_set_of
from absvit.models.perceive import Trajectory
from absvit.models.priors import KindsPrior, Prior
from absvit.models.priors.directions import CuedClasses
from absvit.models.trajectory import Shown
from experiments.observers.models import observer_of
from experiments.observers.observer import Observer

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

    from absvit.models.course import Course
    from absvit.models.kind_sets import KindSet
    from absvit.networks import Network

__all__ = ["answering_in"]


def answering_in(observer: Observer | Network | nn.Module, kind_set: KindSet | str | Path) -> Observer:
    """Let an observer, or a network, answer in the categories of a set, whatever its mechanism.

    Its logits are those of the categories, log of the mean probability of their kinds
    (:class:`~absvit.models.kind_sets.CategoryReadout`). A category that it is told to look for is a prior
    of all of its kinds (:class:`~absvit.models.priors.KindsPrior`); words that are no categories are the
    observer's own. Maps of class activation are of the most probable kind.

    Parameters
    ----------
    observer : who looks; or whatever :func:`~experiments.observers.observer_of` makes one of.
    kind_set : name of a set, a user's CSV file, or the set itself.

    Returns
    -------
    The same observer with other categories; its ``facts`` hold the set, ``read_out``.

    Raises
    ------
    FileNotFoundError, ValueError : there is no such set, or the observer cannot answer in it.
    """
    observer, kind_set = observer_of(observer), kind_set_of(kind_set)
    readout = CategoryReadout.of(kind_set, observer)
    of_kinds = partial(_of_kinds, _Kinds(kind_set, readout))
    return replace(
        observer,
        categories=readout.categories,
        look=partial(_look, observer, readout, of_kinds),
        course=observer.course and partial(_course, observer, readout, of_kinds),
        evidence=observer.evidence and partial(_evidence, observer, readout),
        known_as=partial(_known_as, observer, readout),
        facts={**observer.facts, "read_out": {"name": readout.name, "kinds": dict(readout.kinds)}},
    )


def _known_as(observer: Observer, readout: CategoryReadout, names: Sequence[str]) -> list[str]:
    """The categories that classes of an observer are of."""
    category = {index: name for name, indices in readout.kinds.items() for index in indices}
    own = class_indices(readout, names)
    kinds = class_indices(observer, called(names, observer))
    found = zip(names, own, kinds, strict=True)
    return [name if place >= 0 else category.get(int(kind), name) for name, place, kind in found]


def _look(
    observer: Observer,
    readout: CategoryReadout,
    of_kinds: Callable[[Prior], Prior],
    images: Tensor,
    priors: Sequence[Prior] | None = None,
    iterations: int = 0,
    record: Sequence[str] = (),
) -> Trajectory:
    found = observer.seen(images, priors and [*map(of_kinds, priors)], iterations, record)
    labels = tuple(prior.label for prior in priors) if priors else ("none",)
    shown = Shown(tuple(images.shape[-2:]), labels, readout.categories)
    return replace(found, logits=readout.logits(found.logits), shown=shown)


def _course(
    observer: Observer,
    readout: CategoryReadout,
    of_kinds: Callable[[Prior], Prior],
    pictures: Sequence[Tensor],
    prior_at: Callable[..., Prior],
    *how,
) -> Course:
    course = observer.course(pictures, lambda *at: of_kinds(prior_at(*at)), *how)
    return replace(course, logits=readout.logits(course.logits))


def _evidence(observer: Observer, readout: CategoryReadout, images: Tensor, categories: Tensor) -> Tensor:
    """The best evidence of a category's kinds at each place, of categories (prior, image)."""
    kinds = readout.members[categories.cpu()].movedim(-1, 0)  # (kind, prior, image)
    maps = observer.evidence(images, kinds.clamp(min=0).flatten(0, 1)).unflatten(0, kinds.shape[:2])
    return maps.where(kinds.to(maps.device)[..., None, None] >= 0, -torch.inf).amax(0)


@dataclass(frozen=True)
class _Kinds:
    """What a prior of categories is one of: their kinds."""

    kind_set: KindSet
    readout: CategoryReadout

    def of(self, prior: CuedClasses) -> CuedClasses:
        """Give a prior of the kinds; words that are no categories are left to whoever looks."""
        given, known = getattr(prior, prior.per_image[0]), self.readout
        if isinstance(given, np.ndarray) and (class_indices(known, given.flatten().tolist()) < 0).any():
            return replace(prior, sets=(self.kind_set, *prior.sets)) if isinstance(prior, KindsPrior) else prior
        members, kinds = prior.members(known), known.members
        each = [kinds[of][kinds[of] >= 0] for of in torch.atleast_2d(members)]
        padded = torch.nn.utils.rnn.pad_sequence(each, batch_first=True, padding_value=-1)
        return KindsPrior(padded if members.ndim == 2 else padded[0], prior.gain, prior.sharpness)


def _of_kinds(kinds: _Kinds, prior: Prior) -> Prior:
    """A prior of categories, or one that is made of such, as one of their kinds."""
    if isinstance(prior, CuedClasses):
        return kinds.of(prior)
    changed = {}
    for of in fields(prior) if is_dataclass(prior) else ():
        value = getattr(prior, of.name)
        if isinstance(value, Prior):
            changed[of.name] = _of_kinds(kinds, value)
        elif isinstance(value, tuple) and any(isinstance(part, Prior) for part in value):
            changed[of.name] = tuple(_of_kinds(kinds, part) for part in value)
    return replace(prior, **changed) if changed else prior
