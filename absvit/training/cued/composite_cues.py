"""Composites as training data: which are shown, what is cued, and what the right answer is.

Everything about image ``i`` of a training follows from (seed, i).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from absvit.training.cued.batch import SceneBatch, image_generator, place_cues
from absvit.training.cued.composite_plan import KINDS, OVERLAID, SLOTS, Plan
from absvit.training.cued.feature_cache import FeatureCache

__all__ = ["CHANCES", "Cues", "CuedComposites"]

CUES = ("none, whole", "none", "class", "place", "absent class")
TOGETHER = ("halves", "mosaic", "overlay")
CHANCES = 12  # random numbers of an image


@dataclass(frozen=True)
class Cues:
    """What is cued in which share of the images.

    Parameters
    ----------
    shares
        Share of the batch with a whole picture, a composite uncued, a composite with one picture cued by
        class, by place, and a composite with an absent class cued (the catch trials). They sum to 1.
    catch_singles
        Probability in [0, 1] that a whole picture is shown with an absent class cued.
    flip
        Mirror half of the feature maps. The stem does not: on CIFAR-10 a mirrored map differs from that of
        the mirrored picture by .54 to .60 of its norm, where two pictures differ by 1.26. Pictures are
        mirrored before the stem.
    """

    shares: tuple[float, float, float, float, float] = (0.25, 0.05, 0.27, 0.2, 0.23)
    catch_singles: float = 0.4
    flip: bool = False

    def __post_init__(self) -> None:
        if min(self.shares) < 0 or abs(sum(self.shares) - 1) > 1e-6:
            raise ValueError(f"shares must not be negative and sum to 1, got {self.shares}")


class CuedComposites:
    """Batches of composites with their cues.

    Parameters
    ----------
    cues : what is cued.
    made : what the composites show.
    cache : their features.
    n_classes : number of classes.
    posteriors : function of composites (image,) that gives what each of their pictures shows, and what it
        shows to whoever looks for its class, (image, slot, class) probabilities, 0 without a picture; their
        classes for certain if left out.

    Raises
    ------
    ValueError : there are no composites of a kind that is asked for.
    """

    def __init__(
        self,
        cues: Cues,
        made: Plan,
        cache: FeatureCache,
        n_classes: int,
        posteriors: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]] | None = None,
    ) -> None:
        self.cues, self.made, self.cache, self.n_classes = cues, made, cache, n_classes
        self.posteriors = posteriors or self._certain
        self.whole = np.flatnonzero(made.kind == KINDS.index("whole"))
        self.together = np.flatnonzero(np.isin(made.kind, [KINDS.index(kind) for kind in TOGETHER]))
        if sum(cues.shares[1:]) > 0 and not len(self.together):
            raise ValueError("shares ask for composites of several pictures, but halves and mosaics are 0")
        self._orders: dict[tuple[int, int, int], np.ndarray] = {}

    def batch(self, indices: np.ndarray, seed: int) -> SceneBatch:
        """Draw the images of the given numbers in the whole training."""
        chance = np.stack([image_generator(seed, index).random(CHANCES) for index in indices.tolist()])
        asked = np.minimum(np.searchsorted(np.cumsum(self.cues.shares), chance[:, 0], side="right"), len(CUES) - 1)
        composites = np.empty(len(indices), np.int64)
        for stream, (pool, chosen) in enumerate(((self.whole, asked == 0), (self.together, asked > 0))):
            if chosen.any():
                composites[chosen] = self._next(pool, indices[chosen], seed, stream)
        return self.answer(composites, asked, chance, self.cues.catch_singles, self.cues.flip)

    def _next(self, pool: np.ndarray, indices: np.ndarray, seed: int, stream: int) -> np.ndarray:
        """Composites of a pool, in an order that is new whenever as many images as it holds have passed."""
        rounds = indices // len(pool)
        chosen = np.empty(len(indices), np.int64)
        for number in np.unique(rounds).tolist():
            key = (seed, stream, number)
            if key not in self._orders:
                random = np.random.Generator(np.random.Philox(key=[seed, 2**61 + 2 * number + stream]))
                self._orders = {k: v for k, v in self._orders.items() if k[1] != stream or k[2] >= number - 1}
                self._orders[key] = random.permutation(len(pool))
            here = rounds == number
            chosen[here] = pool[self._orders[key][indices[here] % len(pool)]]
        return chosen

    def answer(
        self, composites: np.ndarray, asked: np.ndarray, chance: np.ndarray, catch: float = 0.0, flip: bool = False
    ) -> SceneBatch:
        """Cues and targets of composites.

        Parameters
        ----------
        composites : (image,) which are shown.
        asked : (image,) number of the cue: none in a whole picture, none, a class, a place, an absent class.
        chance : (image, 12) numbers in [0, 1) that decide about which picture is cued, and how.
        catch : probability that a whole picture is shown with an absent class cued.
        flip : mirror the images with ``chance[:, 10] < 0.5``.
        """
        rows, target = np.arange(len(composites)), self.made.target[composites]
        features = self.cache.read(composites)
        coverage = self._coverage(self.made.box[composites], target >= 0, tuple(features.shape[2:]))
        if flip:
            mirrored = np.flatnonzero(chance[:, 10] < 0.5)
            features[mirrored] = features[mirrored].flip(-1)
            coverage[mirrored] = coverage[mirrored][..., ::-1]
        count = (target >= 0).sum(axis=1)
        parts, looked_for = self.posteriors(composites)
        shown = parts.sum(axis=1) / count[:, None]
        cued = (chance[:, 1] * count).astype(np.int64)
        cued_class = target[rows, cued]
        absent = np.ones((len(rows), self.n_classes + 1), bool)
        absent[rows[:, None], target] = False
        absent = absent[:, :-1]  # class -1 is that of no picture
        nth = (chance[:, 2] * absent.sum(axis=1)).astype(np.int64)
        absent_class = (np.cumsum(absent, axis=1) > nth[:, None]).argmax(axis=1)
        caught = (asked == 4) | ((asked == 0) & (chance[:, 3] < catch))
        overlaid = np.isin(self.made.kind[composites], [KINDS.index(kind) for kind in OVERLAID])
        placed = (asked == 3) & ~overlaid  # a place does not tell which of those that are overlaid is meant
        right = np.where(placed[:, None], parts[rows, cued], shown)
        right = np.where((asked == 2)[:, None], looked_for[rows, cued], right)
        cue_class = np.where(asked == 2, cued_class, np.where(caught, absent_class, -1))
        token_class = (coverage * (target + 1)[..., None, None]).max(axis=1) - 1
        places = place_cues(coverage[rows, cued].astype(np.float32), chance)
        cue_place = np.where((asked == 3)[:, None, None], places, -1).astype(np.float32)
        values = (shown, right, cue_class, cue_place, token_class)
        return SceneBatch(features, *(torch.from_numpy(value) for value in values))

    def _certain(self, composites: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The class of each picture, for certain."""
        eye = np.eye(self.n_classes + 1, dtype=np.float32)[:, :-1]  # class -1 shows nothing
        return (eye[self.made.target[composites]],) * 2

    @staticmethod
    def _coverage(box: np.ndarray, used: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
        """Whether each slot's picture covers each token, (image, slot, token_y, token_x)."""
        y, x = (np.arange(side) * 4 / side for side in grid)
        top, left, height, width = (box[..., k, None] for k in range(4))
        down, across = (y >= top) & (y < top + height), (x >= left) & (x < left + width)
        assert box.shape[1] == SLOTS
        return down[..., :, None] & across[..., None, :] & used[..., None, None]
