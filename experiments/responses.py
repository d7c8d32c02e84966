"""Responses: tables of single trials in model-vs-human's format, read from people's files or written from a record."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from absvit.models.downloads import replace_file
from experiments import measures

__all__ = ["COLUMNS", "agreement", "read", "trials_of", "write"]

COLUMNS = ("subj", "session", "trial", "rt", "object_response", "category", "condition", "imagename")


def read(paths: Sequence[str | os.PathLike] | str | os.PathLike) -> pd.DataFrame:
    """Read trials of one or more files, or of all CSV files of a folder.

    Parameters
    ----------
    paths : files, or a folder.

    Returns
    -------
    DataFrame with the columns of ``COLUMNS``; no answer is the text "na".

    Raises
    ------
    FileNotFoundError : a file is missing, or a folder holds no CSV file.
    ValueError : a file lacks a column.
    """
    given = [Path(paths)] if isinstance(paths, str | os.PathLike) else [Path(path) for path in paths]
    files = [file for path in given for file in (sorted(path.glob("*.csv")) if path.is_dir() else [path])]
    missing = [str(file) for file in files if not file.is_file()]
    if missing or not files:
        raise FileNotFoundError(f"no responses at {', '.join(missing or map(str, given))}: give CSV files, or a folder")
    tables = []
    for file in files:
        table = pd.read_csv(file, keep_default_na=False, dtype={"condition": str, "subj": str})
        if lacking := [name for name in COLUMNS if name not in table]:
            raise ValueError(f"{file} lacks the columns {', '.join(lacking)} of model-vs-human's format")
        tables.append(table[list(COLUMNS)])
    return pd.concat(tables, ignore_index=True)


def agreement(trials: pd.DataFrame) -> pd.DataFrame:
    """Tabulate how observers answer and how their errors agree.

    Parameters
    ----------
    trials : as :func:`read` gives.

    Returns
    -------
    DataFrame with a row per observer and, last, their mean: observer, n (trials), accuracy, kappa (mean error
    consistency with each other observer; NaN of a single one), and shape_bias where all stimuli are cue conflicts.
    """
    frame = pd.DataFrame(
        {"n": trials.groupby("subj").size(), "accuracy": measures.accuracy_by_observer(trials), "kappa": np.nan}
    )
    if len(frame) > 1:
        pairs = measures.error_consistency(trials)
        for name in frame.index:
            frame.loc[name, "kappa"] = pairs["kappa"][(pairs["first"] == name) | (pairs["second"] == name)].mean()
    if trials["imagename"].map(measures.is_cue_conflict).all():
        frame["shape_bias"] = measures.shape_bias(trials)
    mean = frame.mean().to_frame("mean").T.astype({"n": int})
    return pd.concat([frame, mean]).rename_axis("observer").reset_index()


def trials_of(record: xr.Dataset) -> pd.DataFrame:
    """Tell a record trial by trial: the answer of every observer to every stimulus under every prior.

    Parameters
    ----------
    record : record whose ``class_1`` is the category to be reported.

    Returns
    -------
    DataFrame with the columns of ``COLUMNS``. An observer (subj) is a model, with its seed where there are several; a
    session is one gain; the condition is the prior, followed by the gain where there are several, so that a stimulus
    is shown once in a condition. The answer is the most probable class in the last iteration; ``rt`` is its entropy
    in nats, a proxy without a unit of time (see ``measures.response_entropy``). A category that the model does not
    know is "na". The stimulus is numbered in ``imagename``, after the last underscore, as people's files do.
    """
    record = measures.written(record)
    last = record.isel(iteration=-1, drop=True)
    answers, entropies = last["logits"].argmax("class"), measures.response_entropy(last)
    both = xr.Dataset({"answer": answers, "rt": entropies}).reset_coords(drop=True)
    frame = both.to_dataframe(dim_order=list(answers.dims)).reset_index()
    names = np.append(record["class"].values.astype(object), "na")  # the class -1 is the last one
    category = pd.Series(names[record["class_1"].values], record["stimulus"].values)
    model = frame["model"] if "model" in frame else record.attrs.get("model", "model")
    gains = frame["gain"] if "gain" in frame else pd.Series(0.0, frame.index)
    several = gains.nunique() > 1
    number = frame["stimulus"].map("{:05d}".format)
    condition = frame["prior"].astype(str) + (" gain " + gains.map("{:g}".format) if several else "")
    table = pd.DataFrame(
        {
            "subj": (pd.Series(model, frame.index) + (" seed " + frame["seed"].astype(str) if "seed" in frame else "")),
            "session": gains.rank(method="dense").astype(int),
            "trial": 0,
            "rt": frame["rt"],
            "object_response": names[frame["answer"]],
            "category": frame["stimulus"].map(category),
            "condition": condition,
        }
    )
    short = condition.str.replace(r"\W", "-", regex=True)
    table["imagename"] = number + "_" + short + "_" + table["category"] + number + ".png"
    table["trial"] = table.groupby(["subj", "session"]).cumcount() + 1
    return table[list(COLUMNS)]


def write(record: xr.Dataset, path: str | os.PathLike) -> Path:
    """Write a record's trials as CSV, atomically.

    Parameters
    ----------
    record : see :func:`trials_of`.
    path : file to write, ``.csv``.

    Returns
    -------
    The file.

    Raises
    ------
    ValueError : the path cannot be written.
    """
    path, table = Path(path), trials_of(record)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, lambda partial: table.to_csv(partial, index=False))
    except OSError as error:
        raise ValueError(f"cannot write {path} ({error}): choose a folder that can be written") from error
    return path
