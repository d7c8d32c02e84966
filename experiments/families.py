"""Families: the stimuli that probes draw themselves, at the size that a model takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from experiments.probe import Stimuli
from stimuli.families import (  # fmt: skip
    ambiguous,
    contours,
    crowding,
    cueing,
    halves,
    morph,
    navon,
    objects,
    overlay,
    scenes,
    search,
)

__all__ = ["FAMILIES", "drawn"]

# A micro model sees 14 x 14 tokens and was trained on objects of 0.14 to 0.28 of the image height: items are as large
# as the displays hold.
FAMILIES: dict[str, tuple[Callable, object]] = {
    "objects": (objects.draw, objects.Objects()),
    "scenes": (scenes.draw, scenes.Scenes()),
    "halves": (halves.draw, halves.Halves()),
    "overlay": (overlay.draw, overlay.Overlay()),
    "morph": (morph.draw, morph.Morph()),
    "ambiguous": (ambiguous.draw, ambiguous.Ambiguous()),
    "cueing": (cueing.draw, cueing.Cueing(cue="none", places=4, distractors=3)),
    "search": (
        search.draw,
        search.Search(kind="form", set_sizes=(2, 4, 8), forms=("triangle", "cross"), hues=(60.0, 120.0), radius=0.1),
    ),
    "navon": (navon.draw, navon.Navon()),
    "contours": (contours.draw, contours.Contours(rotation=15.0)),
    "crowding": (
        crowding.draw,
        crowding.Crowding(
            spacings=(0.7, 0.85, 1.0, 1.15, 1.3), arrangement="tangential", eccentricity=0.3, radius=0.1, coloured=True
        ),
    ),
}


def drawn(family: str, n: int, seed: int, size: tuple[int, int], **changes) -> Stimuli:
    """Give stimuli of a family that are drawn when they are shown.

    Parameters
    ----------
    family : one of ``FAMILIES``.
    n : number of stimuli.
    seed : seed of the stimuli.
    size : height and width in pixels.
    changes : fields of the family's dataclass, where they are not those above.
    """
    draw, parameters = FAMILIES[family]
    where = {"scene": replace(parameters.scene, size=size)} if hasattr(parameters, "scene") else {"size": size}
    part = partial(draw, replace(parameters, **where, **changes))
    return Stimuli(lambda first, n: part(n, seed, first), n)
