"""What a segmentation training minimises: cross-entropy of every pixel, read out by two heads."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from absvit.models.feedback import reconstruction_errors
from absvit.segmentation.classes import IGNORED
from absvit.segmentation.segmenter import Segmenter

__all__ = ["SegmentationObjective", "pixel_cross_entropy"]


def pixel_cross_entropy(logits: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
    """Cross-entropy summed over the pixels that count, over the number of all pixels, as mmseg averages it.

    The mean over processes is then the loss of all images together, however many pixels of each count. Logits
    are (image, class, y, x), labels int64, 255 where a pixel does not count; smoothing in [0, 1).
    """
    total = F.cross_entropy(
        logits.float(), labels, ignore_index=IGNORED, reduction="sum", label_smoothing=smoothing
    )  # fmt: skip
    return total / labels.numel()


class SegmentationObjective(nn.Module):
    """Loss of a segmenter (Shi et al. 2023, section 4.3): UPerNet's head plus the auxiliary head.

    An AbSViT is read in its second pass; with ``pass1_weight`` w the loss is (1 - w) of that and w of the
    first.

    Parameters
    ----------
    model : the segmenter.
    auxiliary_weight : weight of the auxiliary head (reference: 0.4).
    pass1_weight : share in [0, 1) of the bottom-up pass (reference: 0).
    smoothing : label smoothing in [0, 1).
    var_loss : weight of the decoders' reconstruction error (reference: 0).
    """

    def __init__(
        self,
        model: Segmenter,
        auxiliary_weight: float = 0.4,
        pass1_weight: float = 0.0,
        smoothing: float = 0.0,
        var_loss: float = 0.0,
    ) -> None:
        super().__init__()
        self.model, self.auxiliary_weight, self.pass1_weight = model, auxiliary_weight, pass1_weight
        self.smoothing, self.var_loss = smoothing, var_loss

    def forward(self, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Compute the loss, and what is logged with it and carries no gradient: scalars by name.

        Labels are (image, y, x) int64, 255 where a pixel does not count.
        """
        model, size = self.model, tuple(labels.shape[-2:])
        passes = model.states(images)
        maps, states = passes[-1]
        logits = model.read(model.decode_head, maps, size)
        head = pixel_cross_entropy(logits, labels, self.smoothing)
        auxiliary = pixel_cross_entropy(model.read(model.auxiliary_head, maps[-1], size), labels, self.smoothing)
        loss = head + self.auxiliary_weight * auxiliary
        told = {"loss_head": head, "loss_auxiliary": auxiliary}
        if self.pass1_weight:
            first = pixel_cross_entropy(model.read(model.decode_head, passes[0][0], size), labels, self.smoothing)
            loss = (1 - self.pass1_weight) * loss + self.pass1_weight * first
            told["loss_pass1"] = first
        if self.var_loss:
            told["variational_loss"] = self.var_loss * reconstruction_errors(model.backbone.decoders, states).sum()
            loss = loss + told["variational_loss"]
        counted = labels != IGNORED
        right = (logits.argmax(1) == labels) & counted
        told["accuracy"] = right.sum() / counted.sum().clamp(min=1)
        return {"loss": loss} | {name: value.detach().float() for name, value in told.items()}
