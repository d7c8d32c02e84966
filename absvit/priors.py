"""What to look for: priors that weight the output tokens of a pass before they are fed back.

The page of :mod:`absvit.models.priors`, and of the priors in words.
"""

from absvit.models.priors import (
    ClassPrior,
    DimensionPrior,
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
from absvit.words.instructions import instruction
from absvit.words.text_prior import TextPrior

__all__ = [
    "ClassPrior", "DimensionPrior", "KindsPrior", "LearnedPrior", "PerceptPrior", "Prior", "ProductPrior",
    "ShuffledPrior", "SpatialPrior", "TextPrior", "VectorPrior", "class_prior", "instruction",
]  # fmt: skip
