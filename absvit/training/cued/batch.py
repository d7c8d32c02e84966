"""What trainings with cues have in common: images with cues and answers, the loss, and the problem."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from absvit.distributed import Process, sum_over_ranks
from absvit.models.absvit import AbSViT, cosine_weights
from absvit.models.feedback import reconstruction_errors
from absvit.models.priors.directions import sharpened, sharpness_of
from absvit.training.losses import accuracy, cross_entropy, look_twice
from absvit.training.pictures.epoch_order import updates_of_epoch
from absvit.training.problem import Problem
from absvit.training.recipe import Recipe

__all__ = [
    "CuedRecipe",
    "CuedProblem",
    "SceneBatch",
    "SceneObjective",
    "image_generator",
    "place_cues",
    "prior_weights",
]


class SceneBatch(NamedTuple):
    """One batch: images and, for both passes, the right answers.

    Parameters
    ----------
    images : (image, channel, y, x), pixels in [-1, 1].
    shown : (image, class) share of each class among the objects shown: target of the bottom-up pass.
    asked : (image, class) target of the second pass: the cued object, or what is shown where nothing is cued.
    cue_class : (image,) class that the prior cues, -1 where it cues none.
    cue_place : (image, token_y, token_x) weights in [0, 1] of a place cue; negative where there is none.
    token_class : (image, token_y, token_x) class of the object that covers most of a token, -1 on background.
    """

    images: Tensor
    shown: Tensor
    asked: Tensor
    cue_class: Tensor
    cue_place: Tensor
    token_class: Tensor


def image_generator(seed: int, index: int) -> np.random.Generator:
    """Give the source of what is asked of an image."""
    return np.random.Generator(np.random.Philox(key=[seed, index + 2**62]))


def place_cues(coverage: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Place cues, (image, token_y, token_x) in [0, 1]: the dilated object, or a spotlight near it.

    ``coverage`` is the share of each token that the cued object covers; of ``chance``, (image, 8 or more) in
    [0, 1), the numbers from the fifth to the eighth decide.
    """
    n, rows, columns = coverage.shape
    padded = np.pad(coverage > 0, ((0, 0), (1, 1), (1, 1)))
    dilated = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2)).any(axis=(-2, -1))
    y, x = np.mgrid[:rows, :columns]
    mass = coverage.sum(axis=(1, 2)) + 1e-6
    jitter = (chance[:, 5:7] - 0.5) * 3
    centre_y = (coverage * y).sum(axis=(1, 2)) / mass + jitter[:, 0]
    centre_x = (coverage * x).sum(axis=(1, 2)) / mass + jitter[:, 1]
    sd = (1.5 + 2.5 * chance[:, 7])[:, None, None]
    distance = (y - centre_y[:, None, None]) ** 2 + (x - centre_x[:, None, None]) ** 2
    spotlight = np.exp(-distance / (2 * sd**2))
    return np.where((chance[:, 4] < 0.5)[:, None, None], dilated, spotlight)


def prior_weights(model: AbSViT, tokens: Tensor, batch: SceneBatch) -> Tensor:
    """Weights (image, token) that each image's own cue gives to its tokens, default gains included.

    No gradient reaches the classifier through a cue.
    """
    by_class = (batch.cue_class >= 0)[:, None, None]
    rows = model.get_classifier().weight.detach()[batch.cue_class.clamp(min=0)][:, None]
    direction = torch.where(by_class, rows, model.prompt)
    gains = model.prior_gains
    gain = torch.where(by_class[:, :, 0], gains["class"], gains["learned"])
    cosine = cosine_weights(tokens, direction)
    match = torch.where(by_class[:, :, 0], sharpened(cosine, sharpness_of(model)), cosine)
    place = F.pad(batch.cue_place.flatten(1).clamp(min=0), (model.num_prefix_tokens, 0)) * gains["place"]
    by_place = batch.cue_place[:, :1, 0] >= 0
    return torch.where(by_place, place, gain * match)


class SceneObjective(nn.Module):
    """Loss of a model on a batch of scenes.

    Parameters
    ----------
    model : AbSViT, or a plain ViT, which has one pass only.
    smoothing : label smoothing in [0, 1).
    var_loss : weight of the decoders' reconstruction error (reference: 0.1).
    token_weight : weight of the token labels, 0 for none.
    """

    def __init__(self, model: nn.Module, smoothing: float, var_loss: float, token_weight: float) -> None:
        super().__init__()
        self.model = model
        self.smoothing = smoothing
        self.var_loss = var_loss
        self.token_weight = token_weight

    def forward(self, batch: SceneBatch) -> dict[str, Tensor]:
        """Compute the loss, and what is logged with it and carries no gradient: scalars by name."""
        if not isinstance(self.model, AbSViT):
            logits = self.model(batch.images)
            loss = cross_entropy(logits, batch.shown, self.smoothing)
            return {"loss": loss, "accuracy_pass1": accuracy(logits, batch.shown)}
        model = self.model
        seen = look_twice(model, batch.images, lambda tokens: prior_weights(model, tokens, batch))
        first = cross_entropy(seen.bottom_up, batch.shown, self.smoothing)
        second = cross_entropy(seen.top_down, batch.asked, self.smoothing)
        variational = torch.zeros_like(first)
        if self.var_loss:
            variational = self.var_loss * reconstruction_errors(model.decoders, seen.states).sum()
        labelled = self._token_loss(seen.tokens, batch) if self.token_weight else torch.zeros_like(first)
        return {
            "loss": (first + second) / 2 + variational + self.token_weight * labelled,
            "loss_pass1": first.detach(),
            "loss_pass2": second.detach(),
            "variational_loss": variational.detach(),
            "token_loss": labelled.detach(),
            "accuracy_pass1": accuracy(seen.bottom_up, batch.shown),
            "accuracy_pass2": accuracy(seen.top_down, batch.asked),
        }

    def _token_loss(self, tokens: Tensor, batch: SceneBatch) -> Tensor:
        """Cross-entropy of each patch token's own class (Jiang et al. 2021), uniform on background.

        Tokens on objects and on background count for one half each, few as the former are. Means are over the
        tokens of all ranks, whose numbers differ, so that the mean over ranks is the loss of the whole batch.
        """
        logits = self.model.get_classifier()(tokens[:, self.model.num_prefix_tokens :])
        token_class = batch.token_class.flatten(1)
        on_object = token_class >= 0
        counts = torch.stack([on_object.sum(), (~on_object).sum(), torch.ones_like(token_class[0, 0])]).float()
        counts = sum_over_ranks(counts)
        n_object, n_background = (counts[:2] / counts[2]).clamp(min=1).to(logits.dtype)  # means over ranks
        by_class = F.cross_entropy(logits[on_object], token_class[on_object], reduction="sum") / n_object
        background = -F.log_softmax(logits[~on_object], dim=-1).sum() / (n_background * logits.shape[-1])
        return (by_class + background) / 2


@dataclass(frozen=True)
class CuedRecipe(Recipe):
    """A training with cues, on images that are made of their numbers alone.

    Parameters
    ----------
    epoch_images
        Images of an "epoch".
    token_weight
        Weight of the token labels.
    """

    epochs: int = 10
    epoch_images: int = 8000
    batch_size: int = 32
    total_batch: int = 32
    opt: str = "muon"
    opt_eps: float | None = None
    opt_betas: tuple[float, float] | None = None
    lr_batch: int = 0
    min_lr: float = 0.0
    warmup_prefix: bool = True
    clip_grad: float | None = 1.0
    drop_path: float = 0.0
    model_ema: bool = False
    checkpoint_every: int = 250
    token_weight: float = 0.3


class CuedProblem(Problem):
    """Base of the problems whose images are made of their numbers alone.

    Parameters
    ----------
    recipe : what is shown and cued.
    process : this process among those that train together.
    """

    def __init__(self, recipe: CuedRecipe, process: Process) -> None:
        super().__init__(recipe, process)
        self.steps_per_epoch = updates_of_epoch(recipe.epoch_images, self.total, recipe.batch_size)

    def objective(self, model: nn.Module) -> nn.Module:
        """Both passes' cross-entropy, variational loss and token labels."""
        return SceneObjective(model, self.recipe.smoothing, self.recipe.var_loss, self.recipe.token_weight)

    def updates(self, first_step: int) -> Iterator[list[tuple]]:
        """The micro-batches of this process, update by update."""
        last = self.recipe.epochs * self.steps_per_epoch
        for step in range(first_step, last):
            first = step * self.total + self.process.rank * self.size * self.n_micro
            numbers = np.arange(first, first + self.size * self.n_micro).reshape(self.n_micro, self.size)
            yield [(self.placed(self.batch(indices, step / last)),) for indices in numbers]

    @abstractmethod
    def batch(self, indices: np.ndarray, progress: float) -> SceneBatch:
        """Make the images with the given numbers.

        Parameters
        ----------
        indices : (image,) numbers of the images in the whole training.
        progress : how far training has come, in [0, 1].
        """

    def placed(self, batch: SceneBatch) -> SceneBatch:
        """Give a batch where the process computes."""
        return SceneBatch(*(tensor.to(self.process.device) for tensor in batch))
