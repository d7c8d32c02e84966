"""Displays: the stimuli of a family at the size that a model takes, or of a stimulus set."""

from __future__ import annotations

from torch import nn

from experiments.families import drawn
from experiments.probe import Stimuli
from experiments.source import Source, set_of

__all__ = ["DISPLAYS", "display"]

DISPLAYS = {  # family of each probe
    "object_prior": "scenes",
    "spatial_prior": "cueing",
    **{name: name for name in ("search", "navon", "contours", "crowding")},
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
    return drawn(DISPLAYS[probe], source.n, source.seed, size)
