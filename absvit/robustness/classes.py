"""What a folder's name means to a model: labels follow the names of the folders, never their order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stimuli.foundation.picture_files import normal
from stimuli.foundation.texts import read_text, some

if TYPE_CHECKING:
    from torch import nn

    from absvit.data.datasets import LabelledPictures

__all__ = ["check_names", "imagenet_subset", "labels_of", "model_classes", "wnids"]


def wnids() -> tuple[str, ...]:
    """WordNet numbers of the 1,000 classes of ImageNet-1k, in the order of the models' outputs."""
    return _listed("imagenet_synsets")


def imagenet_subset(letter: str) -> tuple[str, ...]:
    """Wnids of the 200 classes of ImageNet-A or -R ("a", "r"; Hendrycks et al. 2021), as timm keeps them."""
    return _listed(f"imagenet_{letter}_synsets")


def model_classes(model: nn.Module, file: Path | None = None) -> tuple[str, ...]:
    """Names of a model's classes, in the order of its outputs.

    Its card names them, or a text file of one name a line; ImageNet's are taken for 1,000 classes without a
    card. They have to be known, unique, and as many as the model's outputs.
    """
    if file is not None:
        if not Path(file).is_file():
            raise FileNotFoundError(f"no list of classes at {file}; expected a text file with one name a line")
        names = read_text(file).split("\n")
        names = [name.strip() for name in names if name.strip()]
    else:
        names = getattr(model, "categories", None) or (model.pretrained_cfg or {}).get("label_names")
        names = wnids() if names is None and model.num_classes == len(wnids()) else names
    if names is None:
        raise ValueError(
            f"the names of this model's {model.num_classes} classes are not known, so no folder can be matched with "
            "them: give --classes FILE, one name a line in the order of its outputs"
        )
    if len(names) != model.num_classes or len(set(names)) != len(names):
        raise ValueError(
            f"the model has {model.num_classes} classes, but {len(names)} names are given, {len(set(names))} of them "
            "different: give each class one name"
        )
    return tuple(map(normal, names))


def check_names(found: Sequence[str], expected: Sequence[str], place: str, partial: bool = False) -> None:
    """Refuse a folder that lacks a class or holds another one; missing, extra and renamed ones are listed."""
    missing, extra = sorted({*expected} - {*found}), sorted({*found} - {*expected})
    told = [f"lacks {some(missing)}"] if missing and not partial else []
    told += [f"holds {some(extra)}, which is none of them"] if extra else []
    if told:
        hint = "; --partial evaluates a part of the classes" if missing and not extra else ""
        raise ValueError(
            f"{place} {' and '.join(told)}: expected folders of the {len(expected)} classes, named as the model or "
            f"benchmark names them{hint}"
        )


def labels_of(pictures: LabelledPictures, names: Sequence[str]) -> np.ndarray:
    """Model's class of each picture, by the name of its folder, one of the names: (picture,) int64."""
    number = {name: index for index, name in enumerate(names)}
    return np.array([number[name] for name in pictures.classes], np.int64)[pictures.targets]


@cache
def _listed(name: str) -> tuple[str, ...]:
    """Words of a list that comes with timm; to read it nothing of timm is imported."""
    return tuple(Path(find_spec("timm").origin).with_name("data").joinpath("_info", f"{name}.txt").read_text().split())
