"""What training minimises: cross-entropy of both passes, the variational loss, and token labels where given."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from absvit.distributed import sum_over_ranks
from absvit.models.absvit import AbSViT, cosine_weights
from absvit.models.feedback import reconstruction_errors
from absvit.training.scenes import SceneBatch

__all__ = ["SceneObjective", "cross_entropy", "prior_weights"]


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
    variational_weight : weight of the decoders' reconstruction error (reference: 0.1).
    token_weight : weight of the token labels, 0 for none.
    """

    def __init__(self, model: nn.Module, smoothing: float, variational_weight: float, token_weight: float) -> None:
        super().__init__()
        self.model = model
        self.smoothing = smoothing
        self.variational_weight = variational_weight
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
        embedded = model.embed(batch.images)
        tokens = model.norm(model.ascend(embedded)[-1])
        weights = prior_weights(model, tokens, batch)
        states = model.ascend(embedded, model.descend(tokens * weights.unsqueeze(-1)))
        bottom_up, top_down = model.forward_head(tokens), model.forward_head(model.norm(states[-1]))
        first = cross_entropy(bottom_up, batch.shown, self.smoothing)
        second = cross_entropy(top_down, batch.asked, self.smoothing)
        variational = self.variational_weight * reconstruction_errors(model.decoders, states).sum()
        labelled = self._token_loss(tokens, batch) if self.token_weight else torch.zeros_like(first)
        return {
            "loss": (first + second) / 2 + variational + self.token_weight * labelled,
            "loss_pass1": first.detach(),
            "loss_pass2": second.detach(),
            "variational_loss": variational.detach(),
            "token_loss": labelled.detach(),
            "accuracy_pass1": _accuracy(bottom_up, batch.shown),
            "accuracy_pass2": _accuracy(top_down, batch.asked),
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


def _accuracy(logits: Tensor, target: Tensor) -> Tensor:
    """Share of images whose most probable class is one of the (most) asked-for ones."""
    hit = target.gather(1, logits.argmax(1, keepdim=True)) >= target.amax(1, keepdim=True)
    return hit.float().mean().detach()
