"""What trainings on cached composites have in common: batches, and measures of what is held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from absvit.distributed import sum_over_ranks
from absvit.models import AbSViT
from absvit.models.perceive import evaluating
from absvit.training.cued.batch import CuedProblem, SceneBatch, prior_weights
from absvit.training.cued.composite_cues import CHANCES, CuedComposites
from absvit.training.cued.composite_plan import KINDS, Plan
from absvit.training.losses import look_twice

__all__ = ["CachedProblem"]

HELD_OUT = ("whole", "halves", "overlays")


class CachedProblem(CuedProblem):
    """Base of the problems on composites whose features are cached.

    Subclasses set ``made``, what the composites show, ``cued``, batches of them, and ``_facts``, what tells
    them from others.
    """

    made: Plan
    cued: CuedComposites
    _facts: dict

    def facts(self) -> dict:
        """What tells these data from others."""
        return {"updates of an epoch": self.steps_per_epoch, **self._facts}

    def batch(self, indices: np.ndarray, progress: float) -> SceneBatch:
        """Compose the images of these numbers in the whole training; ``progress`` changes nothing here."""
        return self.cued.batch(indices, self.recipe.seed)

    def evaluate(self, models: Sequence[nn.Module]) -> list[dict[str, float]]:
        """Measure on the composites that are held out.

        For each model n, top1_pass1 and, with feedback, top1_pass2 on whole pictures; on halves, with either
        class cued at the default gain: selection, the probability of the cued class, and how often both cues
        decide, and the same on overlays where there are some; empty where nothing is held out.
        """
        return [self._measured(model) for model in models]

    def _measured(self, model: nn.Module) -> dict[str, float]:
        """Measures of one model by name."""
        kinds = [KINDS.index(f"held-out {kind}") for kind in HELD_OUT]
        whole, *together = (np.flatnonzero(self.made.kind == kind) for kind in kinds)
        if not len(whole):
            return {}
        with torch.inference_mode(), evaluating(model):
            right = sum_over_ranks(self._summed(self._right_answers, model, whole, 2)).tolist()
            right = right if isinstance(model, AbSViT) else right[:1]
            measured = {"n": len(whole)} | {f"top1_pass{k}": count / len(whole) for k, count in enumerate(right, 1)}
            for name, pairs in zip(HELD_OUT[1:], together, strict=True):
                if not isinstance(model, AbSViT) or not len(pairs):
                    continue
                own, other, decided = sum_over_ranks(self._summed(self._steering, model, pairs, 3)).tolist()
                measured |= {
                    f"{name}_selection": own / (own + other),
                    f"{name}_p_cued": own / (2 * len(pairs)),
                    f"{name}_both_decide": decided / len(pairs),
                }
        return measured

    def _summed(self, measure: Callable, model: nn.Module, numbers: np.ndarray, n: int) -> Tensor:
        """Sums (n,) of a measure over this process's share, which may be none, in composites, 50 at a time."""
        own = numbers[self.process.rank :: self.process.world_size]
        parts = np.array_split(own, max(1, len(own) // 50)) if len(own) else []
        none = torch.zeros(n, dtype=self.process.exact, device=self.process.device)
        return sum((measure(model, part) for part in parts), none)

    def _answers(self, model: nn.Module, numbers: np.ndarray, asked: int, cued: int) -> list[Tensor]:
        """Logits of each pass over composites, (image, class)."""
        chance = np.zeros((len(numbers), CHANCES))
        chance[:, 1] = cued / 2
        batch = self.placed(self.cued.answer(numbers, np.full(len(numbers), asked), chance))
        if not isinstance(model, AbSViT):
            return [model(batch.images)]
        seen = look_twice(model, batch.images, lambda tokens: prior_weights(model, tokens, batch))
        return [seen.bottom_up, seen.top_down]

    def _right_answers(self, model: nn.Module, whole: np.ndarray) -> Tensor:
        """Number of pictures that each pass gets right, (pass,)."""
        target = torch.from_numpy(self.made.target[whole, 0]).to(self.process.device)
        return torch.stack([(logits.argmax(1) == target).sum() for logits in self._answers(model, whole, 0, 0)])

    def _steering(self, model: AbSViT, pairs: np.ndarray) -> Tensor:
        """Sums over pairs, both cues: probabilities of cued and other class, and where both cues decide."""
        target = torch.from_numpy(self.made.target[pairs, :2]).to(self.process.device)
        answers = [self._answers(model, pairs, 2, cued)[1].softmax(1).gather(1, target) for cued in (0, 1)]
        own, other = (torch.stack([answers[0][:, k], answers[1][:, 1 - k]]) for k in (0, 1))
        return torch.stack([own.sum(), other.sum(), (own > other).all(0).sum()])
