"""What the tasks of classification have in common: the model, what of it learns, and the measure that decides."""

from __future__ import annotations

from torch import nn

from absvit.training.pictures.building import build_model
from absvit.training.recipe import Recipe

__all__ = ["Classification"]


class Classification:
    """Base of the tasks that train the recipe's model as it is."""

    recipe: Recipe
    classes: tuple[str, ...]
    best_by = "top1_pass"

    def model(self) -> nn.Module:
        """The recipe's model with a classifier for these classes."""
        return build_model(self.recipe, len(self.classes))

    def learning(self, model: nn.Module) -> nn.Module:
        """The model itself, whose parameters timm groups.

        Parameters
        ----------
        model : the model that learns.
        """
        return model
