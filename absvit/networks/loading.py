"""Load a network by its name: ours, any of timm's, and torchvision's, with the weights that are asked for."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import timm
import torch
from torch import nn

from absvit.models import checkpoints
from absvit.models.class_names import own_names
from absvit.models.zoo import RELEASES, load_with_its_classes
from absvit.models.zoo.locations import CLOSED_FORMS, bundled, is_usual
from absvit.models.zoo.variants import MODEL_NAMES
from absvit.networks import libraries
from absvit.networks.network import Network, network_of

__all__ = ["UNTRAINED", "load_network"]

UNTRAINED = "untrained"
OF_TORCHVISION = "torchvision."


def load_network(
    name: str,
    checkpoint: str | os.PathLike | None = None,
    device: str | torch.device = "cpu",
    seed: int = 0,
    **made_with: object,
) -> Network:
    """Load a network; what this returns is never randomly initialised, unless "untrained" is said.

    Parameters
    ----------
    name : one of ours; any classifier of timm's, with the tag of its weights or without, such as
        "resnet18.a1_in1k"; or of torchvision's, such as "torchvision.resnet18" or
        "torchvision.resnet18.IMAGENET1K_V1".
    checkpoint : None or "default" for the bundled or released weights, or else those that its library fetches
        and keeps; a bundled tag such as "seed1", a path or an address; or "untrained".
    device : where it computes.
    seed : of untrained weights; else what it is called where the weights do not say of which seed they are.
    **made_with : as its library's, such as ``num_classes``, or ``img_size`` of a ViT; ``which`` of a file's
        weights, as ``absvit.load_model``.

    Raises
    ------
    FileNotFoundError : no such file, or weights that cannot be fetched; says what to do.
    ValueError : unknown name or tag, no weights of this name, a file that is not its weights, or a network
        that is not made with these.
    """
    load, names = _torchvision(name) if name.startswith(OF_TORCHVISION) else (_timm(name), None)
    try:
        if checkpoint == UNTRAINED:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                model = load(UNTRAINED, **made_with)
            model.checkpoint, model.checkpoint_sha256 = UNTRAINED, ""
        else:
            model = load(None if is_usual(checkpoint) else checkpoint, **made_with)
    except TypeError as error:
        if not made_with:
            raise
        raise ValueError(f"no {name} can be made with {made_with} ({error}): leave that out") from error
    named_by_library = names if own_names(model) is None and len(names or ()) == model.num_classes else None
    network = network_of(model.to(device).eval(), name=name, categories=named_by_library)
    facts = {**network.facts, **({UNTRAINED: True} if checkpoint == UNTRAINED else {})}
    return replace(network, seed=getattr(model, "card", {}).get("seed", seed), facts=facts)


def _timm(name: str) -> Callable[..., nn.Module]:
    """What makes one of ours or timm's: of a file, of its library's weights, or untrained."""
    if not timm.is_model(name):
        raise ValueError(f"unknown model {name!r}; the nearest names are {', '.join(_near(name))}")
    own = name in (*MODEL_NAMES, *CLOSED_FORMS, *RELEASES) or bundled(name).exists()
    own or libraries.check_tag(name)

    def load(checkpoint, **made_with) -> nn.Module:
        if checkpoint == UNTRAINED:
            return timm.create_model(name, **made_with)
        if own or checkpoint:
            return load_with_its_classes(name, checkpoint, **made_with)
        return libraries.from_timm(name, **made_with)

    return load


def _torchvision(name: str) -> tuple[Callable[..., nn.Module], Sequence[str]]:
    """What makes one of torchvision's, likewise, and how torchvision calls its classes."""
    architecture, _, tag = name.removeprefix(OF_TORCHVISION).partition(".")
    weights = libraries.torchvision_weights(architecture, tag)

    def load(checkpoint, **made_with) -> nn.Module:
        if checkpoint == UNTRAINED:
            return libraries.torchvision_model(architecture, **made_with)
        if checkpoint:
            return _from_file(architecture, checkpoint, **made_with)
        return libraries.from_torchvision(architecture, weights, **made_with)

    return load, weights.meta["categories"]


def _from_file(
    architecture: str, file: str | os.PathLike, which: Literal["model", "ema"] = "model", **made_with
) -> nn.Module:
    """One of torchvision's with the weights of a file, and as many classes as these have."""
    loaded = checkpoints.read(file, which=which)
    model = libraries.torchvision_model(architecture, **made_with)
    *_, last = model.state_dict()  # of the classifier
    classes = len(loaded.state_dict.get(last, ()))
    if classes not in (0, model.num_classes):
        model = libraries.torchvision_model(architecture, **{"num_classes": classes, **made_with})
    checkpoints.load_into(model, loaded.state_dict)
    model.checkpoint, model.checkpoint_sha256, model.card = loaded.source, loaded.sha256, loaded.card
    model.categories = loaded.card.get("categories")
    return model


def _near(name: str) -> list[str]:
    """Names like one that nobody knows."""
    of_torchvision = [OF_TORCHVISION + other for other in libraries.torchvision_names()]
    known = sorted({*MODEL_NAMES, *CLOSED_FORMS, *timm.list_models(), *of_torchvision})
    return difflib.get_close_matches(name, known, 4, 0.5) or list(MODEL_NAMES)
