"""What to look for: priors that weight the output tokens of a pass before they are fed back.

Every prior gives one weight a token, gain included; ``prior_a * prior_b`` multiplies their weights.
"""

from absvit.models.priors.base import Prior, ProductPrior
from absvit.models.priors.dimension import DimensionPrior
from absvit.models.priors.directions import ClassPrior, LearnedPrior, VectorPrior
from absvit.models.priors.kinds import KindsPrior, class_prior
from absvit.models.priors.percept import PerceptPrior, ShuffledPrior
from absvit.models.priors.place import SpatialPrior

__all__ = [
    "ClassPrior", "DimensionPrior", "KindsPrior", "LearnedPrior", "PerceptPrior", "Prior", "ProductPrior",
    "ShuffledPrior", "SpatialPrior", "VectorPrior", "class_prior",
]  # fmt: skip
