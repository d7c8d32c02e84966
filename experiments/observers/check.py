"""What every observer promises, tried on a few pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from numbers import Integral, Real

import numpy as np
import torch
from torch import Tensor, nn

from absvit.models.course import CourseSettings
from absvit.models.perceive import RECORDABLE, Trajectory
from absvit.models.priors import ClassPrior, LearnedPrior, Prior, SpatialPrior, VectorPrior
from experiments.observers import OBSERVERS
from experiments.observers.models import observer_of
from experiments.observers.observer import Observer

__all__ = ["check_observer"]

N, ITERATIONS = 3, 2
OF_NO_LAYER = ("tokens", "class_activation")
TOLERANCE = {"rtol": 1e-3, "atol": 1e-4}


def check_observer(observer: Observer | nn.Module | str) -> None:
    """Try what an observer promises: logits of its classes, of each picture alone, under the priors that it takes.

    Parameters
    ----------
    observer : the name of one that a package declares, or the observer, or a model.

    Raises
    ------
    ValueError : a promise is not kept; one sentence says which.

    Examples
    --------
    >>> experiments.check_observer(model)  # says nothing where all is well
    """
    observer = OBSERVERS.of(observer) if isinstance(observer, str) else observer_of(observer)
    for broken in _faults(observer):
        raise ValueError(f"the observer {observer.name!r} {broken}")


def _faults(observer: Observer) -> Iterator[str]:
    """What is wrong with an observer, one sentence after the other; what comes later needs what comes before."""
    yield from _of_declaration(observer)
    pictures = np.random.default_rng(0).integers(0, 256, (N, *observer.size, 3), np.uint8)
    images = observer.images(pictures)
    before, weights = images.clone(), observer.weights()
    if not (isinstance(weights, tuple) and len(weights) == 2 and all(isinstance(word, str) for word in weights)):
        yield f"has weights {weights!r}: give the name of their file and their SHA-256"
    bottom_up = yield from _of_look(observer, images, [], "bottom-up")
    if len(bottom_up.logits) != 1:
        yield f"sees {len(bottom_up.logits)} passes where nothing is looked for: iteration 0 alone is bottom-up"
    priors = {kind: make(observer) for kind, make in PRIORS.items() if kind in observer.kinds}
    if priors:
        found = yield from _of_look(observer, images, list(priors.values()), f"told {', '.join(priors)}")
        yield from _of_priors(observer, found, bottom_up)
    if not torch.equal(images, before):
        yield "changes the images that it is given: work on a copy"
    if weights != observer.weights():
        yield "changes its weights by looking: look in eval mode, without gradients"
    if observer.course is not None:
        yield from _of_course(observer, images, bottom_up)


def _of_declaration(observer: Observer) -> Iterator[str]:
    if not observer.line or "\n" in observer.line:
        yield f"says {observer.line!r} of what it is: give one line"
    if not observer.categories or not all(isinstance(name, str) for name in observer.categories):
        yield "names no categories: give a name for each of its classes"
    if twice := [name for name in observer.categories if observer.categories.count(name) > 1]:
        yield f"has two classes {twice[0]!r}: name each once"
    for name in ("size", "grid"):
        if (sides := getattr(observer, name)) is not None and not _counts(sides):
            yield f"has a {name} of {sides}: give two whole numbers above 0"
    levels = (observer.mean, observer.std)
    if not all(len(of) == 3 and all(map(math.isfinite, of)) for of in levels) or min(observer.std) <= 0:
        yield f"has mean {observer.mean} and std {observer.std}: give finite numbers for three channels, std above 0"
    if unknown := [name for name in observer.records if name not in RECORDABLE]:
        yield f"records {unknown[0]}: it can record some of {', '.join(RECORDABLE)}"
    if observer.grid is None and (needing := [*{"place"} & {*observer.kinds}, *observer.records]):
        yield f"takes or records {needing[0]} and has no grid: give rows and columns of its locations"
    of_layers = [name for name in observer.records if name not in OF_NO_LAYER]
    if of_layers and observer.layers < 1:
        yield f"records {of_layers[0]} of no layers: give their number"
    if "vector" in observer.kinds and not observer.width:
        yield "takes directions and has no width: give the channels of its tokens"
    if not all(isinstance(gain, Real) and math.isfinite(gain) for gain in observer.gains.values()):
        yield f"has gains {dict(observer.gains)}: give finite numbers"


def _counts(sides: Sequence) -> bool:
    return len(sides) == 2 and all(isinstance(side, Integral) and side > 0 for side in sides)


def _spotlight(observer: Observer) -> Prior:
    height, width = observer.size
    return SpatialPrior.gaussian((width / 3, height / 2), min(observer.size) / 4, observer.size, observer.grid)


PRIORS: dict[str, Callable[[Observer], Prior]] = {
    "learned": lambda observer: LearnedPrior(),
    "class": lambda observer: ClassPrior(torch.arange(N) % observer.num_classes),
    "place": _spotlight,
    "vector": lambda observer: VectorPrior(torch.linspace(-1, 1, observer.width)),
}


def _of_look(observer: Observer, images: Tensor, priors: list[Prior], told: str):
    """What it sees, once nothing is wrong with it."""
    try:
        found, again = (observer.seen(images, priors, ITERATIONS, observer.records) for _ in range(2))
        first = [prior.for_images(slice(0, 1)) for prior in priors]
        alone = observer.seen(images[:1], first, ITERATIONS, observer.records)
    except Exception as error:  # whatever a stranger's function does
        yield f"cannot look, {told} ({type(error).__name__}: {error})"
        raise
    if not torch.isfinite(found.logits).all():
        yield f"gives logits that are not finite, {told}"
    if not torch.equal(found.logits, again.logits):
        yield f"sees pictures otherwise a second time, {told}: its weights change by looking, or chance decides"
    if not torch.allclose(found.logits[:, :, :1], alone.logits, **TOLERANCE):
        yield f"sees a picture otherwise beside others, {told}: each has to be seen by itself"
    yield from _of_records(observer, found)
    return found


def _of_records(observer: Observer, found: Trajectory) -> Iterator[str]:
    """Whether there is what it says it records, of as many locations as it has."""
    if observer.grid is not None and tuple(found.grid) != observer.grid:
        yield f"gives a trajectory of {tuple(found.grid)} locations and says {observer.grid}"
    tokens = math.prod(observer.locations) + found.num_prefix_tokens
    for name in observer.records:
        values = getattr(found, name)
        if values is None or values.shape[1:3] != found.logits.shape[1:3]:
            yield f"does not give {name}, which it says it records"
        if name.endswith(("norms", "class_attention")) and values.shape[3:] != (observer.layers, tokens):
            yield f"gives {name} of {tuple(values.shape[3:])} (layer, token), expected {(observer.layers, tokens)}"


def _of_priors(observer: Observer, found: Trajectory, bottom_up: Trajectory) -> Iterator[str]:
    """Whether priors come in with iteration 1."""
    if len(found.logits) != 1 + ITERATIONS:
        yield f"gives {len(found.logits)} passes, asked for iteration 0 and {ITERATIONS} more"
    if not torch.allclose(found.logits[0], bottom_up.logits[0].expand_as(found.logits[0]), **TOLERANCE):
        yield "sees otherwise under a prior in iteration 0, which is bottom-up"


def _of_course(observer: Observer, images: Tensor, bottom_up: Trajectory) -> Iterator[str]:
    course = observer.course([images], lambda t, fatigue: LearnedPrior(), CourseSettings(ITERATIONS), ())
    expected = (1 + ITERATIONS, N, observer.num_classes)
    if course.logits.shape != expected or not torch.isfinite(course.logits).all():
        yield f"follows a picture with logits of {tuple(course.logits.shape)}, expected finite ones of {expected}"
    if not torch.allclose(course.logits[0], bottom_up.logits[0, 0], **TOLERANCE):
        yield "sees otherwise in pass 0 of a course, which is bottom-up"
