"""The contract of an observer: who looks, told what to look for; all that probes know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from absvit.models.course import Course
    from absvit.models.perceive import Trajectory
    from absvit.models.priors import Prior
    from absvit.words import Meaning

__all__ = ["Observer"]

MASKS = (14, 14)


def _of_no_file() -> tuple[str, str]:
    return "", ""


@dataclass(frozen=True, eq=False)
class Observer:
    """Who looks. ``Observer("template", "class templates", CATEGORIES, (112, 112), look)`` is one.

    Parameters
    ----------
    name : what records and the command line call it.
    line : what it is, in a line.
    categories : names of its classes, in the order of its logits.
    size : height and width in pixels of the images that it takes.
    look : function of (images, priors, iterations, record), or, of an observer without kinds and records, of
        images alone. Images are (image, channel, y, x), normalised; priors are None bottom-up; record names
        what is kept besides the logits, as :func:`absvit.perceive` has it. It gives a Trajectory, or logits
        alone, as a tensor or array: (image, class), or (iteration, prior, image, class).
    mean, std : of each channel, values in [0, 1], by which images are normalised.
    grid : rows and columns of its locations, to which places and maps belong; None where it has none.
    kinds : kinds of prior that it takes, such as "class" and "place"; "any" for whatever weighs its tokens.
        It looks bottom-up under a condition of another kind.
    records : what it can record, of ``absvit.models.perceive.RECORDABLE``.
    layers : number of layers of which it records.
    width : channels of its tokens, which a direction to look for has; None where it takes none.
    gains : default gains of the kinds of prior.
    course : function of (pictures, prior_at, settings, generators) that follows it pass by pass, as
        :func:`absvit.follow`; None where each pass is as the first.
    evidence : function of (images, classes) that gives what each place adds, bottom-up, to the logit of a
        class: (prior, image, token_y, token_x) of classes (prior, image); None where it cannot tell.
    means : function of a phrase that gives what it takes it for (:class:`absvit.words.Meaning`); None where it
        takes no words.
    weights : function that gives the name of the file of its weights and the SHA-256 of these.
    device : where it computes.
    seed : what the record's ``seed`` says, the seed of the training where it is known.
    known_as : function of names of classes that gives what it knows each by, or the name itself; None where
        it knows them by their own names. It is given where it answers in categories, each of several
        classes.
    facts : further facts: ``squeezed`` photographs in training, ``crop_pct`` and ``interpolation`` of its
        evaluation.

    Examples
    --------
    >>> experiments.observer_of(model).kinds
    ('learned', 'class', 'vector', 'place', 'any')
    """

    name: str
    line: str
    categories: Sequence[str]
    size: tuple[int, int]
    look: Callable[..., Trajectory | Tensor]
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    grid: tuple[int, int] | None = None
    kinds: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    layers: int = 0
    width: int | None = None
    gains: Mapping[str, float] = field(default_factory=dict)
    course: Callable[..., Course] | None = None
    evidence: Callable[[Tensor, Tensor], Tensor] | None = None
    means: Callable[[str], Meaning] | None = None
    weights: Callable[[], tuple[str, str]] = _of_no_file
    device: str = "cpu"
    seed: int = 0
    known_as: Callable[[Sequence[str]], list[str]] | None = None
    facts: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("categories", "size", "mean", "std", "grid", "kinds", "records"):
            if isinstance(given := getattr(self, name), Sequence) and not isinstance(given, str):
                object.__setattr__(self, name, tuple(given))

    @property
    def num_classes(self) -> int:
        """Number of its classes."""
        return len(self.categories)

    @property
    def locations(self) -> tuple[int, int]:
        """Rows and columns of its locations; of the objects' masks alone, where it has none."""
        return tuple(self.grid or MASKS)

    def images(self, pictures: np.ndarray) -> Tensor:
        """Pictures as it takes them.

        Parameters
        ----------
        pictures : (stimulus, y, x, channel) uint8.
        """
        from absvit.images import normalise

        return normalise(pictures, self.mean, self.std)

    def takes(self, prior: Prior) -> bool:
        """Say whether it can be told this."""
        return "any" in self.kinds or prior.kinds <= set(self.kinds)

    def seen(
        self,
        images: Tensor,
        priors: Sequence[Prior] | None = None,
        iterations: int = 0,
        record: Sequence[str] = (),
    ) -> Trajectory:
        """Give what it sees; bottom-up in every pass under a prior that it does not take.

        Parameters
        ----------
        images : (image, channel, y, x), normalised.
        priors : what to look for; nothing, if left out.
        iterations : feedback passes.
        record : what is kept besides logits; None in the trajectory where it cannot record it.

        Returns
        -------
        Trajectory; without any prior that it takes, of one prior and iteration 0 alone.

        Raises
        ------
        ValueError : it does not give logits of its classes.
        """
        import torch

        priors = priors or ()
        taken = [number for number, prior in enumerate(priors) if self.takes(prior)]
        kept = [name for name in record if name in self.records]
        told = ([priors[number] for number in taken], iterations, kept) if taken else (None, 0, kept)
        with torch.no_grad():
            found = self.look(images, *told) if self.kinds or self.records else self.look(images)
        if not hasattr(found, "logits"):
            found = self._trajectory(torch.as_tensor(found))
        expected = (max(1, len(taken)), len(images), self.num_classes)
        if found.logits.ndim != 4 or found.logits.shape[1:] != expected:
            raise ValueError(
                f"{self.name} gives logits of shape {tuple(found.logits.shape)}; expected (iteration, prior, image, "
                f"class) = (..., {', '.join(map(str, expected))})"
            )
        return found.among(len(priors), taken, len(found.logits) - 1) if taken else found

    def _trajectory(self, logits: Tensor) -> Trajectory:
        """A trajectory of logits alone."""
        from absvit.models.perceive import Trajectory

        logits = logits[None, None] if logits.ndim == 2 else logits
        grid = self.grid or (0, 0)
        weights = logits.new_full((len(logits) - 1, *logits.shape[1:3], grid[0] * grid[1]), np.nan)
        return Trajectory(logits=logits, prior_weights=weights, grid=grid, num_prefix_tokens=0)
