"""A gallery: one contact sheet of every family, with its default parameters."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from stimuli import corruptions
from stimuli.corruptions import folder_check
from stimuli.corruptions.folder_job import Corrupting, corrupt_folder, prepared
from stimuli.drawing.backgrounds import read_picture
from stimuli.families import FAMILIES
from stimuli.families.by_name import draw
from stimuli.pictures import examples, photographs
from stimuli.sets import format, sheet

__all__ = ["write"]

TILE = 128


def write(out: Path, n: int, columns: int) -> list[Path]:
    """Write the contact sheets, NAME.jpg, of n stimuli each; photographs are scikit-image's."""
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as place:
        work = Path(place)
        examples.write(work / "pictures")
        pictures = photographs.Pictures(work / "pictures" / "images")
        given = {
            "natural": {"folder": str(work / "pictures")},
            "outlines": {"folder": str(work / "pictures" / "outlined")},
            "cue_conflict": {"folder": str(work / "pictures" / "conflict")},
            "halves_of_photographs": {"pictures": pictures},
        }
        drawn = [name for name, family in FAMILIES.items() if not set(family.needs) - set(given.get(name, {}))]
        files = []
        for name in tqdm([*drawn, "halves_of_photographs"], unit=" families", disable=None):
            family = name.removesuffix("_of_photographs")
            format.write(draw(family, n, 0, **given.get(name, {})), work / name)
            files.append(sheet.write(work / name, out / f"{name}.jpg", n, columns, TILE))
        return [*files, _corrupted(work, out, columns)]


def _corrupted(work: Path, out: Path, columns: int) -> Path:
    """All corruptions of one photograph at the middle severity."""
    picture = read_picture(next((work / "pictures" / "images").glob("*/chelsea.png")))
    (work / "one" / "cat").mkdir(parents=True)
    Image.fromarray(np.ascontiguousarray(prepared(picture, 192))).save(work / "one" / "cat" / "chelsea.png")
    corrupt_folder(Corrupting(work / "one", work / "corrupt", corruptions.NAMES, (3,)))
    return sheet.write(work / "corrupt", out / "corrupt.jpg", len(corruptions.NAMES), columns, TILE, folder_check.shown)
