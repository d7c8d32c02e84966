"""Networks of timm and torchvision with the weights that these libraries fetch and keep themselves."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import huggingface_hub
import timm
import torch
from huggingface_hub.errors import EntryNotFoundError
from torch import nn

from absvit.models import checkpoints

__all__ = [
    "check_tag",
    "from_timm",
    "from_torchvision",
    "torchvision_model",
    "torchvision_names",
    "torchvision_weights",
]

REMEDY = "give their file as --checkpoint FILE, or say --checkpoint untrained for random weights"
REPOSITORY_FILES = ("model.safetensors", "pytorch_model.bin")  # those that timm looks for, in its order


def check_tag(name: str) -> None:
    """Refuse a tag of timm's weights that there is not; those of the architecture are listed."""
    architecture, _, tag = name.partition(".")
    if tag and name not in (known := timm.list_pretrained(f"{architecture}.*")):
        have = ", ".join(known) or f"none of {architecture}"
        raise ValueError(f"timm has no weights {name!r}; it has {have}")


def from_timm(name: str, **made_with) -> nn.Module:
    """Make a network of timm's with its pretrained weights, as timm fetches and keeps them.

    Raises
    ------
    FileNotFoundError : they are not kept here and cannot be fetched; says what was tried, and where they
        would be kept.
    ValueError : timm has none, or they give no classes.
    """
    cfg = timm.get_pretrained_cfg(name)
    if cfg is None or not cfg.has_weights:
        raise ValueError(f"timm has no pretrained weights of {name}: {REMEDY}")
    if not cfg.num_classes:
        raise ValueError(f"the weights {name} give features, no classes: take another tag, or --checkpoint FILE")
    kept = _kept_of_hub(cfg) if cfg.hf_hub_id else None
    if kept is not None:
        overlay = {"file": str(kept)}
        model = timm.create_model(name, pretrained=True, pretrained_cfg_overlay=overlay, **made_with)
    else:
        tried, place = _where(cfg)
        with _fetching(name, tried, place):
            if cfg.hf_hub_id:
                _reach(cfg)
            model = timm.create_model(name, pretrained=True, **made_with)
    told = f"{cfg.architecture}.{cfg.tag}" if cfg.tag else cfg.architecture
    model.checkpoint, model.checkpoint_sha256 = told, ""  # of the weights themselves: timm may change them
    return model


def torchvision_names() -> list[str]:
    """Names of torchvision's classifiers."""
    import torchvision

    return torchvision.models.list_models(module=torchvision.models)


def torchvision_weights(architecture: str, tag: str = ""):
    """Give torchvision's weights of an architecture: those of a tag, or its own default.

    Raises
    ------
    ValueError : there is no such classifier, or no such tag; the nearest are named.
    """
    import torchvision

    if architecture not in torchvision_names():
        near = difflib.get_close_matches(architecture, torchvision_names(), 4, 0.4) or torchvision_names()[:4]
        raise ValueError(f"torchvision has no classifier {architecture!r}; the nearest are {', '.join(near)}")
    known = torchvision.models.get_model_weights(architecture)
    if tag and tag not in known.__members__:
        names = ", ".join(known.__members__)
        raise ValueError(f"torchvision has no weights {tag!r} of {architecture}; it has {names}")
    return known[tag] if tag else known.DEFAULT


def torchvision_model(architecture: str, weights=None, **kwargs) -> nn.Module:
    """Make a network of torchvision's, untrained where it is given no weights; it knows its configuration.

    Parameters
    ----------
    architecture : name of the classifier.
    weights : torchvision's; those of its default tell the configuration, if left out.
    **kwargs : as torchvision's, such as ``num_classes``.
    """
    import torchvision

    if weights is None and architecture in ("googlenet", "inception_v3"):
        kwargs = {"init_weights": True, **kwargs}
    model = torchvision.models.get_model(architecture, weights=weights, **kwargs)
    told = weights or torchvision_weights(architecture)
    pixels = told.transforms()
    (side,), (edge,) = pixels.crop_size, pixels.resize_size
    model.pretrained_cfg = {
        "architecture": f"torchvision.{architecture}",
        "input_size": (3, side, side),
        "mean": tuple(pixels.mean),
        "std": tuple(pixels.std),
        "crop_pct": side / edge,
        "interpolation": pixels.interpolation.value,
    }
    model.num_classes = kwargs.get("num_classes", len(told.meta["categories"]))
    return model


def from_torchvision(architecture: str, weights, **made_with) -> nn.Module:
    """Make a network of torchvision's with its pretrained weights, as torchvision fetches and keeps them.

    Raises
    ------
    FileNotFoundError : they are not kept here and cannot be fetched; says what was tried, and where they
        would be kept.
    ValueError : the file that is kept is damaged, or holds code.
    """
    place = Path(torch.hub.get_dir(), "checkpoints", Path(urlsplit(weights.url).path).name)
    found = checkpoints.read(place) if place.exists() else None  # refused, where it holds more than tensors
    with _fetching(architecture, weights.url, place):
        model = torchvision_model(architecture, weights, **made_with)
    model.checkpoint = f"{architecture}.{weights.name}"
    model.checkpoint_sha256 = found.sha256 if found else checkpoints.read(place).sha256
    return model


def _kept_of_hub(cfg) -> Path | None:
    """The file of timm's weights in the cache of the Hugging Face hub; None where it is not kept."""
    repository, _, revision = cfg.hf_hub_id.partition("@")
    names = (cfg.hf_hub_filename,) if cfg.hf_hub_filename else REPOSITORY_FILES
    for name in names:
        found = huggingface_hub.try_to_load_from_cache(repository, name, revision=revision or None)
        if isinstance(found, str):
            return Path(found)
    return None


def _where(cfg) -> tuple[str, Path]:
    """What timm fetches, and where it keeps that."""
    if cfg.hf_hub_id:
        folder = f"models--{cfg.hf_hub_id.partition('@')[0].replace('/', '--')}"
        name = cfg.hf_hub_filename or REPOSITORY_FILES[0]
        return f"{name} of {cfg.hf_hub_id} on the Hugging Face hub", Path(
            huggingface_hub.constants.HF_HUB_CACHE, folder, "snapshots"
        )
    return cfg.url, Path(torch.hub.get_dir(), "checkpoints", Path(urlsplit(cfg.url).path).name)


def _reach(cfg) -> None:
    """Try the hub once: its own client tries for most of a minute."""
    repository, _, revision = cfg.hf_hub_id.partition("@")
    name = cfg.hf_hub_filename or REPOSITORY_FILES[0]
    with suppress(EntryNotFoundError):  # then it answers, and timm looks for another file
        address = huggingface_hub.hf_hub_url(repository, name, revision=revision or None)
        huggingface_hub.get_hf_file_metadata(address)


@contextmanager
def _fetching(name: str, tried: str, place: Path) -> Iterator[None]:
    """What goes wrong while weights are fetched, told as one line."""
    try:
        yield
    except Exception as error:  # what clients of networks can raise has no end
        said = (str(error).splitlines() or [""])[0][:120] or type(error).__name__
        raise FileNotFoundError(
            f"no weights of {name}: {tried} cannot be fetched ({said}) and is not kept at {place}: fetch it "
            f"elsewhere, and {REMEDY}"
        ) from error
