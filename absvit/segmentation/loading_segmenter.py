"""Building a segmenter: what a recipe names with its first weights, or what a checkpoint holds."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from absvit.models import checkpoints, create_model, topdown_from, zoo
from absvit.models.checkpoints import cards, formats
from absvit.models.zoo import locations
from absvit.segmentation.classes import ClassTable
from absvit.segmentation.recipe import SegmentationRecipe, recipe_of
from absvit.segmentation.segmenter import Segmenter, add_deep_prompts

__all__ = ["Loaded", "build_segmenter", "load_segmenter", "parameter_groups"]

UNREAD = ("backbone.head.", "backbone.fc_norm.")  # of the classifier, which has no part in a segmentation


def build_segmenter(recipe: SegmentationRecipe, n_classes: int) -> Segmenter:
    """Make the segmenter of a recipe, with the weights that its backbone starts from."""
    zoo.check_name(recipe.model)
    if recipe.finetune == "none":
        return _assembled(recipe, n_classes, 0)
    place = locations.locate(recipe.model, recipe.finetune, zoo.RELEASES.get(recipe.model))
    weights = checkpoints.read(place)
    return _assembled(recipe, n_classes, len(weights.state_dict.get("head.weight", ())), weights)


def _assembled(
    recipe: SegmentationRecipe, n_classes: int, n_cues: int, weights: checkpoints.Checkpoint | None = None
) -> Segmenter:
    """The segmenter with a backbone whose classifier has so many classes."""
    backbone = create_model(
        recipe.model, num_classes=n_cues, img_size=recipe.crop, dynamic_img_size=True, **recipe.dropout
    )
    if weights is not None:
        for note in checkpoints.load_into(backbone, weights.state_dict, adapt=True, grid=weights.grid):
            print(note, file=sys.stderr)
    backbone = topdown_from(backbone) if recipe.lift else backbone
    if recipe.trainable == "prompt":
        add_deep_prompts(backbone, recipe.prompts)
    backbone.set_grad_checkpointing(recipe.grad_checkpointing)
    model = Segmenter(backbone, n_classes, recipe.channels, recipe.auxiliary_channels, recipe.head_dropout)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(_learns(name, recipe.trainable))
    return model


def _learns(name: str, mode: str) -> bool:
    """Whether a parameter learns in a transfer mode; the heads always do."""
    if not name.startswith("backbone."):
        return True
    if mode == "end2end":
        return not name.startswith(UNREAD)
    if mode == "top-down":
        return name.startswith("backbone.decoders.") or name == "backbone.prompt"
    return mode == "prompt" and name.endswith(".prompts")


def parameter_groups(model: Segmenter) -> list[dict]:
    """Groups of the parameters that learn: all but norms, positions and class token are decayed."""
    norms = (nn.LayerNorm, nn.GroupNorm, nn.modules.batchnorm._BatchNorm)
    kept = {id(p) for module in model.modules() if isinstance(module, norms) for p in module.parameters(recurse=False)}
    kept |= {id(p) for name, p in model.backbone.named_parameters() if name in ("pos_embed", "cls_token")}
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in learning if id(p) not in kept]},
        {"params": [p for p in learning if id(p) in kept], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


@dataclass(frozen=True)
class Loaded:
    """A trained segmenter and what is known of it.

    Parameters
    ----------
    model : in eval mode, on the CPU.
    recipe : what it was trained with.
    table : its classes.
    source : file that it was read from.
    sha256 : of that file.
    """

    model: Segmenter
    recipe: SegmentationRecipe
    table: ClassTable
    source: str
    sha256: str


def _facts(content: object) -> dict:
    """Recipe and classes in a training's checkpoint; without them where it is none."""
    known = _inner(content, "facts")
    return {"options": known.get("recipe"), "segmentation": _inner(known, "data").get("classes")}


def _inner(content: object, name: str) -> Mapping:
    inner = content.get(name) if isinstance(content, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def load_segmenter(path: str | os.PathLike) -> Loaded:
    """Load a trained segmenter: a training's safetensors, ``last.pt`` or ``best.pt``; or an address."""
    weights = checkpoints.read(path)
    local = checkpoints.local_file(path)
    facts = weights.card
    if formats.file_format(local) == "pytorch":
        facts = _facts(formats.read_content(local))
    if not (facts.get("options") and facts.get("segmentation")):
        raise ValueError(
            f"{path} holds no segmentation: expected segmenter.safetensors with its card, last.pt or best.pt of a "
            "training by one of the upernet recipes"
        )
    cards.check(facts, f"what {weights.source} says of itself")
    described, n_cues = facts["segmentation"], len(weights.state_dict.get("backbone.head.weight", ()))
    colours = tuple(tuple(colour) for colour in described["colours"])
    try:
        recipe = recipe_of(facts["options"])
        if ":" in recipe.model:  # timm would read a folder, or ask a hub
            raise ValueError(f"a card may not name a place such as {recipe.model[:100]!r} for its model")
        table = ClassTable(tuple(described["names"]), colours, {k: k for k in range(len(colours))})
        model = _assembled(recipe, len(table.names), n_cues)
    except (ArithmeticError, AssertionError, AttributeError, KeyError, RuntimeError, TypeError) as error:
        raise ValueError(
            f"the options of {weights.source} are none of a segmentation ({type(error).__name__}: {error}); mend its "
            "card, or train anew"
        ) from error
    checkpoints.load_into(model, weights.state_dict)
    return Loaded(model.eval(), recipe, table, Path(weights.source).name, weights.sha256)
