"""Composites of labelled pictures: whole ones, halves as in the paper's figure, and mosaics of two to four.

What each composite shows and where follows from the parameters and its number, before any picture is read.
They are made of pixels: joining the stem's features of two pictures is no substitute, for its receptive
fields reach across the seam (relative difference .43 on CIFAR-10's halves, .95 in the column at the seam, .02
at the far edge).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from stimuli.drawing import backgrounds
from stimuli.sets.resizing import resized

__all__ = ["KINDS", "Composites", "Plan", "alone", "draw", "generator", "plan", "together"]

KINDS = ("whole", "halves", "mosaic", "held-out whole", "held-out halves", "overlay", "held-out overlays")
OVERLAID = ("overlay", "held-out overlays")  # of two pictures, both at every place
SLOTS, CHANCES = 4, 5  # objects at most, and numbers for each: which picture, flip, side that a crop keeps, its place


@dataclass(frozen=True)
class Composites:
    """How many composites of which kind are made of the training pictures.

    Parameters
    ----------
    whole_views
        Views of each whole picture: the first is plain, further ones are flipped and cropped.
    halves
        Pairs of pictures of different classes, each squeezed to half the width as in the paper's figure.
    mosaics
        2 x 2 mosaics of 2 to 4 pictures of different classes; 1/f noise fills what is left.
    held_out
        Pictures of each class that are kept out of all these and measured as the training goes, whole and in
        as many pairs.
    crop
        Smallest share in (0, 1] of its side that a cropped picture keeps; half of the pictures are cropped.
    composition_seed
        Seed of what meets; the same composites serve trainings of every seed.
    """

    whole_views: int = 1
    halves: int = 60_000
    mosaics: int = 25_000
    held_out: int = 100
    crop: float = 0.7
    composition_seed: int = 0

    def __post_init__(self) -> None:
        if self.whole_views < 1 or min(self.halves, self.mosaics, self.held_out, self.composition_seed) < 0:
            raise ValueError(
                "whole_views must be at least 1, halves, mosaics, held_out and composition_seed at least 0, got "
                f"{self.whole_views}, {self.halves}, {self.mosaics}, {self.held_out}, {self.composition_seed}"
            )
        if not 0 < self.crop <= 1:
            raise ValueError(f"crop must be in (0, 1], got {self.crop}")


@dataclass(frozen=True, eq=False)
class Plan:
    """What every composite shows.

    Parameters
    ----------
    kind : (composite,) number in ``KINDS``.
    picture : (composite, slot) number of the picture, -1 for none.
    target : (composite, slot) its class, -1 for none.
    box : (composite, slot, 4) top, left, height and width in quarters of the side of the composite.
    chance : (composite, slot, number) how a picture is varied: whether it is flipped, the share of its side
        that a crop keeps, where the crop lies; the first is negative where it is not varied.
    """

    kind: np.ndarray
    picture: np.ndarray
    target: np.ndarray
    box: np.ndarray
    chance: np.ndarray

    def __len__(self) -> int:
        return len(self.kind)


def plan(composites: Composites, targets: np.ndarray, n_classes: int) -> Plan:
    """Decide what meets whom: the held-out composites first, then whole pictures, halves and mosaics.

    At least four classes are needed, and enough pictures for those that are held out.
    """
    seed, held = composites.composition_seed, composites.held_out
    if n_classes < SLOTS:
        raise ValueError(f"mosaics of 4 pictures need as many classes, got {n_classes}")
    fewest = np.bincount(targets, minlength=n_classes).min()
    if held >= fewest:
        raise ValueError(f"a class has {fewest} pictures, of which {held} cannot be held out: give a smaller held_out")
    order = generator(seed, 0).permutation(len(targets))
    by_class = [np.sort(order[targets[order] == c][:held]) for c in range(n_classes)]
    out = np.concatenate(by_class)
    kept = np.setdiff1d(np.arange(len(targets)), out)
    parts = [alone(3, out, targets), together(4, len(out), out, targets, n_classes, seed)]
    for view in range(composites.whole_views):
        chance = generator(seed, 10 + view).random((len(kept), CHANCES)) if view else None
        parts.append(alone(0, kept, targets, chance))
    parts.append(together(1, composites.halves, kept, targets, n_classes, seed))
    parts.append(together(2, composites.mosaics, kept, targets, n_classes, seed))
    made = Plan(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
    side = np.maximum(made.chance[..., 2] * 2 - 1, 0)  # 0 for the half that is not cropped
    made.chance[..., 2] = np.where(side > 0, composites.crop + (1 - composites.crop) * side, 1)
    return made


def draw(composite: int, made: Plan, size: int, seed: int, read: Callable[[int], Image.Image]) -> np.ndarray:
    """Make a composite, (y, x, channel) uint8 of ``size``, a multiple of 4; ``read`` gives 8-bit RGB.

    Where two pictures fill it, each counts for one half at every place.
    """
    slots = np.flatnonzero(made.picture[composite] >= 0)
    boxes = made.box[composite] * (size // 4)
    if boxes[slots, 2:].prod(axis=1).sum() < size**2:
        ground = backgrounds.fill(backgrounds.NOISE, (size, size), seed, composite)
        image = np.rint(np.clip(ground, 0, 1) * 255).astype(np.uint8)
    else:
        image = np.empty((size, size, 3), np.uint8)
    for slot in slots:
        top, left, height, width = boxes[slot]
        picture = _varied(np.asarray(read(int(made.picture[composite, slot]))), made.chance[composite, slot])
        picture = resized(picture, (int(height), int(width)))
        place = np.s_[top : top + height, left : left + width]
        overlaid = slot > slots[0] and KINDS[made.kind[composite]] in OVERLAID
        image[place] = (image[place].astype(np.uint16) + picture + 1) // 2 if overlaid else picture
    return image


def _varied(picture: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """A picture flipped or cropped, as its numbers say."""
    if chance[0] < 0:
        return picture
    _, flip, side, y, x = chance
    height, width = (max(1, round(length * float(side))) for length in picture.shape[:2])
    top, left = int(y * (picture.shape[0] - height + 1)), int(x * (picture.shape[1] - width + 1))
    cropped = picture[top : top + height, left : left + width]
    return np.ascontiguousarray(cropped[:, ::-1] if flip < 0.5 else cropped)


def alone(kind: int, pictures: np.ndarray, targets: np.ndarray, chance: np.ndarray | None = None) -> tuple:
    """Composites of one picture that fills them, as the arrays of a plan."""
    n = len(pictures)
    picture = np.full((n, SLOTS), -1)
    picture[:, 0] = pictures
    box = np.zeros((n, SLOTS, 4), np.int64)
    box[:, 0] = (0, 0, 4, 4)
    varied = np.full((n, SLOTS, CHANCES), -1.0)
    if chance is not None:
        varied[:, 0] = chance
    return np.full(n, kind), picture, np.where(picture < 0, -1, targets[picture]), box, varied


def together(kind: int, n: int, pool: np.ndarray, targets: np.ndarray, n_classes: int, seed: int) -> tuple:
    """Composites of pictures of different classes: two halves, two overlaid, or two to four quarters."""
    chance = generator(seed, 100 + kind).random((n, n_classes + SLOTS * (CHANCES + 1) + 1))
    classes = np.argsort(chance[:, :n_classes], axis=1)[:, :SLOTS]
    each, count = chance[:, n_classes:-1].reshape(n, SLOTS, CHANCES + 1), 2 + (chance[:, -1] * 3).astype(np.int64)
    picture = np.full((n, SLOTS), -1)
    for c in range(n_classes):
        members = pool[targets[pool] == c]
        here = classes == c
        picture[here] = members[(each[here][:, 0] * len(members)).astype(np.int64)]
    box = np.zeros((n, SLOTS, 4), np.int64)
    if KINDS[kind] != "mosaic":
        count[:] = 2
        overlaid = KINDS[kind] in OVERLAID
        box[:, 0], box[:, 1] = ((0, 0, 4, 4),) * 2 if overlaid else ((0, 0, 4, 2), (0, 2, 4, 2))
    else:
        cells = np.argsort(each[:, :, -1], axis=1)
        box[..., 0], box[..., 1], box[..., 2:] = cells // 2 * 2, cells % 2 * 2, 2
    picture[np.arange(SLOTS) >= count[:, None]] = -1
    varied = (
        each[..., :CHANCES].copy() if KINDS[kind] in ("halves", "mosaic") else np.full_like(each[..., :CHANCES], -1)
    )
    return np.full(n, kind), picture, np.where(picture < 0, -1, targets[picture]), box, varied


def generator(seed: int, stream: int) -> np.random.Generator:
    """Give a source of what is composed."""
    return np.random.Generator(np.random.Philox(key=[seed, stream]))
