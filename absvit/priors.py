"""What to look for: priors that weight the output tokens of a pass before they are fed back.

The page of :mod:`absvit.models.priors`.
"""

from absvit.models.priors import (
    ClassPrior,
    KindsPrior,
    LearnedPrior,
    PerceptPrior,
    Prior,
    ProductPrior,
    ShuffledPrior,
    SpatialPrior,
    VectorPrior,
    class_prior,
)

__all__ = [
    "ClassPrior", "KindsPrior", "LearnedPrior", "PerceptPrior", "Prior", "ProductPrior", "ShuffledPrior",
    "SpatialPrior", "VectorPrior", "class_prior",
]  # fmt: skip
