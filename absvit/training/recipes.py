"""Recipes: everything that decides a training, one frozen dataclass each."""

from __future__ import annotations

from dataclasses import dataclass, field

from absvit.training.scenes import Scenes

__all__ = ["RECIPES", "Recipe"]


@dataclass(frozen=True)
class Recipe:
    """A training.

    Parameters
    ----------
    model : name of the variant.
    scenes : what is shown and cued.
    seed : seed of weights, images and everything else.
    steps : updates.
    batch_size : images of one update, over all processes together.
    lr : largest learning rate.
    warmup : share of the updates during which the rate rises linearly from 0.
    weight_decay : of AdamW, on matrices only.
    clip : largest norm of the gradient.
    smoothing : label smoothing in [0, 1).
    variational_weight : weight of the decoders' reconstruction error.
    token_weight : weight of the token labels.
    checkpoint_every : updates between checkpoints.
    """

    model: str = "absvit_micro"
    scenes: Scenes = field(default_factory=Scenes)
    seed: int = 0
    steps: int = 5000
    batch_size: int = 32
    lr: float = 2e-3
    warmup: float = 0.05
    weight_decay: float = 0.05
    clip: float = 1.0
    smoothing: float = 0.1
    variational_weight: float = 0.1
    token_weight: float = 0.3
    checkpoint_every: int = 250


SINGLE_OBJECTS = Scenes(shares=(1.0, 0.0, 0.0, 0.0, 0.0), catch_singles=0.0)
RECIPES = {
    "micro_cued": Recipe(),
    "micro_official": Recipe(scenes=SINGLE_OBJECTS, token_weight=0.0),
    "micro_vit": Recipe(model="vit_micro", scenes=SINGLE_OBJECTS, token_weight=0.0, variational_weight=0.0),
}
