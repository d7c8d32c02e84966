"""A gallery: one contact sheet of every family, with its default parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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

__all__ = ["example_parameters", "write", "write_family"]

TILE = 128


def write(out: Path, n: int, columns: int) -> list[Path]:
    """Write the contact sheets, NAME.jpg, of n stimuli each; photographs are scikit-image's."""
    with example_parameters() as given:
        drawn = [name for name, family in FAMILIES.items() if not set(family.needs) - set(given.get(name, {}))]
        shown = tqdm([*drawn, "halves_of_photographs"], unit=" families", disable=None)
        files = [write_family(name, out / f"{name}.jpg", n, columns, given) for name in shown]
    with TemporaryDirectory() as place:
        examples.write(Path(place) / "pictures")
        return [*files, _corrupted(Path(place), out, columns)]


@contextmanager
def example_parameters() -> Iterator[dict[str, dict[str, object]]]:
    """Lay pictures out, and give what families of pictures are to be told of them, by family."""
    with TemporaryDirectory() as place:
        folder = Path(place) / "pictures"
        examples.write(folder)
        yield {
            "natural": {"folder": str(folder)},
            "outlines": {"folder": str(folder / "outlined")},
            "cue_conflict": {"folder": str(folder / "conflict")},
            "halves_of_photographs": {"pictures": photographs.Pictures(folder / "images")},
        }


def write_family(name: str, out: Path, n: int, columns: int, given: Mapping[str, Mapping[str, object]]) -> Path:
    """Write the contact sheet of a family, told what is given for it; "_of_photographs" behind its name is a way to."""
    with TemporaryDirectory() as work:
        stimuli = draw(name.removesuffix("_of_photographs"), n, 0, **given.get(name, {}))
        format.write(stimuli, Path(work) / name)
        return sheet.write(Path(work) / name, out, n, columns, TILE)


def _corrupted(work: Path, out: Path, columns: int) -> Path:
    """All corruptions of one photograph at the middle severity."""
    picture = read_picture(next((work / "pictures" / "images").glob("*/chelsea.png")))
    (work / "one" / "cat").mkdir(parents=True)
    Image.fromarray(np.ascontiguousarray(prepared(picture, 192))).save(work / "one" / "cat" / "chelsea.png")
    corrupt_folder(Corrupting(work / "one", work / "corrupt", corruptions.NAMES, (3,)))
    return sheet.write(work / "corrupt", out / "corrupt.jpg", len(corruptions.NAMES), columns, TILE, folder_check.shown)
