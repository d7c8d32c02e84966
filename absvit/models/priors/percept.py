"""What was seen in the last pass as the next prior; and controls, random directions, shuffled weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from absvit.models.absvit import AbSViT, cosine_weights
from absvit.models.priors.base import Prior, WrappedPrior
from absvit.models.priors.directions import sharpened, sharpness_of

__all__ = ["PerceptPrior", "ShuffledPrior", "random_directions"]


@dataclass(frozen=True, eq=False)
class PerceptPrior(Prior):
    """What the model saw in the last pass, as the prior of the next one: our addition to the model.

    The direction is the mean of the classifier's rows, each weighted by its class's probability in the pass
    that is fed back: sum_k p_k W_k with p = softmax(logits - fatigue). The official model has one direction
    for a whole episode; here the posterior of a pass becomes the prior of the next, so that a percept can
    hold itself up.

    Parameters
    ----------
    gain : factor on the weights; None for the model's default of a class.
    fatigue : (image, class), subtracted from the logits: the evidence of a percept that has lasted wanes, as
        the adaptation of Noest et al. (2007) and Moreno-Bote et al. (2007) has it.

    Examples
    --------
    >>> absvit.perceive(model, images, [priors.PerceptPrior()], iterations=3).logits.shape
    torch.Size([4, 1, 4, 12])
    """

    gain: float | None = None
    fatigue: Tensor = field(default_factory=lambda: torch.zeros(()))
    kind = "class"
    per_image = ("fatigue", 2)
    kinds = frozenset({"percept"})

    def match(self, tokens: Tensor, model: AbSViT) -> Tensor:
        """Cosine with the row of the classifier that is expected, as sharp as the model's class priors."""
        rows = getattr(model.get_classifier(), "weight", None)
        if rows is None:
            raise ValueError("a percept needs a classifier and this model has none (num_classes=0)")
        probabilities = (model.forward_head(tokens) - self.fatigue.to(tokens)).softmax(-1)
        return sharpened(cosine_weights(tokens, (probabilities @ rows)[:, None]), sharpness_of(model))


@dataclass(frozen=True, eq=False)
class ShuffledPrior(WrappedPrior):
    """A control: another prior's weights in random order over the patch tokens of each image.

    Parameters
    ----------
    prior : the prior whose weights are shuffled.
    seed : seed of the orders; image ``i`` gets the same order whatever it is shown with.
    first_image : number of the first image, counted on when images are processed in parts.

    Examples
    --------
    >>> control = priors.ShuffledPrior(priors.ClassPrior("ring"), seed=1)
    >>> absvit.perceive(model, images, [control]).logits.shape
    torch.Size([2, 1, 4, 12])
    """

    seed: int = 0
    first_image: int = 0

    def weigh(self, tokens: Tensor, model: AbSViT, *by: Callable[[Tensor, float], Tensor]) -> Tensor:
        """The other prior's weights, shuffled over patch tokens."""
        weights = self.prior.weigh(tokens, model, *by)
        prefix, patches = model.num_prefix_tokens, weights.shape[1] - model.num_prefix_tokens
        orders = []
        for image in range(self.first_image, self.first_image + len(weights)):
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + image)
            orders.append(torch.randperm(patches, generator=generator) + prefix)
        order = torch.stack(orders).to(weights.device)
        return torch.cat([weights[:, :prefix], weights.gather(1, order)], dim=1)

    @property
    def label(self) -> str:
        """That of the shuffled prior, and what was done to it."""
        return f"{self.prior.label}, shuffled"

    @property
    def kinds(self) -> frozenset[str]:
        """Those of the shuffled prior, and that weights can be shuffled."""
        return self.prior.kinds | {"shuffled"}

    def for_images(self, chosen: slice) -> ShuffledPrior:
        """Cut the shuffled prior down; the orders stay those of its images."""
        return ShuffledPrior(self.prior.for_images(chosen), self.seed, self.first_image + (chosen.start or 0))


def random_directions(seed: int, streams: Sequence[int], channels: int) -> Tensor:
    """Standard normal directions (stream, channel) float32, each its stream's, whatever it is drawn with."""
    generators = [np.random.Generator(np.random.Philox(key=[seed, int(stream)])) for stream in streams]
    return torch.from_numpy(np.stack([g.standard_normal(channels, np.float32) for g in generators]))
