"""What a network made of the last pictures, so that something else that is looked for costs no new pass."""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor, nn

__all__ = ["Memory", "with_memory"]

Made = TypeVar("Made")


class Memory:
    """Results by picture: of the latest few batches of images, whatever was made of each.

    It knows nothing of weights: it belongs to one network, whose weights stay as they are.

    Parameters
    ----------
    batches : how many are kept, at least 1.
    """

    def __init__(self, batches: int = 1) -> None:
        if batches < 1:
            raise ValueError(f"a memory keeps at least 1 batch of images, got {batches}")
        self.batches = batches
        self._kept: list[tuple[Tensor, dict[Hashable, object]]] = []

    def __call__(self, what: Hashable, images: Tensor, make: Callable[[], Made]) -> Made:
        """Give what was made of images, or make it and keep it; nothing is kept of images that need gradients.

        Parameters
        ----------
        what : its name.
        images : (image, channel, y, x); the same are those with the same numbers.
        make : makes it. Nobody may change in place what it gives.
        """
        if images.requires_grad:
            return make()
        made = self._of(images)
        if what not in made:
            made[what] = make()
        return made[what]

    def _of(self, images: Tensor) -> dict[Hashable, object]:
        """What was made of images so far; they are the latest from now on."""
        number = next((k for k, (kept, _) in enumerate(self._kept) if _same(kept, images)), None)
        entry = (images.clone(), {}) if number is None else self._kept.pop(number)
        self._kept = [*self._kept, entry][-self.batches :]
        return entry[1]


def _same(kept: Tensor, images: Tensor) -> bool:
    alike = kept.shape == images.shape and kept.dtype == images.dtype and kept.device == images.device
    return alike and torch.equal(kept, images)


def with_memory(module: nn.Module, part: str, memory: Memory) -> nn.Module:
    """Copy a module, weights shared, so that one of its parts recalls what it gave for the same images.

    Parameters
    ----------
    module : stays as it is.
    part : name of a part that is given images alone, such as ``patch_embed``.
    memory : where this is kept.
    """
    copied, recalling = copy.copy(module), copy.copy(getattr(module, part))
    forward = recalling.forward
    recalling.forward = lambda images: memory(part, images, partial(forward, images))
    copied._modules = {**module._modules, part: recalling}
    return copied
