"""The model, its priors, and what it perceives with them."""

from absvit.models import maps, priors
from absvit.models.absvit import AbSViT
from absvit.models.lifting import topdown_from
from absvit.models.perceive import Trajectory, perceive
from absvit.models.zoo import create_model, load_model

__all__ = ["AbSViT", "Trajectory", "create_model", "load_model", "maps", "perceive", "priors", "topdown_from"]
