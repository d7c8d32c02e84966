"""Competing: the embedded pictures by name, and one bistable picture at every mix of its two readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import xarray as xr
from PIL import Image
from torch import nn

from absvit.records.vocabulary import described
from experiments.live.look import MAPS, Cue, fitted, look
from experiments.observers import class_indices
from stimuli.families import halves, morph, objects, overlay
from stimuli.pictures import examples
from stimuli.pictures.photographs import Pictures

__all__ = ["FAMILIES", "GRADED", "PICTURES", "compete", "picture", "saw_squeezed", "two_readings"]

Family = Literal["halves", "overlay", "morph"]
FAMILIES = get_args(Family)
PICTURES = (*FAMILIES, "photographs", "objects", "pairs")
GRADED = ("overlay", "morph")  # their readings can be mixed in any proportion
STEPS = 101  # of a morph, a picture for every hundredth


def two_readings(
    family: Family,
    number: int,
    mix: float = 0.5,
    size: tuple[int, int] = (112, 112),
    seed: int = 0,
    folder: Path | None = None,
    squeeze: bool = False,
) -> xr.Dataset:
    """Draw one bistable picture of the embedded objects, or of photographs.

    Parameters
    ----------
    family : "halves", two objects side by side; "overlay", one shining through the other; "morph", one turning
        into the other.
    number : number of the picture; the same one has the same objects at every mix.
    mix : weight of the second reading in [0, 1]; halves have none.
    size : height and width in pixels.
    seed : 0 to 2**32 - 1.
    folder : photographs instead of the embedded objects: a class folder, or pictures named by what they show.
    squeeze : squeeze photographs to their place, instead of cutting their middle out.

    Returns
    -------
    Stimulus set of one picture.

    Raises
    ------
    FileNotFoundError, ValueError : another family, a mix outside [0, 1], or no photographs in the folder.
    """
    pictures = Pictures(folder, squeeze=squeeze and folder is not None)
    if family not in FAMILIES or not 0 <= mix <= 1 or number < 0:
        raise ValueError(
            f"expected one of {', '.join(FAMILIES)}, a number of at least 0 and a mix in [0, 1]; got {family!r}, "
            f"{number}, {mix}"
        )
    if family == "halves":
        return halves.draw(halves.HALVES.sized(size, pictures=pictures), 1, seed, number)
    if family == "overlay":
        scene = replace(overlay.Overlay().scene, size=size)
        return overlay.draw(overlay.Overlay(scene, (mix,), pictures), 1, seed, number)
    graded = morph.Morph(replace(morph.Morph().scene, size=size), STEPS, pictures=pictures)
    step, first = round(mix * (STEPS - 1)), 2 * number * STEPS
    shown = morph.draw(graded, 1, seed, first + step)  # of each two sequences one ascends
    return shown if shown["direction"].item() == "ascending" else morph.draw(graded, 1, seed, first + STEPS + step)


def saw_squeezed(model: nn.Module) -> bool:
    """Tell whether a model was trained on photographs that were squeezed to their half, as its card says.

    It is shown them in the same way: the bundled model of photographs tells those that are cut much worse.

    Parameters
    ----------
    model : that looks.
    """
    return bool(getattr(model, "card", {}).get("squeezed", False))


def picture(name: str, number: int, model: nn.Module, folder: Path | None = None) -> np.ndarray:
    """Give one of the embedded pictures, or one of two readings of photographs, at the size that a model takes.

    Parameters
    ----------
    name : a family of two readings; "objects" for one object, "pairs" for two side by side in one scene; or
        "photographs", four of them over and over.
    number : number of the picture, at least 0.
    model : gives the size.
    folder : photographs for a family of two readings, as ``two_readings``.

    Returns
    -------
    (y, x, channel) uint8.

    Raises
    ------
    FileNotFoundError, ValueError : another name, or no photographs in the folder.
    """
    size = tuple(model.patch_embed.img_size)
    if name in FAMILIES:
        shown = two_readings(name, number, 0.5, size, folder=folder, squeeze=saw_squeezed(model))
        return shown["image"].values[0]
    if name not in PICTURES:
        raise ValueError(f"expected one of {', '.join(PICTURES)}, got {name!r}")
    if name == "photographs":
        return fitted(Image.fromarray(examples.read(number)), model)
    scene = objects.Objects(size=size, n_objects=1 if name == "objects" else 2)
    return objects.draw(scene, 1, 0, number)["image"].values[0]


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
    family : as ``two_readings``; halves are the same at every mix.
    number : number of the picture.
    mixes : weights of the second reading, each in [0, 1].
    gain : gain of the class cues; the model's default if left out.
    iterations : feedback passes, at least 1.
    folder : class folder of photographs, instead of the embedded objects.
    kinds : maps to keep, as ``looking.look``.

    Returns
    -------
    Record in memory as ``looking.look`` gives, a stimulus for each mix, with the coordinates mix, class_1, class_2
    and cue: ``measures.object_1_share`` of it is the dominance of the first reading.

    Raises
    ------
    ValueError : the model does not know the classes, or as ``two_readings``.
    """
    size = tuple(model.patch_embed.img_size)
    sets = [two_readings(family, number, mix, size, folder=folder, squeeze=saw_squeezed(model)) for mix in mixes]
    names = [sets[0].attrs["categories"][index] for index in sets[0]["object_class"].values[0]]
    classes = class_indices(model, names)
    if (classes < 0).any():
        other = "choose one trained on the embedded objects, or a class folder of photographs that it knows"
        raise ValueError(f"the model does not know {' and '.join(names)}: {other}")
    cues = {"none": Cue("learned")} | {f"class {k}": Cue("class", names[k - 1], gain=gain) for k in (1, 2)}
    record = look(model, np.concatenate([drawn["image"].values for drawn in sets]), cues, iterations, kinds)
    n = len(sets)
    known = record.assign_coords(
        mix=("stimulus", np.array(mixes, float)),
        class_1=("stimulus", np.full(n, classes[0])),
        class_2=("stimulus", np.full(n, classes[1])),
        cue=("prior", np.array([0, 1, 2])),
    )
    return described(known)
