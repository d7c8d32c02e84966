"""Half/half images of photographs on disk: of a class folder, or of two given pictures."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from stimuli.drawing import backgrounds
from stimuli.families import halves
from stimuli.foundation.design import crossed
from stimuli.pictures import class_folders
from stimuli.sets import format

__all__ = ["Photographs", "draw"]


@dataclass(frozen=True)
class Photographs:
    """Two photographs side by side, the middle of each in its own proportions.

    Parameters
    ----------
    folder
        Class folder, one folder of photographs a class; or photographs named by what they show, such as cat.jpg.
    photographs
        Two photographs, instead.
    classes
        What the two photographs show; the names of their files, if left out.
    size
        Height and width in pixels, at least 32; the width is even.
    squeeze
        Squeeze whole photographs to half the width instead, as in the paper's figure.
    """

    folder: Path | None = None
    photographs: tuple[Path, Path] | None = None
    classes: tuple[str, str] | None = None
    size: tuple[int, int] = (224, 224)
    squeeze: bool = False

    def __post_init__(self) -> None:
        if (self.folder is None) == (self.photographs is None):
            raise ValueError("halves are made of a class folder or of two photographs: give --folder or --photographs")
        if self.classes is not None and self.photographs is None:
            raise ValueError("--classes names what two photographs show: give --photographs with it")
        halves.HalvesOfPhotographs(self.size)


def draw(parameters: Photographs, n: int, seed: int, first: int = 0) -> xr.Dataset:
    """Draw half/half images of photographs.

    Parameters
    ----------
    parameters : where the photographs come from, and the size.
    n : number of images, at least 1.
    seed : 0 to 2**32 - 1; decides which photographs of a folder meet, and on which sides.
    first : number of the first image.

    Returns
    -------
    Dataset as :func:`stimuli.families.halves.from_class_folder` gives; the mask of an object is its half.

    Raises
    ------
    FileNotFoundError : there is no such folder or photograph.
    ValueError : the folder holds fewer than two classes, a class no photographs, or a photograph cannot be read.
    """
    format.check_request(n, seed)
    if parameters.photographs is not None:
        pictures = [backgrounds.read_picture(path) for path in parameters.photographs]
        names = parameters.classes or tuple(path.stem for path in parameters.photographs)
        both = halves.from_photographs(*pictures, names, parameters.size, parameters.squeeze)
        numbers = np.arange(first, first + n)
        stimuli = both.isel(stimulus=crossed(numbers, (2,), seed, halves.STREAM)[:, 0])
        stimuli["stimulus"] = ("stimulus", numbers, both["stimulus"].attrs)
    else:
        files = class_folders.listed(parameters.folder, or_named=True)
        made_from = halves.HalvesOfPhotographs(parameters.size, parameters.folder.name, parameters.squeeze)
        stimuli = halves.from_class_folder(
            list(files.values()), backgrounds.read_picture, list(files), made_from, n, seed, first
        )
    told = json.dumps(asdict(parameters), default=str)
    source = "given photographs" if parameters.folder is None else f"photographs of {parameters.folder.name}"
    return stimuli.assign_attrs(
        title="stimulus set: halves", family="halves", parameters=told, seed=seed, source=source
    )
