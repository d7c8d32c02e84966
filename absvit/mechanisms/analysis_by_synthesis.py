"""Feedback: AbSViT as one mechanism among others; a plain ViT is lifted to one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from torch import Tensor

from absvit.mechanisms.mechanism import Mechanism, Told
from absvit.mechanisms.vit_host import grid_of, kind_of
from absvit.models.absvit import AbSViT
from absvit.models.course import Course, follow
from absvit.models.lifting import topdown_from
from absvit.models.perceive import RECORDABLE, perceive
from absvit.models.priors import Prior
from absvit.models.priors.base import WrappedPrior
from absvit.models.trajectory import Trajectory
from absvit.models.vit_pass import VITS

if TYPE_CHECKING:
    from absvit.networks.network import Network

__all__ = ["FEEDBACK", "FeedbackMechanism"]

UNTRAINED = "those of topdown_from: the feedback of no prior changes anything until they are trained"


@dataclass(frozen=True)
class FeedbackMechanism(Mechanism):
    """The output tokens, weighted by a prior, are fed back to the values of every block's attention: AbSViT.

    Iteration t weights the tokens of pass t - 1 by dose times match, sends them down the decoders, and runs
    the blocks again (Shi et al. 2023, section 3.3; :func:`absvit.perceive`). A LearnedPrior is the model's own
    prompt, and is fed back as any other: it is what an AbSViT does where nothing is cued.

    A plain ViT is lifted (:func:`absvit.topdown_from`). Its decoders start at 0, so that **no prior changes
    anything until they are trained**; ``facts`` of what looks say so.

    Parameters
    ----------
    strength : None for the gains that priors are given and, where they are given none, the model's own
        default gains of their kinds; else the dose of a prior is strength times its gain, or 1.
    """

    source = "Shi, Darrell and Wang 2023, CVPR, section 3.3: top-down attention from analysis by synthesis"
    kinds = ("class", "vector", "place", "any")

    strength: float | None = None

    def dose(self, prior: Prior) -> float:
        """Give strength, or 1, times the gain of a prior that is no product: 1, where it has none."""
        return super().dose(prior) if self.strength is not None else replace(self, strength=1.0).dose(prior)

    def acts(self, prior: Prior) -> bool:
        """Say whether anything is fed back: a learned prompt is, as what is cued."""
        return all(self.dose(part) != 0 for part in prior.parts)

    def dosed(self, prior: Prior) -> Prior:
        """Give a prior whose gains are the doses; where strength is None, they are."""
        return prior if self.strength is None else _Dosed(prior, self.strength)

    def on(self, network: Network) -> Told:
        """Let an AbSViT look by it, or any ViT that can be lifted to one."""
        model, facts = _with_feedback(network, self.name)
        if self.strength is not None:
            model = copy.copy(model)  # of the same weights
            model.prior_gains = {}
        return Told(
            replace(network, module=model, classify=partial(_bottom_up, model)),
            self,
            partial(_look, self, model),
            ("learned", *self.kinds),
            grid=grid_of(network),
            records=tuple(name for name in RECORDABLE if name != "class_attention" or model.has_class_token),
            layers=len(model.blocks),
            width=model.embed_dim,
            gains=model.prior_gains,
            course=partial(_course, self, model),
            facts=facts,
        )


@dataclass(frozen=True, eq=False)
class _Dosed(WrappedPrior):
    """A prior with the doses of a mechanism for gains."""

    strength: float

    def weigh(self, tokens: Tensor, model: AbSViT) -> Tensor:
        return self.prior.weigh(tokens, model, lambda match, gain: self.strength * gain * match)

    def for_images(self, chosen: slice) -> _Dosed:
        return _Dosed(self.prior.for_images(chosen), self.strength)


def _with_feedback(network: Network, mechanism: str) -> tuple[AbSViT, dict[str, str]]:
    """The AbSViT that a network is, or is lifted to, and what is to be said of its decoders."""
    if isinstance(network.module, AbSViT):
        return network.module, {}
    if type(network.module) not in VITS:
        raise ValueError(
            f"{mechanism} needs an AbSViT, or a timm VisionTransformer to be lifted to one, and "
            f"{network.name} is {kind_of(network)}: choose such a network, or another mechanism"
        )
    return topdown_from(network.module), {"decoders": UNTRAINED}


def _bottom_up(model: AbSViT, images: Tensor) -> Tensor:
    return _looked(model, images, None, 0, ()).logits[0, 0]


def _look(
    mechanism: FeedbackMechanism,
    model: AbSViT,
    images: Tensor,
    priors: Sequence[Prior],
    iterations: int,
    record: Sequence[str],
) -> Trajectory:
    told = [mechanism.dosed(prior) for prior in priors]
    return _looked(model, images.to(model.prompt.device), told or None, iterations, record)


def _looked(model: AbSViT, images: Tensor, priors, iterations: int, record: Sequence[str]) -> Trajectory:
    """As perceive; all tokens of the first pass go to the top, whether another follows or not: the same bits."""
    seen = perceive(model, images, priors, iterations, record if iterations else {*record, "tokens"})
    return seen if "tokens" in record else replace(seen, tokens=None)


def _course(
    mechanism: FeedbackMechanism, model: AbSViT, pictures: Sequence[Tensor], prior_at: Callable[..., Prior], *how
) -> Course:
    """As :func:`absvit.follow`, with doses for gains."""
    pictures = [images.to(model.prompt.device) for images in pictures]
    return follow(model, pictures, lambda *at: mechanism.dosed(prior_at(*at)), *how)


FEEDBACK = FeedbackMechanism("feedback", "what matches a cue is fed back to the values of all blocks")
