"""Plan of pairs: which pictures meet side by side or one over the other, and which kinds no training sees.

Pictures are drawn over kinds evenly, whatever number of each there is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from absvit.training.cued.composite_plan import KINDS, SLOTS, Plan, alone, generator, together

__all__ = ["Pairs", "plan_pairs"]


@dataclass(frozen=True)
class Pairs:
    """How many pairs are made of how many pictures.

    Parameters
    ----------
    pictures
        Pictures that are shown whole, and meet in pairs.
    halves
        Pairs side by side, each picture squeezed to half the width.
    overlays
        Pairs one over the other, of one half each at every place.
    held_out
        Pictures of the held-out kinds; they are measured as the training goes, whole, in as many halves and
        in as many overlays.
    every, first
        Kinds that are held out: every so manieth class of the host, counted from this one. No training
        picture shows them.
    composition_seed
        Seed of what meets; the same pairs serve trainings of every seed.
    """

    pictures: int = 4000
    halves: int = 6000
    overlays: int = 3000
    held_out: int = 250
    every: int = 8
    first: int = 3
    composition_seed: int = 0

    def __post_init__(self) -> None:
        some, none = (self.pictures, self.halves + self.overlays), (self.halves, self.overlays, self.held_out)
        if min(some) < 1 or min(none) < 0:
            raise ValueError(
                "pictures must be at least 1, halves, overlays and held_out at least 0, not both of the "
                f"former, got {self.pictures}, {self.halves}, {self.overlays}, {self.held_out}"
            )
        if not 0 <= self.first < self.every or self.composition_seed < 0:
            raise ValueError(
                f"first must be in [0, every), composition_seed at least 0, got first {self.first}, every "
                f"{self.every}, composition_seed {self.composition_seed}"
            )

    def holds_out(self, classes: np.ndarray) -> np.ndarray:
        """Tell which classes of the host are held out."""
        return classes % self.every == self.first


def plan_pairs(pairs: Pairs, targets: np.ndarray) -> Plan:
    """Decide what meets whom: the held-out composites first, then whole pictures, halves and overlays.

    Parameters
    ----------
    pairs : how many.
    targets : (picture,) class of each picture, as the host counts them.

    Raises
    ------
    ValueError : fewer than four kinds to train on, or to hold out.
    """
    held, n, seed = pairs.holds_out(targets), pairs.held_out, pairs.composition_seed
    sides = [(~held, "", pairs.pictures, (pairs.halves, pairs.overlays), ("whole", "halves", "overlay"))]
    if n:
        sides.insert(0, (held, "held-out ", n, (n, n), ("whole", "halves", "overlays")))
    parts = []
    for here, which, number, counts, names in sides:
        pictures = _drawn(np.flatnonzero(here), targets, number, seed)
        kinds, compact = np.unique(targets[pictures], return_inverse=True)
        if len(kinds) < SLOTS:
            raise ValueError(
                f"pairs need pictures of at least {SLOTS} {which}kinds, got {len(kinds)} (held out are those "
                f"with number % {pairs.every} == {pairs.first}): give pictures of more kinds, or other --every "
                "and --first"
            )
        local = np.full(len(targets), -1)
        local[pictures] = compact
        whole, *both = (KINDS.index(f"{which}{name}") for name in names)
        parts.append(alone(whole, pictures, targets))
        parts += [
            together(kind, count, pictures, local, len(kinds), seed)
            for kind, count in zip(both, counts, strict=True) if count
        ]  # fmt: skip
    kind, picture, _, box, chance = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return Plan(kind, picture, np.where(picture < 0, -1, targets[picture]), box, np.full_like(chance, -1))


def _drawn(pictures: np.ndarray, targets: np.ndarray, number: int, seed: int) -> np.ndarray:
    """Pictures in turn of each kind: no kind's second one before the first of all kinds."""
    order = generator(seed, 1).permutation(pictures)
    by_kind = np.argsort(targets[order], kind="stable")
    counts = np.unique(targets[order], return_counts=True)[1]
    turn = np.empty(len(order), np.int64)
    turn[by_kind] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    return order[np.argsort(turn, kind="stable")][:number]
