"""The robustness profile of a checkpoint: from its name to the record and its tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd
import xarray as xr
from torch import nn

from absvit.distributed import Process
from absvit.models import AbSViT
from absvit.models.checkpoints import identity
from absvit.models.checkpoints.fetching import replace_file
from absvit.models.zoo import load_with_its_classes
from absvit.robustness.classes import model_classes
from absvit.robustness.evaluation import Place, Preprocessing, evaluate
from absvit.robustness.suites import Sources, conditions
from absvit.robustness.tables import profile, table_text
from stimuli.foundation.options import FileOrAddress

__all__ = ["Who", "profile_model", "run_profile", "write_tables"]

LEAST_SIZE = 16


@dataclass(frozen=True)
class Who:
    """Who is evaluated.

    Parameters
    ----------
    model
        Name of the model, ours or timm's.
    checkpoint
        File, address or tag of bundled weights; the bundled or released weights, if left out.
    weights
        Of a training's checkpoint: the model itself, or its average over updates (ema).
    img_size
        Input size in pixels; the checkpoint's own, if left out.
    classes
        Text file with the names of the model's classes, one a line, where its card does not name them.
    iterations
        Feedback passes of an AbSViT.
    device
        cpu, cuda or mps; a GPU where there is one, if left out.
    """

    model: str = "absvit_micro"
    checkpoint: FileOrAddress | None = None
    weights: Literal["model", "ema"] = "model"
    img_size: int | None = None
    classes: Path | None = None
    iterations: int = 1
    device: str | None = None

    def __post_init__(self) -> None:
        if self.iterations < 0:
            raise ValueError(f"iterations must be at least 0, got {self.iterations}")
        if self.img_size is not None and self.img_size < LEAST_SIZE:
            raise ValueError(f"img_size must be at least {LEAST_SIZE} pixels, one patch, got {self.img_size}")


def run_profile(who: Who, suites: Sequence[str], sources: Sources, place: Place, process: Process) -> xr.Dataset:
    """Evaluate a checkpoint on some suites, as :func:`profile_model` does.

    Parameters
    ----------
    who : which checkpoint.
    suites : some of :data:`absvit.robustness.suites.SUITES`.
    sources : where their pictures are.
    place : where the record goes.
    process : this process among those that evaluate together.

    Returns
    -------
    The record.

    Raises
    ------
    FileNotFoundError, ValueError : weights, folders or pictures are not there or do not fit together.
    """
    size = {} if who.img_size is None else {"img_size": who.img_size}
    model = load_with_its_classes(who.model, who.checkpoint, which=who.weights, **size).to(process.device)
    names = model_classes(model, who.classes)
    return profile_model(model, who.model, names, suites, sources, place, process, who.iterations, who.weights)


def profile_model(
    model: nn.Module,
    name: str,
    names: Sequence[str],
    suites: Sequence[str],
    sources: Sources,
    place: Place,
    process: Process,
    iterations: int = 1,
    weights: Literal["model", "ema"] = "model",
) -> xr.Dataset:
    """Evaluate a model that is loaded; print the table, and write it beside the record.

    Parameters
    ----------
    model : on the device of the process.
    name : name of the model.
    names : names of its classes.
    suites, sources, place, process : as in :func:`run_profile`.
    iterations : feedback passes of an AbSViT.
    weights : which of the checkpoint's the model has.

    Returns
    -------
    The record.

    Raises
    ------
    FileNotFoundError, ValueError : folders or pictures are not there or do not fit the model.
    """
    last = iterations if isinstance(model, AbSViT) else 0
    if beyond := [number for number in sources.attack_iterations if not 0 <= number <= last]:
        raise ValueError(f"{name} makes passes 0 to {last}; there is no pass {beyond[0]} to attack")
    shown = conditions(suites, sources, names, Preprocessing.of(model).size)
    frost = None if sources.frost_folder is None else sources.frost_folder.name
    file, sha256 = identity(model)
    facts = {
        "model": name,
        "checkpoint": file,
        "checkpoint_sha256": sha256,
        "seed": sources.seed,
        "parameters": {
            "on_the_fly": sources.on_the_fly,
            "centre_crop": sources.centre_crop,
            "frost": frost,
            "weights": weights,
        },
    }
    record = evaluate(model, shown, names, place, process, iterations, facts)
    if process.is_first:
        table = profile(record)
        print(table_text(table).to_string(index=False))
        for path in write_tables(table, place.out):
            print(path)
    return record


def write_tables(table: pd.DataFrame, beside: Path) -> tuple[Path, Path]:
    """Write a table as CSV (numbers in full) and as LaTeX.

    Parameters
    ----------
    table : what to write.
    beside : path whose ending is replaced by .csv and .tex.

    Returns
    -------
    The two files.
    """
    csv, tex = Path(beside).with_suffix(".csv"), Path(beside).with_suffix(".tex")
    replace_file(csv, lambda temporary: temporary.write_text(table.to_csv(index=False)))
    latex = table_text(table).to_latex(index=False, escape=True)
    replace_file(tex, lambda temporary: temporary.write_text(latex))
    return csv, tex
