"""The tensors of a trajectory while they are filled, some images under some priors at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

__all__ = ["Part", "Recording"]

FROM_FEEDBACK = {"prior_weights", "feedback", "feedback_norms"}  # they do not exist in the bottom-up pass


class Recording:
    """Tensors of the trajectory, allocated when their first value comes.

    Parameters
    ----------
    n_priors, iterations, n_images : numbers of priors, of feedback passes and of images.
    record : names to keep besides logits and prior weights.
    """

    def __init__(self, n_priors: int, iterations: int, n_images: int, record: Sequence[str]) -> None:
        self.n_priors, self.iterations, self.n_images = n_priors, iterations, n_images
        self.names = {"logits", "prior_weights", *record}
        self.values: dict[str, Tensor] = {}

    def wants(self, *names: str) -> bool:
        """Whether any of these is kept."""
        return not self.names.isdisjoint(names)

    def at(self, iteration: int, chosen: slice, here: slice) -> Part:
        """Give the place of an iteration of some priors and images, named as those of a :class:`Part`."""
        return Part(self, iteration, chosen, here)

    def finished(self, layers: int, tokens: int, channels: int) -> dict[str, Tensor]:
        """All that was asked for; what feedback leaves is empty without it, and has its dims still."""
        left = {"prior_weights": (tokens,), "feedback_norms": (layers, tokens), "feedback": (layers, tokens, channels)}
        for name in self.names - self.values.keys():
            shape = (0, self.n_priors, self.n_images, *left[name])
            self.values[name] = self.values["logits"].new_zeros(shape)
        return self.values


@dataclass(frozen=True, eq=False)
class Part:
    """Where the values of one iteration, some priors and some images go.

    Parameters
    ----------
    recording : what they are part of.
    iteration : number of the pass.
    chosen, here : which priors and which images.
    """

    recording: Recording
    iteration: int
    chosen: slice
    here: slice

    @property
    def is_last(self) -> bool:
        """Whether no iteration follows."""
        return self.iteration == self.recording.iterations

    def wants(self, *names: str) -> bool:
        """Whether any of these is kept."""
        return self.recording.wants(*names)

    def keep(self, name: str, value: Tensor, layer: int | None = None, depth: int = 0) -> None:
        """Write values.

        Parameters
        ----------
        name : of the tensor; nothing is written where it is not kept.
        value : (row, ...), a row for each prior and image; rows of images alone count for every prior.
        layer : block that they belong to, of a tensor with layers.
        depth : number of blocks.
        """
        recording = self.recording
        if name not in recording.names:
            return
        first = int(name in FROM_FEEDBACK)
        if name not in recording.values:
            middle = () if layer is None else (depth,)
            passes = recording.iterations + 1 - first
            shape = (passes, recording.n_priors, recording.n_images, *middle, *value.shape[1:])
            recording.values[name] = value.new_zeros(shape)
        target = (self.iteration - first, self.chosen, self.here, *(() if layer is None else (layer,)))
        recording.values[name][target] = value.unflatten(0, (-1, self.here.stop - self.here.start))
