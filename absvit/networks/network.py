"""A network: a classifier of images, and what is known of it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from numbers import Integral

import torch
from torch import Tensor, nn

from absvit.models.absvit import AbSViT
from absvit.models.checkpoints import identity
from absvit.models.class_names import named, own_names
from absvit.models.perceive import evaluating
from absvit.networks.layers import Layout, layouts_of
from absvit.networks.memory import Made, Memory, with_memory
from absvit.networks.readout import Readout, find_readout

__all__ = ["Network", "layer_named", "network_of"]

PLAIN_MEAN, PLAIN_STD = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Network:
    """A classifier of images, and what is known of it; :func:`network_of` makes one.

    Parameters
    ----------
    name : architecture, as its library calls it.
    classify : function of images (image, channel, y, x), normalised, that gives logits (image, class): the
        module in eval mode, an AbSViT bottom-up.
    categories : names of its classes, in the order of its logits.
    size : height and width in pixels of the images that it takes.
    mean, std : of each channel, values in [0, 1], by which images are normalised.
    module : what it is made of; None of a function.
    weights : function that gives the name of the file of its weights, or their tag, and the SHA-256 of these.
    seed : of its training, or of its untrained weights.
    facts : further facts: ``crop_pct`` and ``interpolation`` of its evaluation, ``squeezed``, ``untrained``.
    memory : of what it made of the last pictures; None, where every pass is a new one.
    """

    name: str
    classify: Callable[[Tensor], Tensor]
    categories: tuple[str, ...]
    size: tuple[int, int]
    mean: tuple[float, ...] = PLAIN_MEAN
    std: tuple[float, ...] = PLAIN_STD
    module: nn.Module | None = None
    weights: Callable[[], tuple[str, str]] = lambda: ("", "")
    seed: int = 0
    facts: Mapping[str, object] = field(default_factory=dict)
    memory: Memory | None = None

    @property
    def num_classes(self) -> int:
        """Number of its classes."""
        return len(self.categories)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next((tensor.device for tensor in _tensors(self.module)), torch.device("cpu"))

    @cached_property
    def layouts(self) -> dict[str, Layout]:
        """Where channels and places stand in what its layers give, by the layers' names."""
        return {} if self.module is None else layouts_of(self.module, self.logits, self.picture())

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the modules that give one tensor with channels, once a pass, in order of computation."""
        return tuple(self.layouts)

    @property
    def readout(self) -> Readout | None:
        """Its places and linear head; None where the head is not linear after a pooling of places."""
        return self.found if isinstance(self.found, Readout) else None

    @cached_property
    def found(self) -> Readout | str:
        """Its readout, or why there is none."""
        return find_readout(self)

    def logits(self, images: Tensor) -> Tensor:
        """Classify images.

        Parameters
        ----------
        images : (image, channel, y, x), normalised, of its size; on any device.

        Returns
        -------
        (image, class).

        Raises
        ------
        ValueError : images of another size, what comes is not logits of its classes, or a pass changes weights.
        """
        if images.ndim != 4 or tuple(images.shape[-2:]) != tuple(self.size):
            raise ValueError(
                f"{self.name} takes images (image, channel, y, x) of {self.size[0]} x {self.size[1]} pixels, "
                f"got {tuple(images.shape)}: resize them, or say another size="
            )
        before = _versions(self.module)
        logits = self.classify(images.to(self.device))
        if changed := [name for name, version in _versions(self.module).items() if before.get(name) != version]:
            raise ValueError(
                f"{self.name} changes its own weights by looking ({changed[0]}), so that no two passes are of one "
                "network: give one that does not learn in eval mode"
            )
        return _checked(self.name, logits, len(images), self.num_classes)

    def seen(self, images: Tensor) -> tuple[Tensor | None, Tensor]:
        """Give what its places show, and its logits, of one pass, or recall them.

        Parameters
        ----------
        images : as of :meth:`logits`.

        Returns
        -------
        (image, place, channel) that are pooled and classified, None where nothing is known of places; and
        (image, class).
        """
        return self.recalled("seen", images, partial(self._see, images))

    def _see(self, images: Tensor) -> tuple[Tensor | None, Tensor]:
        if self.readout is None:
            return None, self.logits(images)
        tokens, logits = self.readout.look(images)
        return self.readout.places(tokens), logits

    def remembering(self, batches: int = 1) -> Network:
        """Give the same network with a memory: what is looked for next on a picture costs it no new pass.

        Its numbers are the same, as long as its weights are.

        Parameters
        ----------
        batches : of images whose features are kept, the latest.
        """
        memory = Memory(batches)
        if not isinstance(self.module, AbSViT):
            return replace(self, memory=memory)
        module = with_memory(self.module, "patch_embed", memory)
        return replace(self, memory=memory, module=module, classify=_looking(module))

    def recalled(self, what: Hashable, images: Tensor, make: Callable[[], Made]) -> Made:
        """Make something of images, or recall it, where there is a memory (:class:`Memory`)."""
        return make() if self.memory is None else self.memory(what, images, make)

    def picture(self, n: int = 2) -> Tensor:
        """Noise (image, channel, y, x) that is always the same, to try things on."""
        floats = (tensor for tensor in _tensors(self.module) if tensor.is_floating_point())
        like = next(floats, torch.empty(0))
        noise = torch.randn(n, len(self.mean), *self.size, generator=torch.Generator().manual_seed(0))
        return noise.to(like.device, like.dtype)


def network_of(
    model: Network | nn.Module | Callable[[Tensor], Tensor],
    *,
    name: str | None = None,
    categories: Sequence[str] | None = None,
    size: tuple[int, int] | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> Network:
    """Make a network of a model or a function; give a network as it is.

    Parameters
    ----------
    model : any module, or function, of images (image, channel, y, x) that gives logits (image, class). A
        module looks in eval mode and stays in its own; of an AbSViT the bottom-up pass is taken.
    name : what it is called; the name of its architecture, type or function, if left out.
    categories : names of its classes; those that it brings, ImageNet's if it has 1000, else numbers.
    size : height and width of images in pixels; its configuration's, if left out.
    mean, std : of each channel; its configuration's, if left out, else values in [0, 1] are not normalised.

    Raises
    ------
    ValueError : no size is known, or the object does not classify such images.
    """
    if isinstance(model, Network):
        return model
    if not callable(model):
        raise ValueError(f"expected a network, a module or a function of images, got {type(model).__name__}")
    module = model if isinstance(model, nn.Module) else None
    cfg = dict(getattr(model, "pretrained_cfg", None) or {})
    name = name or str(cfg.get("architecture") or getattr(model, "__name__", type(model).__name__))
    size = size or _size_of(model, cfg)
    if size is None:
        raise ValueError(
            f"nothing says what pictures {name} takes: give size=(height, width) in pixels, as in "
            "observer_of(model, size=(224, 224), categories=NAMES)"
        )
    if not (isinstance(size, Sequence) and len(size) == 2 and all(isinstance(n, Integral) and n > 0 for n in size)):
        raise ValueError(f"size is (height, width) in pixels, two whole numbers above 0, got {size!r}")
    mean, std = mean or cfg.get("mean", PLAIN_MEAN), std or cfg.get("std", PLAIN_STD)
    classify = _looking(module) if module is not None else model
    unnamed = Network(
        name,
        classify,
        (),
        tuple(size),
        tuple(mean),
        tuple(std),
        module,
        partial(identity, module) if module is not None else Network.weights,
        int(getattr(model, "card", {}).get("seed", 0)),
        cfg | {"squeezed": bool(getattr(model, "card", {}).get("squeezed", False))},
    )
    return _named(unnamed, model, categories)


def layer_named(network: Network, name: str) -> nn.Module:
    """Give a layer of a network.

    Raises
    ------
    ValueError : there is none of this name, or it gives no single tensor with channels; the nearest are
        named.
    """
    if name in network.layers:
        return network.module.get_submodule(name)
    near = difflib.get_close_matches(name, network.layers, 4, 0.3) or network.layers[-4:]
    told = f"the nearest are {', '.join(near)}" if near else "it is a function, whose layers are not known"
    raise ValueError(f"{network.name} has no layer {name!r} that gives channels once a pass; {told}")


def _named(unnamed: Network, model: object, categories: Sequence[str] | None) -> Network:
    """A network with names of its classes, as many as it has."""
    n = len(categories) if categories is not None else getattr(model, "num_classes", None)
    if not isinstance(n, int):
        n = _classes_of(unnamed)
    if n < 1:
        raise ValueError(f"{unnamed.name} has no classes: it gives features; take one with a classifier")
    names = categories if categories is not None else named(own_names(model), n)
    return replace(unnamed, categories=tuple(names))


def _classes_of(network: Network) -> int:
    """Number of classes of a network, tried out."""
    picture = network.picture()
    try:
        with torch.no_grad():
            logits = network.classify(picture)
    except Exception as error:  # whatever a stranger's function does
        said = (str(error).splitlines() or [""])[0][:200]
        raise ValueError(
            f"{network.name} does not classify pictures (image, channel, y, x) = {tuple(picture.shape)} "
            f"({type(error).__name__}: {said}): check what it is, and size="
        ) from error
    return _checked(network.name, logits, len(picture), None).shape[1]


def _checked(name: str, logits: object, n: int, classes: int | None) -> Tensor:
    """Logits (image, class), or what came instead is told."""
    came = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
    fits = isinstance(logits, Tensor) and logits.ndim == 2 and len(logits) == n
    if not fits or classes not in (None, logits.shape[1]):
        expected = f"({n}, {'classes' if classes is None else classes})"
        raise ValueError(f"{name} gives {came}; expected a tensor of logits (image, class) = {expected}")
    return logits


def _looking(module: nn.Module) -> Callable[[Tensor], Tensor]:
    """A module as a function of images, in eval mode for as long as it looks; an AbSViT bottom-up."""
    look = partial(_bottom_up, module) if isinstance(module, AbSViT) else module

    def classify(images: Tensor) -> Tensor:
        with evaluating(module):
            return look(images)

    return classify


def _bottom_up(model: AbSViT, images: Tensor) -> Tensor:
    """Logits of the bottom-up pass."""
    return model.forward_head(model.norm(model.ascend(model.embed(images))[-1]))


def _size_of(model: object, cfg: Mapping) -> tuple[int, int] | None:
    """Height and width that a model is made for, as far as it says."""
    embedded = getattr(getattr(model, "patch_embed", None), "img_size", None)
    size = embedded or tuple(cfg.get("input_size", ()))[-2:]
    return (int(size[0]), int(size[1])) if size else None


def _versions(module: nn.Module | None) -> dict[str, tuple[int, int]]:
    """Where each of its weights lies, and how often it was changed in place."""
    state = {} if module is None else module.state_dict(keep_vars=True)
    tensors = {name: of for name, of in state.items() if isinstance(of, Tensor) and not of.is_inference()}
    return {name: (of.data_ptr(), of._version) for name, of in tensors.items()}


def _tensors(module: nn.Module | None):
    if module is not None:
        yield from module.parameters()
        yield from module.buffers()
