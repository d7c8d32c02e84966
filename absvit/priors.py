"""What to look for: the page of :mod:`absvit.models.priors`."""

from absvit.models.priors import (
    ClassPrior,
    LearnedPrior,
    Prior,
    ProductPrior,
    ShuffledPrior,
    SpatialPrior,
    VectorPrior,
)

__all__ = ["ClassPrior", "LearnedPrior", "Prior", "ProductPrior", "ShuffledPrior", "SpatialPrior", "VectorPrior"]
