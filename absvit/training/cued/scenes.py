"""Embedded scenes as training data: what is shown, what is cued, and what the right answer is.

Everything about image ``i`` follows from (seed, i) and from how far training has come.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stimuli.families import objects
from stimuli.sets.format import TRAINING_SEED

__all__ = ["Scenes", "SceneBatch", "image_generator", "place_cues"]

KINDS = ("single", "pair", "class cue", "place cue", "absent cue")
N_CLASSES = len(objects.CATEGORIES)


class SceneBatch(NamedTuple):
    """One batch: images and, for both passes, the right answers.

    Parameters
    ----------
    images : (image, channel, y, x), pixels in [-1, 1].
    shown : (image, class) share of each class among the objects shown: target of the bottom-up pass.
    asked : (image, class) target of the second pass: the cued object, or what is shown where nothing is cued.
    cue_class : (image,) class that the prior cues, -1 where it cues none.
    cue_place : (image, token_y, token_x) weights in [0, 1] of a place cue; negative where there is none.
    token_class : (image, token_y, token_x) class of the object that covers most of a token, -1 on background.
    """

    images: Tensor
    shown: Tensor
    asked: Tensor
    cue_class: Tensor
    cue_place: Tensor
    token_class: Tensor


@dataclass(frozen=True)
class Scenes:
    """Mixture of scenes.

    Parameters
    ----------
    shares
        Share of the batch with a single object, two objects uncued, two objects with one cued by class, by
        place, and two objects with an absent class cued (the catch trials). They sum to 1.
    catch_singles
        Probability in [0, 1] that a single object is shown with an absent class cued.
    conflict_from, conflict_to
        Shares of training between which hue conflict grows from 0 to ``conflict``:
        hue teaches the categories first, then loses its validity, so that shape must be learned.
    conflict
        Final probability in [0, 1] that an object's hue is random.
    size
        Image height and width in pixels.
    patch
        Side of a token in pixels.
    """

    shares: tuple[float, float, float, float, float] = (0.2, 0.1, 0.35, 0.15, 0.2)
    catch_singles: float = 0.3
    conflict_from: float = 0.2
    conflict_to: float = 0.4
    conflict: float = 0.6
    size: int = 112
    patch: int = 8

    def __post_init__(self) -> None:
        if min(self.shares) < 0 or abs(sum(self.shares) - 1) > 1e-6:
            raise ValueError(f"shares must not be negative and sum to 1, got {self.shares}")

    def batch(self, indices: np.ndarray, seed: int, progress: float) -> SceneBatch:
        """Draw the images with the given numbers.

        Parameters
        ----------
        indices : (image,) numbers of the images in the whole training.
        seed : seed of the training; its images are disjoint from every stimulus set's.
        progress : how far training has come, in [0, 1].
        """
        seed = seed + TRAINING_SEED
        chance = np.stack([image_generator(seed, index).random(12) for index in indices.tolist()])
        kind = np.minimum(np.searchsorted(np.cumsum(self.shares), chance[:, 0], side="right"), len(KINDS) - 1)
        ramp = np.clip((progress - self.conflict_from) / max(self.conflict_to - self.conflict_from, 1e-9), 0, 1)
        look = objects.Objects(size=(self.size, self.size), hue_conflict=float(self.conflict * ramp))
        order = np.concatenate([np.flatnonzero(kind == 0), np.flatnonzero(kind > 0)])
        parts = [
            objects.render(replace(look, n_objects=n), seed, indices[chosen], _classes(chance[chosen], n))
            for n, chosen in ((1, kind == 0), (2, kind > 0)) if chosen.any()
        ]  # fmt: skip
        return self._answer(parts, kind[order], chance[order])

    def _answer(self, parts: list[dict], kind: np.ndarray, chance: np.ndarray) -> SceneBatch:
        """Cues and targets of the drawn scenes."""
        n = len(kind)
        rows = np.arange(n)
        first = np.concatenate([part["object_class"][:, 0] for part in parts]).astype(np.int64)
        last = np.concatenate([part["object_class"][:, -1] for part in parts]).astype(np.int64)
        shown = np.zeros((n, N_CLASSES), np.float32)
        np.add.at(shown, (rows, first), 0.5)
        np.add.at(shown, (rows, last), 0.5)
        cued = (chance[:, 1] < 0.5).astype(np.int64)  # which of the two objects is cued, if any
        cued_class = np.where(cued == 0, first, last)
        absent = _absent_class(first, last, chance[:, 2])
        catch = (kind == 4) | ((kind == 0) & (chance[:, 3] < self.catch_singles))
        asked = np.where(((kind == 2) | (kind == 3))[:, None], np.eye(N_CLASSES, dtype=np.float32)[cued_class], shown)
        cue_class = np.where(kind == 2, cued_class, np.where(catch, absent, -1))
        coverage = [self._token_coverage(part["object_mask"]) for part in parts]
        coverage = np.concatenate([np.stack([c[:, 0], c[:, -1]], 1) for c in coverage])
        token_class = np.where(coverage[:, 0] >= coverage[:, 1], first[:, None, None], last[:, None, None])
        token_class[coverage.max(1) < 0.3] = -1
        places = place_cues(coverage[rows, cued], chance)
        cue_place = np.where((kind == 3)[:, None, None], places, -1).astype(np.float32)
        pixels = np.concatenate([part["image"] for part in parts])
        images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
        values = (shown, asked, cue_class, cue_place, token_class)
        return SceneBatch(images, *(torch.from_numpy(value) for value in values))

    def _token_coverage(self, masks: np.ndarray) -> np.ndarray:
        """Share of each token that each object covers, (image, object, token_y, token_x)."""
        n, k, height, width = masks.shape
        p = self.patch
        return masks.reshape(n, k, height // p, p, width // p, p).mean(axis=(3, 5), dtype=np.float32)


def place_cues(coverage: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Place cues of two kinds: the dilated object, and a Gaussian spotlight near it.

    Parameters
    ----------
    coverage : (image, token_y, token_x) share of each token that the cued object covers.
    chance : (image, 8 or more) numbers in [0, 1); those from the fifth to the eighth decide.

    Returns
    -------
    (image, token_y, token_x) weights in [0, 1].
    """
    n, rows, columns = coverage.shape
    padded = np.pad(coverage > 0, ((0, 0), (1, 1), (1, 1)))
    dilated = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2)).any(axis=(-2, -1))
    y, x = np.mgrid[:rows, :columns]
    mass = coverage.sum(axis=(1, 2)) + 1e-6
    jitter = (chance[:, 5:7] - 0.5) * 3
    centre_y = (coverage * y).sum(axis=(1, 2)) / mass + jitter[:, 0]
    centre_x = (coverage * x).sum(axis=(1, 2)) / mass + jitter[:, 1]
    sd = (1.5 + 2.5 * chance[:, 7])[:, None, None]
    distance = (y - centre_y[:, None, None]) ** 2 + (x - centre_x[:, None, None]) ** 2
    spotlight = np.exp(-distance / (2 * sd**2))
    return np.where((chance[:, 4] < 0.5)[:, None, None], dilated, spotlight)


def image_generator(seed: int, index: int) -> np.random.Generator:
    """Give the source of what is asked of an image.

    Parameters
    ----------
    seed : of the training.
    index : number of the image; an offset keeps the source apart from the one that draws the image.
    """
    return np.random.Generator(np.random.Philox(key=[seed, index + 2**62]))


def _classes(chance: np.ndarray, n_objects: int) -> np.ndarray:
    """Categories (image, object), different within an image."""
    first = (chance[:, 8] * N_CLASSES).astype(np.int64)
    second = (first + 1 + (chance[:, 9] * (N_CLASSES - 1)).astype(np.int64)) % N_CLASSES
    return np.stack([first, second], axis=1)[:, :n_objects]


def _absent_class(first: np.ndarray, last: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """A class that is not shown, uniform among those."""
    low, high = np.minimum(first, last), np.maximum(first, last)
    n_absent = N_CLASSES - 1 - (low != high)
    absent = (chance * n_absent).astype(np.int64)
    absent += absent >= low
    return absent + ((absent >= high) & (low != high))
