"""What to look for: priors that weight the output tokens of a pass before they are fed back.

The page of :mod:`absvit.models.priors`.
"""

from absvit.models.priors import (
    ClassPrior,
    LearnedPrior,
    PerceptPrior,
    Prior,
    ProductPrior,
    ShuffledPrior,
    SpatialPrior,
    VectorPrior,
)

__all__ = [
    "ClassPrior", "LearnedPrior", "PerceptPrior", "Prior", "ProductPrior", "ShuffledPrior", "SpatialPrior",
    "VectorPrior",
]  # fmt: skip
