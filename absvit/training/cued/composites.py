"""The task of the hybrid recipes: composites of labelled pictures, seen through features that are computed once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from absvit.data.datasets import open_dataset
from absvit.data.picture_identity import contents
from absvit.distributed import Process, sum_over_ranks, told_by_first
from absvit.models import AbSViT, zoo
from absvit.models.perceive import evaluating
from absvit.models.zoo.stem import CHANNELS, STRIDE, stem_from
from absvit.training.classification import Classification
from absvit.training.cued import composite_plan
from absvit.training.cued import feature_cache as features
from absvit.training.cued.composite_cues import CHANCES, CuedComposites
from absvit.training.cued.composite_plan import KINDS
from absvit.training.cued.scenes import SceneBatch
from absvit.training.losses import SceneObjective, look_twice, prior_weights
from absvit.training.pictures.epoch_order import updates_of_epoch
from absvit.training.recipe import HybridRecipe

__all__ = ["CompositeTask"]


class CompositeTask(Classification):
    """Composites of the training pictures of a data set, a part of which is held out.

    What is missing of the feature cache is computed when the task is opened.

    Parameters
    ----------
    recipe : which data set, what is composed and cued.
    data_path : folder of the data set, whose training split is used.
    feature_cache : folder of the features.
    process : this process among those that train together.
    shares : images that go through the model at once, and how many such batches are this process's part of an update.

    Raises
    ------
    FileNotFoundError, ValueError : data set, stem or cache are not as they should be.
    """

    def __init__(
        self, recipe: HybridRecipe, data_path: Path, feature_cache: Path, process: Process, shares: tuple[int, int]
    ) -> None:
        self.recipe, self.process, self.folder = recipe, process, Path(data_path).resolve().name
        self.size, self.n_micro = shares
        self.total = self.size * self.n_micro * process.world_size
        self.steps_per_epoch = updates_of_epoch(recipe.epoch_images, self.total, recipe.batch_size)
        pictures = open_dataset(recipe.data_set, data_path, "train")
        self.classes, self.unreadable = pictures.classes, 0
        self.made = composite_plan.plan(recipe.composites, pictures.targets, len(self.classes))
        stem, pixels = stem_from("pretrained"), zoo.preprocessing(recipe.model)
        side, seed = recipe.input_size, recipe.composites.composition_seed
        transform = {"size": side, "interpolation": "bicubic", "mean": pixels["mean"], "std": pixels["std"]}
        self._facts = {
            "stem": stem.sha256, "transform": transform, "pictures": pictures.fingerprint(),
            "contents": told_by_first(lambda: contents(pictures)), "made_of": asdict(recipe.composites),
        }  # fmt: skip
        shape = (CHANNELS, side // STRIDE, side // STRIDE)
        self.cache = features.open_cache(feature_cache, self._facts, len(self.made), shape, process)

        def draw(number: int) -> np.ndarray:
            return composite_plan.draw(number, self.made, side, seed, pictures.read)

        features.build(self.cache, stem.to(process.device), draw, process, pixels["mean"], pixels["std"])
        self.cued = CuedComposites(recipe.cues, self.made, self.cache, len(self.classes))

    def facts(self) -> dict:
        """What tells these data from others."""
        return {"updates of an epoch": self.steps_per_epoch, **self._facts}

    def objective(self, model: nn.Module) -> nn.Module:
        """Both passes' cross-entropy, variational loss and token labels.

        Parameters
        ----------
        model : takes features.
        """
        return SceneObjective(model, self.recipe.smoothing, self.recipe.var_loss, self.recipe.token_weight)

    def updates(self, first_step: int) -> Iterator[list[tuple]]:
        """The micro-batches of this process, update by update.

        Parameters
        ----------
        first_step : number of the first update.
        """
        for step in range(first_step, self.recipe.epochs * self.steps_per_epoch):
            first = step * self.total + self.process.rank * self.size * self.n_micro
            numbers = np.arange(first, first + self.size * self.n_micro).reshape(self.n_micro, self.size)
            yield [(self._placed(self.cued.batch(indices, self.recipe.seed)),) for indices in numbers]

    def _placed(self, batch: SceneBatch) -> SceneBatch:
        return SceneBatch(*(tensor.to(self.process.device) for tensor in batch))

    def evaluate(self, models: Sequence[nn.Module]) -> list[dict[str, float]]:
        """Measure on the composites that are held out.

        Parameters
        ----------
        models : the models, left in the mode that they were in.

        Returns
        -------
        For each model n, top1_pass1 and, with feedback, top1_pass2 on whole pictures; on halves, with either class
        cued at the default gain: selection, the probability of the cued class, and how often both cues decide; empty
        where nothing is held out.
        """
        return [self._measured(model) for model in models]

    def _measured(self, model: nn.Module) -> dict[str, float]:
        """Measures of one model by name."""
        whole, halves = (np.flatnonzero(self.made.kind == KINDS.index(f"held-out {k}")) for k in ("whole", "halves"))
        if not len(whole):
            return {}
        with torch.inference_mode(), evaluating(model):
            right = sum_over_ranks(self._summed(self._right_answers, model, whole, 2)).tolist()
            right = right if isinstance(model, AbSViT) else right[:1]
            measured = {"n": len(whole)} | {f"top1_pass{k}": count / len(whole) for k, count in enumerate(right, 1)}
            if isinstance(model, AbSViT):
                own, other, decided = sum_over_ranks(self._summed(self._steering, model, halves, 3)).tolist()
                measured |= {
                    "halves_selection": own / (own + other),
                    "halves_p_cued": own / (2 * len(halves)),
                    "halves_both_decide": decided / len(halves),
                }
        return measured

    def _summed(self, measure: Callable, model: nn.Module, numbers: np.ndarray, n: int) -> Tensor:
        """Sums (n,) of a measure over this process's share in some composites, which may be none, in parts of 50."""
        own = numbers[self.process.rank :: self.process.world_size]
        parts = np.array_split(own, max(1, len(own) // 50)) if len(own) else []
        none = torch.zeros(n, dtype=self.process.exact, device=self.process.device)
        return sum((measure(model, part) for part in parts), none)

    def _answers(self, model: nn.Module, numbers: np.ndarray, asked: int, cued: int) -> list[Tensor]:
        """Logits of each pass over composites, (image, class)."""
        chance = np.zeros((len(numbers), CHANCES))
        chance[:, 1] = cued / 2
        batch = self._placed(self.cued.answer(numbers, np.full(len(numbers), asked), chance))
        if not isinstance(model, AbSViT):
            return [model(batch.images)]
        seen = look_twice(model, batch.images, lambda tokens: prior_weights(model, tokens, batch))
        return [seen.bottom_up, seen.top_down]

    def _right_answers(self, model: nn.Module, whole: np.ndarray) -> Tensor:
        """Number of pictures that each pass gets right, (pass,)."""
        target = torch.from_numpy(self.made.target[whole, 0]).to(self.process.device)
        return torch.stack([(logits.argmax(1) == target).sum() for logits in self._answers(model, whole, 0, 0)])

    def _steering(self, model: AbSViT, halves: np.ndarray) -> Tensor:
        """Sums over halves, both cues: probability of the cued and of the other class, and where both cues decide."""
        target = torch.from_numpy(self.made.target[halves, :2]).to(self.process.device)
        answers = [self._answers(model, halves, 2, cued)[1].softmax(1).gather(1, target) for cued in (0, 1)]
        own, other = (torch.stack([answers[0][:, k], answers[1][:, 1 - k]]) for k in (0, 1))
        return torch.stack([own.sum(), other.sum(), (own > other).all(0).sum()])
