"""What to look for at test time: a class of the backbone's classifier, a place, or both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from absvit.models.priors import ClassPrior, Prior, SpatialPrior
from absvit.segmentation.segmenter import Segmenter

__all__ = ["Cue"]


@dataclass(frozen=True)
class Cue:
    """A cue for the second pass of an AbSViT; the learned prompt where there is none.

    Parameters
    ----------
    cue
        Class to look for: a name or number among those that the backbone was pretrained on (its classifier's
        row is the direction).
    cue_box
        Place to look at: left, top, right and bottom as shares of the picture's width and height.
    cue_gain
        Factor on the weights; the model's default for each kind of cue if left out.
    """

    cue: str | None = None
    cue_box: tuple[float, float, float, float] | None = None
    cue_gain: float | None = None

    def prior_for(self, model: Segmenter) -> Callable[[tuple[int, int]], Prior] | None:
        """Give the prior of an image's size.

        Returns
        -------
        Function of an image's height and width in pixels; None where nothing is cued.

        Raises
        ------
        ValueError : a ViT without feedback, an unknown class, or a box outside the picture.
        """
        if self.cue is None and self.cue_box is None:
            return None
        if not model.has_feedback:
            raise ValueError("this is a plain ViT: without feedback it takes no --cue and no --cue-box")
        index = None if self.cue is None else self._index(model)
        self._prior(model, index, model.stride)  # a box that lies outside is told before anything is computed
        return lambda size: self._prior(model, index, size)

    def _index(self, model: Segmenter) -> int:
        """Number of the cued class."""
        backbone = model.backbone
        names = tuple((backbone.pretrained_cfg or {}).get("label_names") or ())
        names = names if len(names) == backbone.num_classes else ()
        if self.cue in names:
            return names.index(self.cue)
        if not self.cue.isdigit() or int(self.cue) >= backbone.num_classes:
            if not backbone.num_classes:
                raise ValueError(
                    "the backbone has no classifier, as it began without weights: there is no class to cue"
                )
            known = f" or one of {', '.join(names)}" if names else ""
            raise ValueError(f"expected --cue 0 to {backbone.num_classes - 1}{known}, got {self.cue!r}")
        return int(self.cue)

    def _prior(self, model: Segmenter, index: int | None, size: tuple[int, int]) -> Prior:
        """Prior for images of a size."""
        by_class = None if index is None else ClassPrior(index, self.cue_gain)
        if self.cue_box is None:
            return by_class
        # shares of the picture, on a grid that covers its padding, too
        padded, (left, top, right, bottom) = model.padded_size(size), self.cue_box
        high, wide = size[0] / padded[0], size[1] / padded[1]
        edges = (left * wide, top * high, right * wide, bottom * high)
        gain = self.cue_gain if index is None else None  # a gain that is given counts once
        by_place = SpatialPrior.box(edges, (1, 1), model.grid(size), gain=gain)
        return by_place if by_class is None else by_class * by_place
