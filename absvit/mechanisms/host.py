"""What priors read of a model, had of any network, so that each prior means the same whoever looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

from torch import Tensor

if TYPE_CHECKING:
    from absvit.networks.network import Network

__all__ = ["Host"]


@dataclass(frozen=True, eq=False)
class Host:
    """A network as priors see a model: ``prior.weigh(tokens, host.showing(tokens, logits))``.

    Parameters
    ----------
    categories : names of the classes.
    rows : (class, channel) rows of its classifier; None where it has none.
    grid : rows and columns of its places.
    num_prefix_tokens : tokens before the places.
    has_class_token : whether the first of these is a class token.
    prior_gains : default gains by kind, where they are not the prior's own.
    prompt : what it looks for where nothing is cued: whatever there is.
    logits : (image, class) of the last pass.
    """

    categories: tuple[str, ...]
    rows: Tensor | None = None
    grid: tuple[int, int] | None = None
    num_prefix_tokens: int = 0
    has_class_token: bool = False
    prior_gains: Mapping[str, float] = field(default_factory=dict)
    prompt: Tensor | None = None
    logits: Tensor | None = None

    dynamic_img_size = False

    @classmethod
    def of(cls, network: Network) -> Host:
        """Give that of a network without tokens: its classes are known; rows and places are those of its readout."""
        if network.readout is None:
            return cls(tuple(network.categories))
        rows = network.readout.weight
        return cls(tuple(network.categories), rows - rows.mean(0), network.readout.grid)

    def showing(self, tokens: Tensor, logits: Tensor | None = None) -> Host:
        """Give the same in a pass that ended in these tokens (image, token, channel) and logits (image, class)."""
        return replace(self, prompt=tokens, logits=logits)

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.categories)

    @property
    def patch_embed(self) -> SimpleNamespace:
        """Where a model says its grid."""
        return SimpleNamespace(grid_size=self.grid)

    def get_classifier(self) -> SimpleNamespace:
        """Give the classifier."""
        return SimpleNamespace(weight=self.rows)

    def forward_head(self, tokens: Tensor) -> Tensor:
        """Give the logits of the last pass, whose tokens these are."""
        return self.logits
