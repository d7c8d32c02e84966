"""Class activation mapping (Zhou et al. 2016): what each place adds to the logit of a class."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor

from absvit.models.priors import Prior
from absvit.models.priors.directions import CuedClasses

__all__ = ["class_activation", "classes_named", "classifier_rows", "pooled_tokens"]


def class_activation(features: Tensor, rows: Tensor, index: Tensor, shares: Tensor | float) -> Tensor:
    """What each place adds to the logit of a class (equation 2 of the paper).

    Parameters
    ----------
    features : (image, place, channel) that are pooled and classified.
    rows : (class, channel) of the classifier.
    index : (image,) classes.
    shares : (image, place) of each place in what is pooled, or one for all.

    Returns
    -------
    (image, place); where places are pooled by these shares, it sums to the logit less its bias.
    """
    return (features @ rows[index, :, None].to(features)).squeeze(-1) * shares


def classes_named(priors: Sequence[Prior], model, logits: Tensor) -> Tensor:
    """Classes that priors name or, where one names none, those answered.

    Parameters
    ----------
    priors : what is looked for; of several classes in a product the first counts, of several kinds the most probable.
    model : whose classes these are.
    logits : (prior, image, class) of the pass.

    Returns
    -------
    (prior, image) int64.
    """
    index = logits.argmax(-1)
    for row, prior, of_classes in zip(index, priors, logits, strict=True):
        named = next((part for part in prior.parts if isinstance(part, CuedClasses)), None)
        if named is not None:
            members = named.members(model).to(logits.device)
            row.copy_(of_classes.where(members, -torch.inf).argmax(-1))
    return index


def pooled_tokens(model: VisionTransformer, tokens: Tensor) -> Tensor:
    """Give tokens (image, token, channel) so that their mean is what the rows of the classifier are applied to.

    They are the tokens themselves, but where the norm behind the pooling makes shares of them.
    """
    per_unit = getattr(model.fc_norm, "per_unit", None)
    return tokens if per_unit is None else per_unit(tokens)


def classifier_rows(model: VisionTransformer) -> Tensor:
    """Rows of a ViT's classifier (class, channel), times the weights of the norm that stands before it.

    Raises
    ------
    ValueError : it has no classifier.
    """
    rows, norm = getattr(model.get_classifier(), "weight", None), getattr(model.fc_norm, "weight", None)
    if rows is None:
        raise ValueError("class_activation needs a classifier and this model has none (num_classes=0)")
    return rows if norm is None else rows * norm
