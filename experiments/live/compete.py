"""One bistable picture at every mix of its two readings, under a cue for either."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from torch import nn

from absvit.records.vocabulary import described
from experiments.live.look import MAPS, Cue, look
from experiments.live.pictures import Family, known_readings, saw_squeezed, two_readings
from experiments.observers import observer_of

__all__ = ["compete"]


def compete(
    model: nn.Module,
    family: Family,
    number: int,
    mixes: Sequence[float],
    gain: float | None = None,
    iterations: int = 1,
    folder: Path | None = None,
    kinds: Sequence[str] = MAPS,
) -> xr.Dataset:
    """Show one bistable picture at several mixes, uncued and with a class cue for either reading.

    Parameters
    ----------
    model : AbSViT that knows the classes of the embedded objects, or those of the folder.
    family, number, folder : of the picture, as ``two_readings``; halves are the same at every mix.
    mixes : weights of the second reading, each in [0, 1].
    gain : gain of the class cues; the model's default if left out.
    iterations, kinds : feedback passes, at least 1, and maps to keep, as ``look``.

    Returns
    -------
    Record in memory as ``look`` gives, a stimulus for each mix, with the coordinates mix, class_1, class_2
    and cue: ``measures.object_1_share`` of it is the dominance of the first reading.
    """
    observer = observer_of(model)
    how = {"folder": folder, "squeeze": saw_squeezed(observer)}
    sets = [two_readings(family, number, mix, observer.size, **how) for mix in mixes]
    names, classes = known_readings(observer, sets[0])
    cues = {"none": Cue("learned")} | {f"class {k}": Cue("class", names[k - 1], gain=gain) for k in (1, 2)}
    record = look(observer, np.concatenate([drawn["image"].values for drawn in sets]), cues, iterations, kinds)
    n = len(sets)
    known = record.assign_coords(
        mix=("stimulus", np.array(mixes, float)),
        class_1=("stimulus", np.full(n, classes[0])),
        class_2=("stimulus", np.full(n, classes[1])),
        cue=("prior", np.array([0, 1, 2])),
    )
    return described(known)
