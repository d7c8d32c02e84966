"""Logs of trainings, read as a table."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import xarray as xr

__all__ = ["opened", "origin", "read"]


def read(paths: Sequence[Path]) -> pd.DataFrame:
    """Read what some trainings wrote into ``log.jsonl``.

    Parameters
    ----------
    paths : folders of trainings, or their logs. A folder named RECIPE_seedN tells recipe and seed; others are
        a recipe of their own.

    Returns
    -------
    DataFrame with a row for each line: recipe, seed, step, epoch (fractions of one at lines between
    evaluations), loss of the training (nat), and top1 of the last pass (%) where pictures were evaluated.

    Raises
    ------
    FileNotFoundError : there is no log.
    ValueError : a file holds something else.
    """
    return pd.concat([_log(Path(path)) for path in paths], ignore_index=True)


def opened(paths: Sequence[Path]) -> tuple[pd.DataFrame, list[xr.Dataset]]:
    """Read logs as a table, with datasets whose attributes tell where it comes from: for the figure of trainings."""
    return read(paths), [xr.Dataset(attrs=origin(path)) for path in paths]


def origin(path: Path) -> dict[str, str]:
    """Tell which log a figure comes from.

    Returns
    -------
    title, log (folder and file) and log_sha256.

    Raises
    ------
    FileNotFoundError : there is no log.
    """
    file = _file(Path(path))
    name = f"{file.resolve().parent.name}/{file.name}"
    return {"title": "training", "log": name, "log_sha256": hashlib.sha256(file.read_bytes()).hexdigest()}


def _file(path: Path) -> Path:
    file = path / "log.jsonl" if path.is_dir() else path
    if not file.is_file():
        raise FileNotFoundError(f"no log of a training at {file}; expected a folder that a training wrote")
    return file


def _log(path: Path) -> pd.DataFrame:
    file = _file(path)
    try:
        lines = [json.loads(line) for line in file.read_text("utf8").splitlines()]
        steps = [line["step"] for line in lines]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file} is no log of a training: {error}") from error
    folder = file.parent.resolve().name
    named = re.fullmatch(r"(.+)_seed(\d+)", folder)
    ends = [(line["step"] + 1) / line["epoch"] for line in lines if line.get("epoch")]
    rows = pd.DataFrame({
        "recipe": named[1] if named else folder,
        "seed": int(named[2]) if named else 0,
        "step": steps,
        "loss": [line.get("loss") for line in lines],
        "top1": [_top1(line) for line in lines],
    })  # fmt: skip
    return rows.assign(epoch=(rows["step"] + 1) / (ends[0] if ends else 1))


def _top1(line: dict) -> float | None:
    """Accuracy of the last pass in percent, where the line has one."""
    passes = sorted(name for name in line if name.startswith("top1_pass"))
    return 100 * line[passes[-1]] if passes else None
