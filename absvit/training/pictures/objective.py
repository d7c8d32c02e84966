"""What a training on pictures minimises: cross-entropies, variational loss, a teacher's answers."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from absvit.models.absvit import AbSViT
from absvit.models.feedback import reconstruction_errors
from absvit.training.losses import accuracy, cross_entropy, look_twice

__all__ = ["PictureObjective", "Teacher"]


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
        tau^2 KL(teacher, model) / (image * class), as the official code normalises it, or the cross-entropy
        with the teacher's answers.
        """
        if self.kind == "hard":
            return F.cross_entropy(logits, taught.argmax(1))
        log_p, log_q = F.log_softmax(logits / self.tau, 1), F.log_softmax(taught / self.tau, 1)
        return F.kl_div(log_p, log_q, reduction="sum", log_target=True) * self.tau**2 / logits.numel()


class PictureObjective(nn.Module):
    """Loss of a model on labelled pictures (Shi et al. 2023, section 3.4).

    (L(pass 1) + L(pass 2)) / 2 + var_loss * reconstruction error; L is the cross-entropy, and with a teacher
    (1 - alpha) of it and alpha of the teacher's. A plain ViT has L of its one pass. Patch-augmented copies
    are seen in a second look whose whole loss counts as much as the first's.

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
        """Compute the loss, and what is logged with it and carries no gradient: scalars by name.

        Images are normalised, targets (image, class) sum to 1; ``patch_images`` are the images with augmented
        patches.
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
            return {"loss": self._against(logits, target, taught), "accuracy_pass1": accuracy(logits, target)}
        seen = look_twice(self.model, images)
        first = self._against(seen.bottom_up, target, taught)
        second = self._against(seen.top_down, target, taught)
        variational = self.var_loss * reconstruction_errors(self.model.decoders, seen.states).sum()
        return {
            "loss": (first + second) / 2 + variational,
            "loss_pass1": first.detach(),
            "loss_pass2": second.detach(),
            "variational_loss": variational.detach(),
            "accuracy_pass1": accuracy(seen.bottom_up, target),
            "accuracy_pass2": accuracy(seen.top_down, target),
        }

    def _against(self, logits: Tensor, target: Tensor, taught: Tensor | None) -> Tensor:
        """Loss of one pass against labels and teacher."""
        loss = cross_entropy(logits, target, self.smoothing)
        if taught is None:
            return loss
        alpha = self.teacher.alpha
        return (1 - alpha) * loss + alpha * self.teacher.loss(logits, taught)
