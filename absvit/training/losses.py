"""What training minimises: cross-entropy of both passes, the variational loss, token labels or a teacher's answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from absvit.distributed import sum_over_ranks
from absvit.models.absvit import AbSViT, cosine_weights
from absvit.models.feedback import reconstruction_errors
from absvit.training.cued.scenes import SceneBatch

__all__ = ["Passes", "PictureObjective", "SceneObjective", "Teacher", "cross_entropy", "look_twice", "prior_weights"]


class Passes(NamedTuple):
    """Both passes over a batch.

    Parameters
    ----------
    bottom_up : (image, class) logits of the bottom-up pass.
    top_down : (image, class) logits of the second pass.
    tokens : (image, token, channel) output of the bottom-up pass after the final norm.
    states : tokens entering each block in the second pass and, last, leaving the last one.
    """

    bottom_up: Tensor
    top_down: Tensor
    tokens: Tensor
    states: list[Tensor]


def look_twice(model: AbSViT, images: Tensor, weigh: Callable[[Tensor], Tensor] | None = None) -> Passes:
    """Run both passes so that gradients flow through them (Shi et al. 2023, section 3.3).

    Parameters
    ----------
    model : AbSViT.
    images : (image, channel, y, x), normalised.
    weigh : gives the prior's weights (image, token) for the bottom-up tokens; the learned prompt's if left out.
    """
    embedded = model.embed(images)
    tokens = model.norm(model.ascend(embedded)[-1])
    weights = cosine_weights(tokens, model.prompt) if weigh is None else weigh(tokens)
    states = model.ascend(embedded, model.descend(tokens * weights.unsqueeze(-1)))
    return Passes(model.forward_head(tokens), model.forward_head(model.norm(states[-1])), tokens, states)


def cross_entropy(logits: Tensor, target: Tensor, smoothing: float = 0.0) -> Tensor:
    """Mean cross-entropy with soft targets and label smoothing (Szegedy et al. 2016).

    Parameters
    ----------
    logits : (..., class).
    target : (..., class), sums to 1 over classes.
    smoothing : share in [0, 1) of the target that is spread over all classes.
    """
    target = target * (1 - smoothing) + smoothing / logits.shape[-1]
    return -(target * F.log_softmax(logits, dim=-1)).sum(-1).mean()


def prior_weights(model: AbSViT, tokens: Tensor, batch: SceneBatch) -> Tensor:
    """Weights that each image's own cue gives to its tokens, default gains included.

    Parameters
    ----------
    model : gives prompt, classifier and gains; no gradient reaches the classifier through a cue.
    tokens : (image, token, channel) output of the bottom-up pass.
    batch : the cues.

    Returns
    -------
    (image, token)
    """
    by_class = (batch.cue_class >= 0)[:, None, None]
    rows = model.get_classifier().weight.detach()[batch.cue_class.clamp(min=0)][:, None]
    direction = torch.where(by_class, rows, model.prompt)
    gains = model.prior_gains
    gain = torch.where(by_class[:, :, 0], gains["class"], gains["learned"])
    place = F.pad(batch.cue_place.flatten(1).clamp(min=0), (model.num_prefix_tokens, 0)) * gains["place"]
    by_place = batch.cue_place[:, :1, 0] >= 0
    return torch.where(by_place, place, gain * cosine_weights(tokens, direction))


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
        """Compute the loss and what is logged with it.

        Parameters
        ----------
        batch : images, cues and targets.

        Returns
        -------
        Scalars by name; ``loss`` is to be minimised, the others carry no gradient.
        """
        if not isinstance(self.model, AbSViT):
            logits = self.model(batch.images)
            loss = cross_entropy(logits, batch.shown, self.smoothing)
            return {"loss": loss, "accuracy_pass1": _accuracy(logits, batch.shown)}
        model = self.model
        seen = look_twice(model, batch.images, lambda tokens: prior_weights(model, tokens, batch))
        first = cross_entropy(seen.bottom_up, batch.shown, self.smoothing)
        second = cross_entropy(seen.top_down, batch.asked, self.smoothing)
        variational = self.var_loss * reconstruction_errors(model.decoders, seen.states).sum()
        labelled = self._token_loss(seen.tokens, batch) if self.token_weight else torch.zeros_like(first)
        return {
            "loss": (first + second) / 2 + variational + self.token_weight * labelled,
            "loss_pass1": first.detach(),
            "loss_pass2": second.detach(),
            "variational_loss": variational.detach(),
            "token_loss": labelled.detach(),
            "accuracy_pass1": _accuracy(seen.bottom_up, batch.shown),
            "accuracy_pass2": _accuracy(seen.top_down, batch.asked),
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


class Teacher(nn.Module):
    """A trained network that the model learns from (Touvron et al. 2021, section 4).

    Parameters
    ----------
    network : any classifier with the model's classes; it does not learn.
    kind : "soft", its probabilities at a temperature, or "hard", its answers.
    alpha : share in [0, 1] of the teacher in the loss.
    tau : temperature of the soft kind.
    scale, shift : (channel,) what turns the model's normalised pixels into the teacher's.
    """

    def __init__(
        self, network: nn.Module, kind: Literal["soft", "hard"], alpha: float, tau: float, scale: Tensor, shift: Tensor
    ) -> None:
        super().__init__()
        self.network = network.eval().requires_grad_(False)
        self.kind, self.alpha, self.tau = kind, alpha, tau
        self.register_buffer("scale", scale.view(-1, 1, 1))
        self.register_buffer("shift", shift.view(-1, 1, 1))

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """The teacher's logits.

        Parameters
        ----------
        images : (image, channel, y, x), normalised for the model.

        Returns
        -------
        (image, class)
        """
        return self.network.eval()(images * self.scale + self.shift)

    def loss(self, logits: Tensor, taught: Tensor) -> Tensor:
        """How far the model is from its teacher.

        Parameters
        ----------
        logits : (image, class) of the model.
        taught : (image, class) of the teacher.

        Returns
        -------
        tau^2 KL(teacher, model) / (image * class), as the official code normalises it, or the cross-entropy with the
        teacher's answers.
        """
        if self.kind == "hard":
            return F.cross_entropy(logits, taught.argmax(1))
        log_p, log_q = F.log_softmax(logits / self.tau, 1), F.log_softmax(taught / self.tau, 1)
        return F.kl_div(log_p, log_q, reduction="sum", log_target=True) * self.tau**2 / logits.numel()


class PictureObjective(nn.Module):
    """Loss of a model on labelled pictures (Shi et al. 2023, section 3.4).

    (L(pass 1) + L(pass 2)) / 2 + var_loss * reconstruction error; L is the cross-entropy, and with a teacher
    (1 - alpha) of it and alpha of the teacher's. A plain ViT has L of its one pass. Patch-augmented copies are
    seen in a second look whose whole loss counts as much as the first's.

    Parameters
    ----------
    model : AbSViT, or a plain ViT.
    smoothing : label smoothing in [0, 1).
    var_loss : weight of the decoders' reconstruction error (reference: 0.1).
    teacher : what to learn from besides the labels.
    """

    def __init__(self, model: nn.Module, smoothing: float, var_loss: float, teacher: Teacher | None = None) -> None:
        super().__init__()
        self.model = model
        self.smoothing = smoothing
        self.var_loss = var_loss
        self.teacher = teacher

    def forward(self, images: Tensor, target: Tensor, patch_images: Tensor | None = None) -> dict[str, Tensor]:
        """Compute the loss and what is logged with it.

        Parameters
        ----------
        images : (image, channel, y, x), normalised.
        target : (image, class), sums to 1 over classes.
        patch_images : (image, channel, y, x) the same images with augmented patches, or None.

        Returns
        -------
        Scalars by name; ``loss`` is to be minimised, the others carry no gradient.
        """
        losses = self._look(images, target)
        if patch_images is not None:
            again = self._look(patch_images, target)["loss"]
            losses |= {"loss": (losses["loss"] + again) / 2, "loss_patches": again.detach()}
        return losses

    def _look(self, images: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Loss of one look at the images."""
        taught = None if self.teacher is None else self.teacher(images)
        if not isinstance(self.model, AbSViT):
            logits = self.model(images)
            return {"loss": self._against(logits, target, taught), "accuracy_pass1": _accuracy(logits, target)}
        seen = look_twice(self.model, images)
        first = self._against(seen.bottom_up, target, taught)
        second = self._against(seen.top_down, target, taught)
        variational = self.var_loss * reconstruction_errors(self.model.decoders, seen.states).sum()
        return {
            "loss": (first + second) / 2 + variational,
            "loss_pass1": first.detach(),
            "loss_pass2": second.detach(),
            "variational_loss": variational.detach(),
            "accuracy_pass1": _accuracy(seen.bottom_up, target),
            "accuracy_pass2": _accuracy(seen.top_down, target),
        }

    def _against(self, logits: Tensor, target: Tensor, taught: Tensor | None) -> Tensor:
        """Loss of one pass against labels and teacher."""
        loss = cross_entropy(logits, target, self.smoothing)
        if taught is None:
            return loss
        alpha = self.teacher.alpha
        return (1 - alpha) * loss + alpha * self.teacher.loss(logits, taught)


def _accuracy(logits: Tensor, target: Tensor) -> Tensor:
    """Share of images whose most probable class is one of the (most) asked-for ones."""
    hit = target.gather(1, logits.argmax(1, keepdim=True)) >= target.amax(1, keepdim=True)
    return hit.float().mean().detach()
