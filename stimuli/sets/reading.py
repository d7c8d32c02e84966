"""A stimulus set read back from its folder."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from PIL import Image

from stimuli.foundation.files import fingerprint
from stimuli.foundation.texts import other_separator, read_text
from stimuli.sets.variables import DESCRIPTIONS, MASKS, dataset_of, mask_columns

__all__ = [
    "RECIPE", "TABLE", "fingerprint_of", "read", "read_parts", "read_rows", "read_table", "recipe_of", "texts_of",
]  # fmt: skip

RECIPE, TABLE = "stimuli.json", "stimuli.csv"
MODES = {"RGB": "RGB with 8 bits a channel", "1": "1, black and white,"}  # of pictures and of masks
NO_ATTRIBUTES = ("n", "first", "variables", "luminance", "versions", "sha256")


def recipe_of(folder: Path) -> dict:
    """Read how a set was made: family, parameters, seed, n, versions, sha256 ... of ``stimuli.json``.

    Raises
    ------
    FileNotFoundError : the folder holds no stimulus set.
    ValueError : the recipe cannot be read, or lacks something.
    """
    path = Path(folder) / RECIPE
    if not path.is_file():
        raise FileNotFoundError(f"{folder} holds no stimulus set (no {RECIPE}); make one with python -m stimuli")
    try:
        told = json.loads(read_text(path))
    except ValueError as error:
        raise ValueError(f"{path} cannot be read as JSON ({error}): make the set again") from error
    needed = ("family", "parameters", "seed", "categories", *NO_ATTRIBUTES)
    if lacking := [name for name in needed if not isinstance(told, dict) or name not in told]:
        raise ValueError(f"{path} lacks {', '.join(lacking)}: it is no recipe of this version, make the set again")
    return told


def read(folder: Path) -> xr.Dataset:
    """Read a whole set.

    Parameters
    ----------
    folder : of the set.

    Returns
    -------
    Dataset equal to the one written.

    Raises
    ------
    FileNotFoundError : the folder holds no stimulus set, or a picture is missing.
    ValueError : the recipe or the table cannot be read.

    Examples
    --------
    >>> stimuli.write(stimuli.draw("objects", n=2), "drawn")
    >>> stimuli.read("drawn").attrs["family"]
    'objects'
    """
    folder = Path(folder)
    recipe = recipe_of(folder)
    return read_rows(folder, read_table(folder, recipe["variables"]), recipe)


def read_parts(folder: Path) -> tuple[Callable[[int, int], xr.Dataset], int]:
    """Open a set whose pictures are read when they are asked for.

    Returns
    -------
    Function of (first, n) that gives n stimuli from row ``first`` on as :func:`read` does, and the number
    of stimuli.
    """
    folder = Path(folder)
    recipe = recipe_of(folder)
    table = read_table(folder, recipe["variables"])
    return lambda first, n: read_rows(folder, table.iloc[first : first + n], recipe), len(table)


def fingerprint_of(folder: Path, n: int | None = None) -> str:
    """Tell the first n stimuli of a set, or all, from others by rows and pictures: a SHA-256."""
    folder = Path(folder)
    variables = recipe_of(folder)["variables"]
    rows = read_table(folder, variables).iloc[:n]
    masks = mask_columns(variables)
    files = [folder / name for name in rows[["image", *masks]].to_numpy().ravel()]
    return hashlib.sha256(f"{rows.to_csv(index=False)}{fingerprint(files, folder)}".encode()).hexdigest()


def read_table(folder: Path, variables: dict[str, dict]) -> pd.DataFrame:
    """Read ``stimuli.csv``, a row a stimulus, with the types that the recipe tells of its variables' columns.

    Texts such as None stay texts; a ValueError names a column that it lacks, or a number that cannot be
    read.
    """
    table = texts_of(folder)
    types = {"stimulus": "int64", "image": "str"}
    for about in variables.values():
        types |= dict.fromkeys(about["columns"], "str" if tuple(about["dims"]) == MASKS else about["dtype"])
    if lacking := [column for column in types if column not in table]:
        raise ValueError(f"{folder / TABLE} lacks the columns {', '.join(lacking)}: make the set again")
    try:
        return table.assign(**{column: _typed(table[column], dtype) for column, dtype in types.items()})
    except ValueError as error:
        raise ValueError(f"{folder / TABLE} holds what is no number ({error}): make the set again") from error


def texts_of(folder: Path, needed: Sequence[str] = ("image",)) -> pd.DataFrame:
    """Read ``stimuli.csv`` as texts.

    Raises
    ------
    FileNotFoundError : there is no table.
    ValueError : it cannot be read, lacks a column that is needed, or was saved with other separators.
    """
    path = Path(folder) / TABLE
    if not path.is_file():
        raise FileNotFoundError(f"no {TABLE} in {folder}: make the set again")
    text = read_text(path)
    try:
        table = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    except ValueError as error:
        raise ValueError(f"{path} cannot be read as a table ({error}): make the set again") from error
    if lacking := [column for column in needed if column not in table]:
        told = f"{path} lacks the column {lacking[0]}{other_separator(text)}"
        raise ValueError(f"{told}: save it with commas, or make the set again")
    return table


def read_rows(folder: Path, table: pd.DataFrame, recipe: dict) -> xr.Dataset:
    """Read the stimuli of some rows of a set's table; a picture that is not as it was made is named."""
    first = folder / f"images/{recipe['first']:05d}.png"
    pixels = partial(_pixels, like=first, size=_opened(first, lambda picture: picture.size))
    arrays = {"image": np.stack([pixels(folder / name, "RGB") for name in table["image"]])}
    described = {"image": DESCRIPTIONS["image"]}
    for name, about in recipe["variables"].items():
        described[name] = (about["long_name"], about["units"], tuple(about["dims"]))
        values = table[about["columns"]]
        if described[name][2] == MASKS:
            arrays[name] = np.stack([[pixels(folder / file, "1") for file in row] for row in values.to_numpy()])
        else:
            values = values.to_numpy(object if about["dtype"] == "str" else about["dtype"])
            arrays[name] = values if "object" in about["dims"] else values[:, 0]
    attributes = {name: recipe[name] for name in recipe if name not in NO_ATTRIBUTES}
    dataset = dataset_of(arrays, table["stimulus"].to_numpy(), described)
    return dataset.assign_attrs({**attributes, "parameters": json.dumps(recipe["parameters"])})


def _typed(texts: pd.Series, dtype: str) -> pd.Series | np.ndarray:
    """A column with the type that it was written with; an empty number is one that is not known."""
    if dtype == "str":
        return texts
    if dtype == "bool":
        return texts == "True"
    return np.array([float(text or "nan") if dtype.startswith("float") else int(text) for text in texts], dtype)


def _pixels(path: Path, mode: str, like: Path, size: tuple[int, int]) -> np.ndarray:
    """Pixels of a picture that has the mode it was written with, and the size (width, height) of others."""

    def checked(picture: Image.Image) -> np.ndarray:
        if picture.mode != mode:
            raise ValueError(f"its mode is {picture.mode}, {MODES[mode]} was written")
        if picture.size != size:
            raise ValueError(f"it has (y, x) = {picture.size[::-1]} pixels, {like.name} has {size[::-1]}")
        return np.asarray(picture)

    return _opened(path, checked)


def _opened(path: Path, of: Callable[[Image.Image], Any]) -> Any:
    """Something of a picture, which is named if that is not to be had."""
    if not path.is_file():
        raise FileNotFoundError(f"no picture at {path}: make the set again")
    try:
        with Image.open(path) as picture:
            return of(picture)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} is not as it was made ({error}): make the set again") from error
