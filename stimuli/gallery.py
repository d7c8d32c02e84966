"""A gallery: one contact sheet of every family, with its default parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import xarray as xr
from PIL import Image
from tqdm.auto import tqdm

from stimuli import corruptions
from stimuli.corruptions.folder_job import Corrupting, corrupt_folder, prepared
from stimuli.drawing.backgrounds import read_picture
from stimuli.families import cutout_scenes, halves_of_photographs
from stimuli.pictures import examples
from stimuli.sets import format, sheet

__all__ = ["write"]

TILE = 128


def write(draws: Mapping[str, Callable[[int, int], xr.Dataset]], out: Path, n: int, columns: int) -> list[Path]:
    """Write the contact sheets.

    Parameters
    ----------
    draws : function of (n, seed) that draws a family, by its name. Those of photographs and the corruptions, which
        need pictures, are added, with photographs that come with scikit-image.
    out : folder of the sheets, NAME.jpg; sheets that are there are replaced.
    n : number of stimuli of each.
    columns : pictures in a row.

    Returns
    -------
    The files.
    """
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as place:
        work = Path(place)
        examples.write(work / "pictures")
        given = {
            "halves": partial(
                halves_of_photographs.draw, halves_of_photographs.Photographs(work / "pictures" / "images")
            ),
            "natural": partial(cutout_scenes.draw, cutout_scenes.Natural(str(work / "pictures"))),
        }
        files = []
        for name, draw in tqdm({**draws, **given}.items(), unit=" families", disable=None):
            format.write(draw(n, 0), work / name)
            files.append(sheet.write(work / name, out / f"{name}.jpg", n, columns, TILE))
        return [*files, _corrupted(work, out, columns)]


def _corrupted(work: Path, out: Path, columns: int) -> Path:
    """All corruptions of one photograph at the middle severity."""
    picture = read_picture(next((work / "pictures" / "images").glob("*/chelsea.png")))
    (work / "one" / "cat").mkdir(parents=True)
    Image.fromarray(np.ascontiguousarray(prepared(picture, 192))).save(work / "one" / "cat" / "chelsea.png")
    corrupt_folder(Corrupting(work / "one", work / "corrupt", corruptions.NAMES, (3,)))
    return sheet.write(work / "corrupt", out / "corrupt.jpg", len(corruptions.NAMES), columns, TILE)
