"""A stimulus set as a folder: pictures written a part at a time, then the tables.

A part is the unit of writing. Its pictures are written first and then its note, a file under ``parts/``
that holds its rows of the table and the hashes of its files. A part without a note is not done.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from PIL import Image

from stimuli.foundation.files import file_sha256, write_whole
from stimuli.sets import luminance
from stimuli.sets.class_folder import link_classes, sorted_rows
from stimuli.sets.reading import RECIPE, TABLE, read_rows, read_table
from stimuli.sets.variables import MASKS, columns_of, mask_columns

__all__ = ["CLASSES", "NOTES", "ZARR", "finish", "noted", "saying", "versions", "write_part"]

TRIALS, CLASSES, ZARR, NOTES = "trials_jspsych.json", "classes", "stimuli.zarr", "parts"
ROWS_AT_ONCE = 64
# what jsPsych itself writes of a trial, which data of the same name would replace
OF_JSPSYCH = (
    "stimulus", "response", "rt", "trial_type", "trial_index", "time_elapsed", "internal_node_id", "plugin_version",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Give the versions of what the bytes of a set depend on."""
    names = ("absvit", "numpy", "scipy", "scikit-image", "pillow", "pandas", "xarray")
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in names}}


def write_part(dataset: xr.Dataset, folder: Path) -> None:
    """Write the pictures of some stimuli into the folder of a set, and then the note that they are there."""
    hashes = {}

    def save(name: str, pixels: np.ndarray) -> None:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        hashes[name] = hashlib.sha256(buffer.getvalue()).hexdigest()
        (folder / name).write_bytes(buffer.getvalue())

    for name in ("images", "masks", NOTES):
        (folder / name).mkdir(parents=True, exist_ok=True)
    numbers, pictures = dataset["stimulus"].values, dataset["image"].values
    table = {"stimulus": numbers, "image": [f"images/{number:05d}.png" for number in numbers]}
    for name, pixels in zip(table["image"], pictures, strict=True):
        save(name, pixels)
    variables = {name: variable for name, variable in dataset.data_vars.items() if name != "image"}
    for name, variable in variables.items():
        columns = columns_of(name, variable.dims, dataset.sizes.get("object", 1))
        if variable.dims != MASKS:
            table.update(zip(columns, variable.values.reshape(len(numbers), -1).T, strict=True))
            continue
        for k, column in enumerate(columns):
            prefix = "" if name == "object_mask" else f"{name}_"
            table[column] = [f"masks/{prefix}{number:05d}_{k}.png" for number in numbers]
            for file, mask in zip(table[column], variable.values[:, k], strict=True):
                save(file, mask)
    table.update(_category_columns(dataset))
    note = {
        "first": int(numbers[0]),
        "table": pd.DataFrame(table).to_csv(index=False),
        "luminance": [luminance.measure(picture) for picture in pictures],
        "attributes": dataset.attrs,
        "variables": {name: _described(variable) for name, variable in variables.items()},
        "sha256": hashes,
    }
    write_whole(folder / NOTES / f"{numbers[0]:08d}.json", json.dumps(note))


@contextmanager
def saying(folder: Path) -> Iterator[None]:
    """Say of a set that cannot be written (OSError) what is safe, and what to do about it."""
    try:
        yield
    except OSError as error:
        raise OSError(
            f"cannot write the stimulus set {folder} ({error.strerror or error}): what is drawn is safe; make room, "
            "and go on with --resume"
        ) from error


def finish(folder: Path, class_folder: bool = False, zarr: bool = False) -> None:
    """Turn the notes of all parts into the tables and the recipe, with the extras of ``Request``."""
    notes = [noted(path) for path in sorted((folder / NOTES).glob("*.json"))]
    for name in (CLASSES, ZARR):  # what an earlier attempt may have left
        shutil.rmtree(folder / name, ignore_errors=True)
    header = notes[0]["table"].partition("\n")[0]
    rows = "".join(note["table"].partition("\n")[2] for note in notes)
    (folder / TABLE).write_text(f"{header}\n{rows}", "utf8", newline="")
    recipe = {
        **notes[0]["attributes"],
        "parameters": json.loads(notes[0]["attributes"]["parameters"]),
        "first": notes[0]["first"],
        "n": sum(len(note["luminance"]) for note in notes),
        "variables": notes[0]["variables"],
        "luminance": luminance.summary(np.concatenate([note["luminance"] for note in notes])),
        "versions": versions(),
    }
    hashes = {name: digest for note in notes for name, digest in note["sha256"].items()}
    table = read_table(folder, recipe["variables"])
    (folder / TRIALS).write_text(json.dumps(_trials(table, recipe["variables"]), indent=1), "utf8")
    if class_folder:
        link_classes(sorted_rows(table, folder), folder / CLASSES)
    if zarr:
        _write_zarr(folder, table, recipe)
    for name in (TABLE, TRIALS, CLASSES, ZARR):
        files = [folder / name] if (folder / name).is_file() else (folder / name).rglob("*")
        found = [path for path in files if path.is_file()]
        hashes |= {path.relative_to(folder).as_posix(): file_sha256(path) for path in found}
    recipe["sha256"] = dict(sorted(hashes.items()))
    write_whole(folder / RECIPE, json.dumps(recipe, indent=1))
    shutil.rmtree(folder / NOTES)


def noted(path: Path) -> dict:
    """Read what was noted while a set was made; a ValueError says that it cannot be."""
    try:
        return json.loads(path.read_text("utf8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}): remove it, and go on with --resume") from error


def _described(variable: xr.DataArray) -> dict:
    """What the recipe says of a variable, so that it comes back as it was."""
    dtype = "str" if variable.dtype.kind in "OU" else str(variable.dtype)
    n_objects = variable.sizes.get("object", 1)
    columns = columns_of(variable.name, variable.dims, n_objects)
    return {"dims": list(variable.dims), "dtype": dtype, **variable.attrs, "columns": columns}


def _category_columns(dataset: xr.Dataset) -> dict[str, list[str]]:
    """Names of the objects' categories; empty where there is no object."""
    if "object_class" not in dataset:
        return {}
    names = dataset.attrs["categories"]
    classes = dataset["object_class"].values
    return {f"category_{k}": [names[c] if c >= 0 else "" for c in classes[:, k]] for k in range(classes.shape[1])}


def _trials(table: pd.DataFrame, variables: dict) -> list[dict]:
    """A jsPsych timeline: one image-keyboard-response trial a stimulus, with its row of the table as data.

    Columns named as what jsPsych writes itself get ``set_`` in front: ``set_stimulus`` is the stimulus's
    number. jsPsych 6 takes it as it stands; from 7 on types are objects, which JSON cannot hold:
    ``trials.map(trial => ({...trial, type: jsPsychImageKeyboardResponse}))``. Any key answers, by default
    in all.
    """
    shown = table.drop(columns=[*mask_columns(variables), "image"]).rename(
        columns={name: f"set_{name}" for name in OF_JSPSYCH}
    )
    return [
        {"type": "image-keyboard-response", "stimulus": image, "data": _plain(data)}
        for image, data in zip(table["image"], shown.to_dict("records"), strict=True)
    ]


def _plain(data: dict) -> dict:
    """Values that JSON knows: it has no NaN, and no numbers of numpy's."""
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in data.items()}
    return {name: None if isinstance(value, float) and value != value else value for name, value in plain.items()}


def _write_zarr(folder: Path, table: pd.DataFrame, recipe: dict) -> None:
    """The whole set as one zarr store, some stimuli at a time."""
    with warnings.catch_warnings():  # every zarr that reads format 3 reads consolidated metadata
        warnings.filterwarnings("ignore", "Consolidated metadata", UserWarning)
        for start in range(0, recipe["n"], ROWS_AT_ONCE):
            part = read_rows(folder, table.iloc[start : start + ROWS_AT_ONCE], recipe)
            how = {"append_dim": "stimulus"} if start else {"encoding": _chunks(part)}
            part.to_zarr(folder / ZARR, consolidated=True, **how)


def _chunks(part: xr.Dataset) -> dict[str, dict]:
    """Chunks of a fixed number of stimuli, so that each is written once."""
    sized = {name: v for name, v in part.variables.items() if "stimulus" in v.dims}
    return {name: {"chunks": (ROWS_AT_ONCE, *v.shape[1:])} for name, v in sized.items()}
