"""A corrupted copy of a folder of pictures, in the layout of ImageNet-C: CORRUPTION/SEVERITY/CLASS/FILE.

A file is a function of its picture, the seed, and its name. It is written whole or not at all, and what is
there is not made again, so that a run that was stopped goes on where it was, and corruptions can be added
later.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import cv2
import numpy as np
import tyro
from PIL import Image
from tqdm.auto import tqdm

from stimuli import corruptions
from stimuli.corruptions import BENCHMARK, CORRUPTIONS, SEVERITIES
from stimuli.corruptions.folder_check import OF_BENCHMARK, RECORD, SUMS, record_of, write_sums
from stimuli.corruptions.frost_textures import check_folder
from stimuli.drawing.backgrounds import read_picture
from stimuli.foundation.files import fingerprint, write_whole
from stimuli.foundation.picture_files import upright, within_class
from stimuli.foundation.processes import each
from stimuli.pictures import class_folders
from stimuli.sets import format as stimulus_set
from stimuli.sets import writing

__all__ = ["Corrupting", "corrupt_folder", "prepared"]

JPEG = (".jpeg", ".jpg")
FROST = "frost_sha256"  # folders of earlier versions do not tell it
SAVED = {"png": {"format": "PNG"}, "jpeg": {"format": "JPEG", "quality": 85, "optimize": True}}


@dataclass(frozen=True)
class Corrupting:
    """A corrupted copy of a folder of pictures.

    Parameters
    ----------
    folder
        Class folders of pictures, or a stimulus set.
    out
        Folder to write: CORRUPTION/SEVERITY/CLASS/FILE.
    corruptions
        Which; the 15 of the mean corruption error, if left out. Five more: speckle_noise, gaussian_blur,
        spatter, saturate, and elastic_imagecorruptions, the package's variant of elastic_transform.
    severities
        1 to 5.
    seed
        Seed of all that is random, 0 to 2**32 - 1.
    jobs
        Processes that work; the bytes are the same for any number of them.
    format
        Files to write; jpeg of quality 85 as in ImageNet-C, or png, which adds no compression of its own.
    crop
        Bring the shorter side to crop * 256 / 224 pixels and cut out the middle first, as ImageNet-C does
        with 224; pictures keep their size, if left out.
    frost_folder
        Pictures of frost, for textures other than our own.
    overwrite
        Replace the folder of another run, once the new one is complete.
    """

    folder: Annotated[Path, tyro.conf.Positional]
    out: Annotated[Path, tyro.conf.Positional]
    corruptions: tuple[str, ...] = BENCHMARK
    severities: tuple[int, ...] = SEVERITIES
    seed: int = 0
    jobs: int = 1
    format: Literal["png", "jpeg"] = "png"
    crop: int | None = None
    frost_folder: Path | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        stimulus_set.check_request(1, self.seed)
        if not self.corruptions or not self.severities:
            raise ValueError("corruptions and severities must name at least one each")
        corruptions.check(self.corruptions, self.severities)
        if self.jobs < 1:
            raise ValueError(f"jobs must be at least 1 process, got {self.jobs}")
        if self.crop is not None and self.crop < corruptions.SMALLEST:
            raise ValueError(f"crop must be at least {corruptions.SMALLEST} pixels, got {self.crop}")


def corrupt_folder(request: Corrupting) -> str:
    """Make a corrupted copy of a folder; say in one line what was made.

    Raises
    ------
    FileNotFoundError : there is no such folder; or ImageMagick is missing, and all that does not need it
        was made.
    ValueError : the folder has another layout; a picture cannot be read or is too small; ``out`` holds
        something else, or another run.
    """
    pictures = _pictures(request)
    corruptions.check(request.corruptions, request.severities, request.frost_folder)
    out = request.out.resolve()
    if out in (request.folder.resolve(), *request.folder.resolve().parents) or request.folder.resolve() in out.parents:
        raise ValueError(f"{request.out} and {request.folder} lie in each other: choose another folder to write")
    former = out.with_name(f".{out.name}.former")
    _make_room(out, former, request, pictures)
    missing = {name: told for name in request.corruptions if (told := CORRUPTIONS[name].missing())}
    names = [name for name in request.corruptions if name not in missing]
    todo = [
        (source, file, wanted)
        for file, source in pictures.items()
        if (
            wanted := [
                (n, s) for n in names for s in request.severities if not _place(out, n, s, file, request).is_file()
            ]
        )
    ]
    total = len(pictures) * len(names) * len(request.severities)
    with tqdm(total=total, unit=" pictures", disable=None) as bar:
        bar.update(total - sum(len(wanted) for _, _, wanted in todo))
        for n in each(partial(_corrupt_picture, request, out), todo, min(request.jobs, len(todo))):
            bar.update(n)
    if missing:
        told = "; ".join(dict.fromkeys(missing.values()))
        raise FileNotFoundError(f"{told}; {total} pictures of the other corruptions are in {request.out}")
    write_sums(out)
    shutil.rmtree(former, ignore_errors=True)
    return f"{total} pictures in {request.out}: {len(names)} corruptions, {len(request.severities)} severities"


def prepared(picture: np.ndarray, crop: int) -> np.ndarray:
    """Resize a picture and cut out its middle, as ImageNet-C's own code does before it corrupts.

    The shorter side is first brought to crop * 256 / 224 pixels; the result has ``crop`` pixels a side.
    """
    height, width = picture.shape[:2]
    shorter = round(crop * 256 / 224)
    size = (shorter, int(shorter * height / width)) if width <= height else (int(shorter * width / height), shorter)
    small = Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR)
    left, top = (round((side - crop) / 2) for side in size)
    return np.asarray(small.crop((left, top, left + crop, top + crop)))


def _pictures(request: Corrupting) -> dict[str, Path]:
    """Pictures by CLASS/FILE, where FILE is the picture's own path below its class, in composed Unicode."""
    found = class_folders.listed(request.folder)
    listing = [
        (f"{name}/{within_class(path.relative_to(request.folder).as_posix(), name)}", path)
        for name, paths in found.items()
        for path in paths
    ]
    pictures = dict(listing)
    if len(pictures) < len(listing):
        twice = next(file for file, path in listing if pictures[file] != path)
        raise ValueError(f"two pictures in {request.folder} are called {twice}: rename one")
    written: dict[Path, str] = {}
    for file in pictures:
        other = written.setdefault(_place(Path(), "", 1, file, request), file)
        if other != file:
            raise ValueError(f"{other} and {file} in {request.folder} would both be written as one file: rename one")
    return pictures


def _place(out: Path, name: str, severity: int, file: str, request: Corrupting) -> Path:
    """Where a corrupted picture is written; its suffix says what it is."""
    path = Path(file)
    if request.format == "png":
        path = path.with_suffix(".png")
    elif path.suffix.lower() not in JPEG:
        path = path.with_suffix(".JPEG")
    return out / name / str(severity) / path


def _corrupt_picture(request: Corrupting, out: Path, part: tuple[Path, str, list]) -> int:
    """Write all that is wanted of one picture; gives the number of files."""
    source, file, wanted = part
    if multiprocessing.parent_process() is not None:
        cv2.setNumThreads(1)  # each process has a core of its own
    picture = read_picture(source, upright(file.partition("/")[0]))
    if request.crop is not None:
        picture = prepared(picture, request.crop)
    for name, severity in wanted:
        generator = corruptions.generator_for(request.seed, name, severity, file)
        try:
            pixels = corruptions.corrupt(picture, name, severity, generator, request.frost_folder)
        except ValueError as error:
            raise ValueError(f"{source}: {error}") from error
        place = _place(out, name, severity, file, request)
        place.parent.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, **SAVED[request.format])
        write_whole(place, buffer.getvalue())
    return len(wanted)


def _told(request: Corrupting, pictures: dict[str, Path]) -> dict:
    """What two runs must have in common to lie in one folder."""
    frost = request.frost_folder
    return {
        "pictures": len(pictures),
        "pictures_sha256": fingerprint(pictures.values(), request.folder),
        "seed": request.seed,
        "format": request.format,
        "crop": request.crop,
        "elastic_transform": OF_BENCHMARK,
        "frost": "drawn" if frost is None else frost.name,
        FROST: frost and fingerprint(check_folder(frost), frost),
        "versions": {**writing.versions(), "opencv": cv2.__version__},
    }


def _make_room(out: Path, former: Path, request: Corrupting, pictures: dict[str, Path]) -> None:
    """Begin a folder, or go on with one of the same run; another is put aside if it may be replaced."""
    told = _told(request, pictures)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        if not (out / RECORD).is_file():
            raise ValueError(f"{out} exists already and was not made by this program: choose another folder")
        record = record_of(out)
        differ = [
            f"{name} was {record.get(name)!r}, is {value!r}"
            for name, value in told.items()
            if record.get(name, value if name == FROST else None) != value
        ]
        if not differ:
            told["source"] = record["source"]
        elif not request.overwrite:
            raise ValueError(
                f"{out} holds another run ({'; '.join(differ)}): give the same options, --overwrite, or another folder"
            )
        elif strange := sorted({path.name for path in out.iterdir()} - {RECORD, SUMS, *CORRUPTIONS}):
            raise ValueError(f"{out} holds what is not of its run ({', '.join(strange[:5])}): move it away first")
        elif former.exists():  # an earlier replacement was stopped: the run to keep until the end is the one before
            shutil.rmtree(out)
        else:
            os.replace(out, former)
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / RECORD, json.dumps({"source": request.folder.resolve().name, **told}, indent=1))
