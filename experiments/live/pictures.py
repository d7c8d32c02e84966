"""The embedded pictures by name and number, and photographs, at the size that a model takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import xarray as xr
from PIL import Image
from torch import nn

from absvit.images import denormalise, read_photograph, transform_for
from absvit.models.class_names import class_indices
from experiments.observers import Observer, observer_of
from stimuli.families import halves, morph, objects, overlay
from stimuli.pictures import examples
from stimuli.pictures.photographs import Pictures

__all__ = [
    "FAMILIES",
    "GRADED",
    "PICTURES",
    "Family",
    "fitted",
    "known_readings",
    "photographed",
    "picture",
    "saw_squeezed",
    "two_readings",
]

Family = Literal["halves", "overlay", "morph"]
FAMILIES = get_args(Family)
PICTURES = (*FAMILIES, "photographs", "objects", "pairs")
GRADED = ("overlay", "morph")  # their readings can be mixed in any proportion
STEPS = 101  # of a morph, a picture for every hundredth
ELONGATED = 100  # times the shorter side, a longer side that nobody means


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
    family : "halves", two objects side by side; "overlay", one shining through the other; "morph", one
        turning into the other.
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
            f"expected one of {', '.join(FAMILIES)}, a number of at least 0 and a mix in [0, 1]; got "
            f"{family!r}, {number}, {mix}"
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


def known_readings(model: nn.Module | Observer, shown: xr.Dataset) -> tuple[list[str], np.ndarray]:
    """Names of a set's two readings and their indices (2,) in a model's classes, which it must know."""
    names = [shown.attrs["categories"][index] for index in shown["object_class"].values[0]]
    classes = class_indices(observer_of(model), names)
    if (classes < 0).any():
        other = "choose one trained on the embedded objects, or a class folder of photographs that it knows"
        raise ValueError(f"the model does not know {' and '.join(names)}: {other}")
    return names, classes


def saw_squeezed(model: nn.Module | Observer) -> bool:
    """Tell whether a model was trained on photographs that were squeezed to their half, as its card says.

    It is shown them in the same way: the bundled model of photographs tells those that are cut much worse.
    """
    return bool(observer_of(model).facts.get("squeezed", False))


def picture(name: str, number: int, model: nn.Module | Observer, folder: Path | None = None) -> np.ndarray:
    """Give one of the embedded pictures (y, x, channel) uint8 at the size that a model takes.

    Parameters
    ----------
    name : a family of two readings; "objects" for one object, "pairs" for two side by side in one scene; or
        "photographs", four of them over and over.
    number : number of the picture, at least 0.
    model : gives the size.
    folder : photographs for a family of two readings, as ``two_readings``.
    """
    size = observer_of(model).size
    if name in FAMILIES:
        shown = two_readings(name, number, 0.5, size, folder=folder, squeeze=saw_squeezed(model))
        return shown["image"].values[0]
    if name not in PICTURES:
        raise ValueError(f"expected one of {', '.join(PICTURES)}, got {name!r}")
    if name == "photographs":
        return fitted(Image.fromarray(examples.read(number)), model)
    scene = objects.Objects(size=size, n_objects=1 if name == "objects" else 2)
    return objects.draw(scene, 1, 0, number)["image"].values[0]


def photographed(
    paths: str | Path | Sequence[str | Path],
    model: nn.Module | Observer,
    family: Literal["halves", "overlay"] = "halves",
    mix: float = 0.5,
    squeeze: bool | None = None,
) -> np.ndarray:
    """Give a photograph, or two in one picture, (y, x, channel) uint8, at the size that a model takes.

    Parameters
    ----------
    paths : one picture file or two, the first of which is at the left, or below.
    model : gives the size; one photograph is resized and cropped as in its evaluation.
    family : of two, "halves" side by side, or an "overlay" of one shining through the other.
    mix : weight of the second photograph of an overlay, in [0, 1].
    squeeze : squeeze two photographs to their place, instead of cutting their middle out; as the model was
        trained, if left out.

    Raises
    ------
    FileNotFoundError, ValueError : there is no such file, or it is no picture; more than two of them.
    """
    files = [paths] if isinstance(paths, str | Path) else list(paths)
    if len(files) not in (1, 2):
        raise ValueError(f"a picture is made of one photograph or two, got {len(files)}")
    shown = [read_photograph(path) for path in files]
    if len(shown) == 1:
        return fitted(shown[0], model)
    squeeze = saw_squeezed(model) if squeeze is None else squeeze
    names, size, both = ("first", "second"), observer_of(model).size, [np.asarray(one) for one in shown]
    pictures = Pictures(photographs=tuple(map(Path, files)), classes=names, squeeze=squeeze)
    if family == "halves":
        made = halves.from_photographs(*both, names, halves.HALVES.sized(size, pictures=pictures))
    else:
        scene = replace(overlay.Overlay().scene, size=size)
        made = overlay.from_photographs(*both, names, overlay.Overlay(scene, (mix,), pictures))
    return made["image"].values[0]


def fitted(photograph: Image.Image, model: nn.Module | Observer) -> np.ndarray:
    """Bring a photograph in mode RGB to the pixels (y, x, channel) uint8 that a model looks at.

    It is resized and cropped as in the model's evaluation.

    Raises
    ------
    ValueError : it is so elongated that its middle alone would be seen, and resizing it take all memory.
    """
    observer, sides = observer_of(model), photograph.size
    if max(sides) > ELONGATED * min(sides):
        raise ValueError(
            f"a photograph of {sides[0]} x {sides[1]} pixels (width x height) is longer than {ELONGATED} times its "
            "shorter side: cut out the part that is to be seen"
        )
    told = {"input_size": (3, *observer.size), "mean": observer.mean, "std": observer.std}
    batch = transform_for({**observer.facts, **told})(photograph)[None]
    return (denormalise(batch, observer.mean, observer.std)[0] * 255 + 0.5).astype(np.uint8)
