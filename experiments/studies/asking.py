"""How observers are asked in a study, and in what way they are told what people are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stimuli.foundation.options import FileOrAddress

__all__ = ["TOLD", "Asking"]

TOLD = {  # how an observer is told an instruction: the column ``told``
    "nothing": "there is nothing to look for in it",
    "prior": "by the prior of its condition",
    "words": "by its very sentence",
    "cannot": "not at all, it looks bottom-up: no prior tells it, or the observer does not take it",
}


@dataclass(frozen=True)
class Asking:
    """How observers are asked.

    Parameters
    ----------
    answers
        The most probable option, or one that is drawn by the probabilities.
    seed
        Seed of what is drawn.
    gain
        Of the priors; the observer's defaults, if left out.
    iterations
        Passes under a prior; those of the probe, if left out.
    instruct
        Tell an observer that takes words the very sentence on the screen, instead of the prior that goes with
        it.
    dimensions
        File that ``python -m absvit.dimensions`` wrote of the observers' network: an instruction that names a
        dimension (shape, texture) is told by its prior, which names no category.
    """

    answers: Literal["maximum", "sampled"] = "maximum"
    seed: int = 0
    gain: float | None = None
    iterations: int | None = None
    instruct: bool = False
    dimensions: FileOrAddress = ""

    def __post_init__(self) -> None:
        if self.answers not in ("maximum", "sampled"):
            raise ValueError(f"answers are maximum or sampled, got {self.answers!r}")
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, got {self.seed}")
        if self.iterations is not None and self.iterations < 1:
            raise ValueError(f"iterations must be at least 1, got {self.iterations}")
