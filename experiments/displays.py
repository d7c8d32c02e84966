"""Displays: the stimuli of a family at the size that a model takes, or of a stimulus set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from torch import nn

from experiments.sources import Source, set_of
from experiments.trials import Stimuli
from stimuli import contours, crowding, cueing, navon, objects, scenes, search

__all__ = ["DISPLAYS", "display"]

# A micro model sees 14 x 14 tokens and was trained on objects of 0.14 to 0.28 of the image height: items are as large
# as the displays hold.
DISPLAYS: dict[str, tuple[Callable, object]] = {
    "object_prior": (scenes.draw, scenes.Scenes()),
    "spatial_prior": (cueing.draw, cueing.Cueing(cue="central", places=4, distractors=3)),
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


def display(probe: str, source: Source, model: nn.Module) -> Stimuli:
    """Give a probe's stimuli.

    Parameters
    ----------
    probe : name of the probe.
    source : number and seed, or a stimulus set.
    model : gives the size in pixels.

    Raises
    ------
    FileNotFoundError, ValueError : photographs are asked for, or a stimulus set is missing or of another size.
    """
    size = tuple(model.patch_embed.img_size)
    if source.folder is not None or source.photographs is not None:
        raise ValueError(
            f"{probe} shows its own displays or a stimulus set: leave out --folder and --photographs, or make a set "
            "of photographed objects (python -m stimuli natural)"
        )
    if source.stimuli is not None:
        return set_of(source, size)
    draw, parameters = DISPLAYS[probe]
    if isinstance(parameters, scenes.Scenes):
        parameters = replace(parameters, scene=objects.Objects(size=size))
    else:
        parameters = replace(parameters, size=size)
    part = partial(draw, parameters)
    return Stimuli(lambda first, n: part(n, source.seed, first), source.n)
