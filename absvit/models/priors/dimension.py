"""A dimension of pictures to attend to, such as shape or texture, whatever they are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from absvit.models.priors.directions import VectorPrior

__all__ = ["DimensionPrior"]


@dataclass(frozen=True, eq=False)
class DimensionPrior(VectorPrior):
    """What a dimension of pictures is seen by, learnt from pictures that have nothing else: our addition.

    It names no category. Places are weighed by their cosine with its direction, as of any vector; a mechanism
    that multiplies channels takes its tunings (:mod:`absvit.mechanisms.dimension_gain`). ``absvit.dimensions``
    learns both and gives such priors.

    Parameters
    ----------
    vector : (channel,) mean of the tokens in pictures that have this dimension alone, less that in the others.
    gain, sharpness : as of any vector.
    dimension : its name.
    tunings : by layer, (channel,) without unit: how much rather a channel tells of this dimension.

    Examples
    --------
    >>> shape = priors.DimensionPrior(np.ones(model.embed_dim, np.float32), dimension="shape")
    >>> absvit.perceive(model, images, [shape]).logits.shape
    torch.Size([2, 1, 4, 12])
    """

    dimension: str = "dimension"
    tunings: Mapping[str, Tensor] = field(default_factory=dict)
    kind = "dimension"

    @property
    def label(self) -> str:
        """Its name."""
        return self.dimension

    def tuning(self, layer: str, channels: int) -> Tensor:
        """Give the tunings (channel,) of a layer.

        Raises
        ------
        ValueError : they were learnt at other layers, or of another network.
        """
        found = self.tunings.get(layer)
        if found is None or found.shape != (channels,):
            learnt = ", ".join(f"{name} ({len(of)} channels)" for name, of in self.tunings.items()) or "none"
            raise ValueError(
                f"the dimension {self.dimension!r} has no tunings of {channels} channels at {layer}, only of {learnt}: "
                "learn it with this network and layer (python -m absvit.dimensions)"
            )
        return found
