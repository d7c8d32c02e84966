"""Make a model of the zoo by its name, and load its weights."""

from __future__ import annotations

import difflib
import os
import warnings
from collections.abc import Mapping
from typing import Literal

import timm
import torch
from torch import Tensor, nn

from absvit.models import checkpoints
from absvit.models.checkpoints import formats
from absvit.models.lifting import topdown_from
from absvit.models.zoo import locations
from absvit.models.zoo.published import RELEASES
from absvit.models.zoo.variants import MODEL_NAMES

__all__ = [
    "check_name",
    "create_model",
    "load_model",
    "load_with_its_classes",
    "parameter_count",
    "preprocessing",
    "status",
]

PREPROCESSING = ("mean", "std", "crop_pct", "interpolation")
MOST_TIMES_LARGER = 16  # a model than the weights that it is made for: positions and classifier may be adapted


def create_model(name: str, **kwargs) -> nn.Module:
    """Make a model as ``timm.create_model`` does: untrained, unless ``pretrained=True``.

    Parameters
    ----------
    name : one of ours, or any of timm's.
    **kwargs : as ``timm.create_model``.

    Raises
    ------
    ValueError : unknown name; the nearest ones are given.

    Examples
    --------
    >>> untrained = absvit.create_model("absvit_micro", num_classes=5)
    >>> untrained.num_classes
    5
    """
    check_name(name)
    return timm.create_model(name, **kwargs)


def check_name(name: str) -> None:
    """Refuse a name that is neither ours nor any of timm's; the nearest ones are given."""
    if ":" not in name and not timm.is_model(name):
        names = {*MODEL_NAMES, *timm.list_models("vit_*")}
        near = difflib.get_close_matches(name, names, 4, 0.5) or MODEL_NAMES
        raise ValueError(f"unknown model {name!r}; the nearest names are {', '.join(near)}")


def load_model(
    name: str,
    checkpoint: str | os.PathLike | None = None,
    *,
    which: Literal["model", "ema"] = "model",
    sha256: str | None = None,
    adapt: bool = False,
    grid: tuple[int, int] | None = None,
    **kwargs,
) -> nn.Module:
    """Make a model and load its weights, strictly: what this returns is never randomly initialised.

    ``vit_{tiny,small,base}_patch16_224`` are timm's own names. Here they mean the released ViTs that AbSViT
    was compared with, and their preprocessing; ``create_model(name, pretrained=True)`` gives timm's weights.

    Parameters
    ----------
    name : one of ours, or any of timm's together with a checkpoint.
    checkpoint : None for the bundled weights, else the released ones, fetched once; a tag of other bundled
        weights of this name ("seed1": another training seed); a path; or an address.
    which : "model", or "ema" for the exponential moving average in a PyTorch training checkpoint.
    sha256 : expected SHA-256 of the weights file; None asks for none.
    adapt : allow another grid of tokens and another number of classes (:func:`checkpoints.load_into`); each
        adaptation gives a warning.
    grid : patch tokens down and across that the positions were trained for, where they were no square and the
        card does not say.
    **kwargs : as ``timm.create_model``, such as ``img_size`` or ``num_classes``.

    Returns
    -------
    The model in eval mode, with the input size, the classes and the feedback path of the training where the
    card says so. Its attributes ``checkpoint``, ``checkpoint_sha256`` and ``card`` say where the weights came
    from; ``prior_gains`` and ``categories`` are the card's, where it has them.

    Raises
    ------
    FileNotFoundError : no such file, or the weights cannot be fetched; says where to put them by hand.
    ValueError : unknown name, no weights of this name, a corrupt or foreign file, a card that says what no
        card may, or weights that do not fit.

    Examples
    --------
    >>> seed1 = absvit.load_model("absvit_micro", "seed1")
    >>> seed1.training
    False
    """
    if kwargs.get("pretrained"):
        raise ValueError("load_model chooses the weights by checkpoint=; leave pretrained to create_model")
    if name in RELEASES:
        overlay = preprocessing(name) | (kwargs.get("pretrained_cfg_overlay") or {})
        kwargs = {**kwargs, "pretrained_cfg_overlay": overlay}
    check_name(name)
    if name in locations.CLOSED_FORMS and locations.is_usual(checkpoint):
        model = create_model(name, **kwargs).eval()
        model.card |= formats.read_card(locations.bundled(name))  # what was measured of it
        return model
    loaded = checkpoints.read(locations.locate(name, checkpoint, RELEASES.get(name)), sha256, which)
    model = _fitting(name, loaded, kwargs)
    weights = _in_its_names(model, loaded.state_dict) if name in locations.PACKAGED else loaded.state_dict
    for note in checkpoints.load_into(model, weights, adapt, grid or loaded.grid):
        warnings.warn(f"{name}: {note}", stacklevel=2)
    _apply_card(model, loaded.card)
    _check_stem(name, model, loaded.card)
    model.checkpoint, model.checkpoint_sha256, model.card = loaded.source, loaded.sha256, loaded.card
    return model.eval()


def _in_its_names(model: nn.Module, weights: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Weights under a model's own names, or all of another library's in the model's order."""
    return weights if set(weights) == set(model.state_dict()) else checkpoints.by_position(model, weights)


def load_with_its_classes(name: str, checkpoint: str | os.PathLike | None = None, **kwargs) -> nn.Module:
    """Load a model as :func:`load_model` does, with as many classes as the checkpoint knows."""
    if not locations.is_usual(checkpoint):
        check_name(name)
        file = locations.locate(name, checkpoint, RELEASES.get(name))
        classifier = getattr(timm.get_pretrained_cfg(name), "classifier", "head")
        rows = checkpoints.read(file, which=kwargs.get("which", "model")).state_dict.get(f"{classifier}.weight", ())
        kwargs |= {"num_classes": len(rows)} if len(rows) else {}
    return load_model(name, checkpoint, **kwargs)


def preprocessing(name: str) -> dict:
    """Give what pictures of a model, ours or timm's, go through: mean, std, crop_pct and interpolation.

    The names of the released ViTs mean these, as in :func:`load_model`.
    """
    cfg = timm.get_pretrained_cfg("absvit_tiny_patch16_224" if name in RELEASES else name)
    return {key: getattr(cfg, key) for key in PREPROCESSING}


def _fitting(name: str, loaded: checkpoints.Checkpoint, kwargs: dict) -> nn.Module:
    """Make the model that a card describes: a training's input size and classes, and whether lifted."""
    made, lifted = loaded.card.get("made_with", {}), loaded.card.get("lifted", False)
    if not made:
        model = create_model(name, **kwargs)
        return topdown_from(model) if lifted else model
    try:
        with torch.device("meta"):  # a few numbers can ask for more memory than there is
            asked = _parameter_total(create_model(name, **{**made, **kwargs}))
        held = sum(tensor.numel() for tensor in loaded.state_dict.values())
        if asked > MOST_TIMES_LARGER * held:
            raise ValueError(f"that is a model of {asked:,} parameters, and the file holds {held:,} numbers")
        model = create_model(name, **{**made, **kwargs})
        return topdown_from(model) if lifted else model
    except (TypeError, ValueError, AssertionError, ArithmeticError, RuntimeError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0][:200] or type(error).__name__
        raise ValueError(
            f"no {name} can be made as the card of {loaded.source} says, made_with {made} ({said}); check the model's "
            "name, or mend the card"
        ) from error


def _apply_card(model: nn.Module, card: Mapping) -> None:
    gains = card.get("prior_gains")
    if gains is not None:
        model.prior_gains = {**getattr(model, "prior_gains", {}), **{kind: float(g) for kind, g in gains.items()}}
    categories = card.get("categories")
    if categories is not None and len(categories) == model.num_classes:
        model.categories = tuple(categories)


def _check_stem(name: str, model: nn.Module, card: Mapping) -> None:
    """Warn where the weights were trained behind another stem than the model has."""
    expected = card.get("stem_sha256")
    stem = getattr(model.patch_embed.backbone, "sha256", "") if expected else ""
    if stem and stem != expected:
        warnings.warn(
            f"{name} looks through a stem with SHA-256 {stem[:12]}..., but was trained behind {expected[:12]}...: its "
            "answers may be worse; pip install absvit[natural] gives the stem of the bundled weights",
            stacklevel=3,
        )


def parameter_count(name: str) -> int:
    """Count the parameters of a model, ours or any of timm's, without allocating them."""
    with torch.device("meta"):
        return _parameter_total(create_model(name))


def _parameter_total(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def status(name: str) -> Literal["bundled", "cached", "to be fetched", "none"]:
    """Tell where the weights are that ``load_model(name)`` takes; "none" if it has none."""
    return locations.status(name, RELEASES.get(name))
