"""Make a stimulus set: drawn in parts by several processes, and resumed where it stopped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import xarray as xr
from tqdm.auto import tqdm

from stimuli.foundation import design
from stimuli.foundation.files import write_whole
from stimuli.foundation.processes import each
from stimuli.sets import format, writing
from stimuli.sets.in_place import check_free, put_in_place, staged
from stimuli.sets.reading import RECIPE, recipe_of
from stimuli.sets.viewing_distance import Viewing, in_degrees

__all__ = ["Request", "extras_of", "make"]

REQUEST = "request.json"
EXTRAS = {"class_folder": writing.CLASSES, "zarr": writing.ZARR}
PIXELS_OF_A_PART, MOST_OF_A_PART = 2**19, 128


@dataclass(frozen=True)
class Request:
    """What every family takes.

    Parameters
    ----------
    out
        Folder to write.
    n
        Number of stimuli.
    seed
        Seed of the set, 0 to 2**32 - 1.
    jobs
        Processes that draw; the bytes are the same for any number of them.
    overwrite
        Replace a stimulus set that is there, once the new one is complete.
    resume
        Go on with a set that was interrupted.
    class_folder
        Add classes/LABEL/NUMBER.png, an ordinary class folder, by each picture's label.
    zarr
        Add the whole set as one zarr store, stimuli.zarr.
    viewing
        Viewing conditions, for positions and sizes in degrees of visual angle.
    """

    out: Path
    n: int = 24
    seed: int = 0
    jobs: int = 1
    overwrite: bool = False
    resume: bool = False
    class_folder: bool = False
    zarr: bool = False
    viewing: Viewing = field(default_factory=Viewing)

    def __post_init__(self) -> None:
        format.check_request(self.n, self.seed)
        if self.jobs < 1:
            raise ValueError(f"jobs must be at least 1 process, got {self.jobs}")
        if self.overwrite and self.resume:
            raise ValueError("give --overwrite to start anew or --resume to go on, not both")


def make(draw: Callable[[int, int, int], xr.Dataset], request: Request) -> Path:
    """Draw a stimulus set into a folder, which is given back.

    ``draw`` is a function of (n, seed, first) that gives stimuli first .. first + n - 1; a partial of a
    family's ``draw``, so that other processes can take it over.

    Raises
    ------
    ValueError : the folder holds something that may not be replaced, an interrupted set is neither resumed
        nor overwritten, or differs from the one asked for; or what ``draw`` raises.
    """
    out = Path(request.out).resolve()
    if request.resume and (out / RECIPE).is_file():
        recipe = recipe_of(out)
        _check_same(out, {**recipe, **extras_of(recipe)}, _told_by(draw(1, request.seed, 0), request))
        return out
    check_free(out, request.overwrite)
    begun = staged(out)
    if begun.exists() and not (request.resume or request.overwrite):
        raise ValueError(f"{out} was begun and not finished: go on with --resume, or start anew with --overwrite")
    first = draw(1, request.seed, 0)  # what cannot be drawn fails here, before anything is written
    told = _told_by(first, request)
    with writing.saying(out):
        if request.overwrite and begun.exists():
            shutil.rmtree(begun)
        if (begun / REQUEST).is_file():
            _check_same(out, writing.noted(begun / REQUEST), told)
        else:
            (begun / writing.NOTES).mkdir(parents=True, exist_ok=True)
            write_whole(begun / REQUEST, json.dumps(told))
    size = max(1, min(MOST_OF_A_PART, PIXELS_OF_A_PART // (first.sizes["y"] * first.sizes["x"])))
    parts = [(start, min(size, request.n - start)) for start in range(0, request.n, size)]
    pending = [part for part in parts if not (begun / writing.NOTES / f"{part[0]:08d}.json").is_file()]
    work = partial(_write_part, draw, request.seed, request.viewing, begun, out)
    with tqdm(total=request.n, unit=" stimuli", disable=None) as bar:
        bar.update(request.n - sum(n for _, n in pending))
        try:
            for n in each(work, pending, min(request.jobs, len(pending))):
                bar.update(n)
        except ValueError:
            if not any((begun / writing.NOTES).glob("*.json")):
                shutil.rmtree(begun)
            raise
    with writing.saying(out):
        writing.finish(begun, request.class_folder, request.zarr)
        (begun / REQUEST).unlink()
        put_in_place(begun, out)
    return out


def extras_of(recipe: dict) -> dict[str, bool]:
    """Say what a set holds beside its pictures and tables."""
    files = recipe["sha256"]
    return {name: any(file.startswith(f"{where}/") for file in files) for name, where in EXTRAS.items()}


def _told_by(first: xr.Dataset, request: Request) -> dict:
    """What two requests must have in common to give the same set."""
    return {
        "family": first.attrs["family"],
        "design": first.attrs["design"],
        "parameters": json.loads(first.attrs["parameters"]),
        "seed": request.seed,
        "n": request.n,
        "pixels_per_degree": request.viewing.resolution,
        **{name: getattr(request, name) for name in EXTRAS},
        "versions": writing.versions(),
    }


def _check_same(out: Path, found: dict, wanted: dict) -> None:
    """Refuse to go on with another set."""
    design.check_version(found, out)
    differ = [name for name, value in wanted.items() if found.get(name) != value]
    if differ:
        text = "; ".join(f"{name} was {found.get(name)!r}, is {wanted[name]!r}" for name in differ)
        raise ValueError(f"{out} is another set ({text}): give the same options, --overwrite, or another --out")


def _write_part(draw: Callable, seed: int, viewing: Viewing, folder: Path, out: Path, part: tuple[int, int]) -> int:
    """Draw and write a part; gives the number of its stimuli."""
    first, n = part
    drawn = draw(n, seed, first)
    assert drawn["stimulus"].values.tolist() == list(range(first, first + n))
    with writing.saying(out):
        writing.write_part(in_degrees(drawn, viewing), folder)
    return n
