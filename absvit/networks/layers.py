"""The layers of a network: which modules give channels at places, and where these stand in the tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

__all__ = ["Layout", "layouts_of", "watching"]

WITH_CHANNELS_LAST = (nn.Linear, nn.LayerNorm)


@dataclass(frozen=True)
class Layout:
    """Where channels and places stand in what a layer gives.

    Parameters
    ----------
    shape : of what it gives for one image.
    channel : axis of the channels, counted with the image's as 0.
    places : axes of the places: y and x, or of the tokens alone.
    """

    shape: tuple[int, ...]
    channel: int
    places: tuple[int, ...]

    @property
    def channels(self) -> int:
        """Number of channels."""
        return self.shape[self.channel - 1]


@contextmanager
def watching(module: nn.Module, note: Callable[[str, nn.Module, tuple, object], None]) -> Iterator[None]:
    """Have the parts of a module tell, for a while, of each call: name, part, what it was given and gave."""
    with ExitStack() as hooks:
        for name, part in module.named_modules():
            if name:
                hooks.callback(part.register_forward_hook(partial(_told, note, name)).remove)
        yield


def _told(note: Callable, name: str, part: nn.Module, given: tuple, gave: object) -> None:
    note(name, part, given, gave)  # and gives nothing, which would be taken for the output


def layouts_of(module: nn.Module, look: Callable[[Tensor], Tensor], pictures: Tensor) -> dict[str, Layout]:
    """Layouts of the modules that give one float tensor with channels, once a pass, in order of computation.

    Parameters
    ----------
    module : whose parts are watched.
    look : runs it.
    pictures : (image, channel, y, x), two at least: what has another length than these is of no image.
    """
    found: dict[str, Layout | None] = {}

    def note(name: str, kind: nn.Module, output: object) -> None:
        found[name] = None if name in found else _layout(kind, output, pictures)

    with watching(module, lambda name, part, given, gave: note(name, part, gave)), torch.no_grad():
        look(pictures)
    return {name: layout for name, layout in found.items() if layout is not None}


def _layout(kind: nn.Module, output: object, pictures: Tensor) -> Layout | None:
    """The layout of a tensor, or None of what has no channels at places."""
    if not isinstance(output, Tensor) or not output.is_floating_point() or len(output) != len(pictures):
        return None
    shape = tuple(output.shape[1:])
    if len(shape) == 2:
        return Layout(shape, 2, (1,))
    if len(shape) != 3:
        return None
    first, last = (_alike(places, pictures.shape[-2:]) for places in (shape[1:], shape[:2]))
    if last and (not first or isinstance(kind, WITH_CHANNELS_LAST)):
        return Layout(shape, 3, (1, 2))
    return Layout(shape, 1, (2, 3)) if first else None


def _alike(places: tuple[int, ...], size: tuple[int, ...]) -> bool:
    """Whether rows and columns of places may be those of a picture: the same stride down and across."""
    strides = [math.log(pixels / n) for pixels, n in zip(size, places, strict=True)]
    return min(places) == 1 == max(places) or abs(strides[0] - strides[1]) < math.log(1 + 1.01 / min(places))
