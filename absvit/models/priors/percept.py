"""Directions in feature space that experiments let a model look for: random ones, and what it saw in the last pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from absvit.models.absvit import AbSViT, cosine_weights
from absvit.models.priors import Prior

__all__ = ["PerceptPrior", "random_directions"]


@dataclass(frozen=True, eq=False)
class PerceptPrior(Prior):
    """What the model saw in the last pass, as the prior of the next one: our addition to the model.

    The direction is the mean of the classifier's rows, each weighted by its class's probability in the pass that is
    fed back: sum_k p_k W_k with p = softmax(logits - fatigue). The official model has one direction for a whole
    episode; here the posterior of a pass becomes the prior of the next, so that a percept can hold itself up.

    Parameters
    ----------
    gain : factor on the weights; None for the model's default of a class.
    fatigue : (image, class), subtracted from the logits: the evidence of a percept that has lasted wanes, as the
        adaptation of Noest et al. (2007) and Moreno-Bote et al. (2007) has it.
    """

    gain: float | None = None
    fatigue: Tensor = field(default_factory=lambda: torch.zeros(()))
    kind = "class"
    per_image = ("fatigue", 2)

    def _match(self, tokens: Tensor, model: AbSViT) -> Tensor:
        rows = getattr(model.get_classifier(), "weight", None)
        if rows is None:
            raise ValueError("a percept needs a classifier and this model has none (num_classes=0)")
        probabilities = (model.forward_head(tokens) - self.fatigue.to(tokens)).softmax(-1)
        return cosine_weights(tokens, (probabilities @ rows)[:, None])


def random_directions(seed: int, streams: Sequence[int], channels: int) -> Tensor:
    """Standard normal directions, the same for a stream whatever it is drawn with.

    Parameters
    ----------
    seed : seed of the experiment.
    streams : number of the stream of each direction, at least 0.
    channels : width of the tokens.

    Returns
    -------
    (stream, channel) float32.
    """
    generators = [np.random.Generator(np.random.Philox(key=[seed, int(stream)])) for stream in streams]
    return torch.from_numpy(np.stack([g.standard_normal(channels, np.float32) for g in generators]))
