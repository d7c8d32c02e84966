"""Families: the stimuli that probes draw themselves, at the size that a model takes."""

from __future__ import annotations

from functools import partial

from experiments.probe import Stimuli
from stimuli.families import FAMILIES

__all__ = ["FAMILIES", "drawn"]


def drawn(family: str, n: int, seed: int, size: tuple[int, int], **changes) -> Stimuli:
    """Give stimuli of a family that are drawn when they are shown.

    Parameters
    ----------
    family : name of a stimulus family.
    n : number of stimuli.
    seed : seed of the stimuli.
    size : height and width in pixels.
    changes : fields of the family's dataclass, where they are not those above.
    """
    found = FAMILIES[family]
    part = partial(found.draw, found.sized(size, **changes))
    return Stimuli(lambda first, n: part(n, seed, first), n)
