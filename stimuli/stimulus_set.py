"""The format of a stimulus set: images, what they show, and how they were made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from PIL import Image

__all__ = ["TRAINING_SEED", "check_folder", "check_request", "from_arrays", "read", "write"]

TRAINING_SEED = 2**32  # seeds from here on are training's; stimulus sets for experiments stay below

DESCRIPTIONS = {
    "image": ("stimulus picture", "1", ("stimulus", "y", "x", "channel")),
    "object_class": ("category of each object", "1", ("stimulus", "object")),
    "object_mask": ("pixels where each object is seen", "1", ("stimulus", "object", "y", "x")),
    "object_x": ("centre of each object from the left edge", "pixel", ("stimulus", "object")),
    "object_y": ("centre of each object from the upper edge", "pixel", ("stimulus", "object")),
    "object_radius": ("radius of each object's frame", "pixel", ("stimulus", "object")),
    "object_rotation": ("rotation of each object", "degree", ("stimulus", "object")),
    "object_hue": ("hue of each object", "degree", ("stimulus", "object")),
    "object_side": ("half of the image that holds each object", "1", ("stimulus", "object")),
}
PER_OBJECT = tuple(name for name, (_, _, dims) in DESCRIPTIONS.items() if dims == ("stimulus", "object"))
DTYPES = {"object_mask": bool, "object_class": np.int16, "object_side": object}


def check_request(n: int, seed: int) -> None:
    """Refuse a number of stimuli or a seed that cannot be drawn.

    Parameters
    ----------
    n : number of stimuli.
    seed : seed of the set.

    Raises
    ------
    ValueError : n is below 1, or the seed is outside [0, 2**32).
    """
    if n < 1:
        raise ValueError(f"n must be at least 1 stimulus, got {n}")
    if not 0 <= seed < TRAINING_SEED:
        raise ValueError(f"seed must be in [0, 2**32), got {seed}; higher seeds are kept for training")


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds something, before a stimulus set is drawn for it.

    Parameters
    ----------
    folder : where the set is to be written.

    Raises
    ------
    ValueError : the path is a file, or a folder that is not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} exists already; expected a new or empty folder, choose another")


def from_arrays(
    arrays: dict[str, np.ndarray],
    *,
    first: int,
    family: str,
    parameters,
    seed: int,
    categories: Sequence[str],
) -> xr.Dataset:
    """Make the Dataset of a stimulus set.

    Parameters
    ----------
    arrays : values by variable name; the names and their dims stand in ``DESCRIPTIONS``.
    first : number of the first stimulus.
    family : name of the stimulus family.
    parameters : the family's frozen dataclass.
    seed : seed of the set.
    categories : names that ``object_class`` indexes.

    Returns
    -------
    Dataset with long names, units and the recipe in its attributes.
    """
    attributes = {
        "title": f"stimulus set: {family}",
        "family": family,
        "parameters": json.dumps(asdict(parameters)),
        "seed": seed,
        "categories": list(categories),
        "licence": "CC0-1.0",
    }
    return _dataset(arrays, np.arange(first, first + len(arrays["image"]))).assign_attrs(attributes)


def _dataset(arrays: dict[str, np.ndarray], numbers: np.ndarray) -> xr.Dataset:
    """Variables with their names, units and coordinates."""
    _, height, width, _ = arrays["image"].shape
    variables = {}
    for name, values in arrays.items():
        long_name, units, dims = DESCRIPTIONS[name]
        variables[name] = xr.Variable(dims, values, {"long_name": long_name, "units": units})
    coordinates = {
        "stimulus": ("stimulus", numbers, {"long_name": "number of the stimulus in its set"}),
        "y": (
            "y",
            np.arange(height) + 0.5,
            {"long_name": "pixel centre from the upper edge", "units": "pixel"},
        ),
        "x": (
            "x",
            np.arange(width) + 0.5,
            {"long_name": "pixel centre from the left edge", "units": "pixel"},
        ),
        "channel": ("channel", np.array(["red", "green", "blue"], object), {"long_name": "colour channel"}),
    }
    return xr.Dataset(variables, coordinates)


def write(dataset: xr.Dataset, folder: Path) -> None:
    """Write a stimulus set as a folder of PNG files with a table and a recipe.

    ``images/`` and ``masks/`` hold the pictures, ``stimuli.csv`` one row a stimulus with relative file names (a
    PsychoPy conditions file), ``stimuli.json`` the recipe and the SHA-256 of every file.

    Parameters
    ----------
    dataset : as a family's ``draw`` gives.
    folder : must not exist, or be empty.

    Raises
    ------
    ValueError : the folder holds something already.
    """
    folder = Path(folder)
    check_folder(folder)
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    numbers = dataset["stimulus"].values
    image_names = [f"images/{number:05d}.png" for number in numbers]
    for name, pixels in zip(image_names, dataset["image"].values, strict=True):
        Image.fromarray(pixels).save(folder / name)
    table = {"stimulus": numbers, "image": image_names}
    for k in range(dataset.sizes["object"]):
        names = [f"masks/{number:05d}_{k}.png" for number in numbers]
        for name, mask in zip(names, dataset["object_mask"].values[:, k], strict=True):
            Image.fromarray(mask).save(folder / name)
        table[f"mask_{k}"] = names
        for variable in (name for name in PER_OBJECT if name in dataset):
            table[f"{variable.removeprefix('object_')}_{k}"] = dataset[variable].values[:, k]
    pd.DataFrame(table).to_csv(folder / "stimuli.csv", index=False)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    hashes = {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    recipe = {**dataset.attrs, "parameters": json.loads(dataset.attrs["parameters"]), "sha256": hashes}
    (folder / "stimuli.json").write_text(json.dumps(recipe, indent=1))


def read(folder: Path) -> xr.Dataset:
    """Read a stimulus set that :func:`write` wrote.

    Parameters
    ----------
    folder : the set's folder.

    Returns
    -------
    Dataset equal to the one written.

    Raises
    ------
    FileNotFoundError : the folder holds no stimulus set.
    """
    folder = Path(folder)
    if not (folder / "stimuli.json").is_file():
        raise FileNotFoundError(f"{folder} holds no stimulus set (no stimuli.json); make one with python -m stimuli")
    recipe = json.loads((folder / "stimuli.json").read_text())
    table = pd.read_csv(folder / "stimuli.csv")
    n_objects = sum(column.startswith("mask_") for column in table)
    arrays = {"image": np.stack([np.asarray(Image.open(folder / name)) for name in table["image"]])}
    for variable in ("object_mask", *PER_OBJECT):
        columns = [f"{variable.removeprefix('object_')}_{k}" for k in range(n_objects)]
        if not set(columns) <= set(table):
            continue
        values = table[columns].to_numpy()
        if variable == "object_mask":
            values = np.stack([[np.asarray(Image.open(folder / name)) for name in row] for row in values])
        arrays[variable] = values.astype(DTYPES.get(variable, np.float32))
    dataset = _dataset(arrays, table["stimulus"].to_numpy())
    attributes = {name: recipe[name] for name in recipe if name != "sha256"}
    return dataset.assign_attrs({**attributes, "parameters": json.dumps(recipe["parameters"])})
