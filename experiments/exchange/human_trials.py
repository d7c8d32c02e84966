"""Responses: tables of single trials in model-vs-human's format, read from people's files or written from a record."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from absvit import records
from experiments import measures
from experiments.exchange.same_trials import of_trial_table
from experiments.trials import trial_table
from experiments.trials.stored import holds_trials
from stimuli.foundation.files import write_whole
from stimuli.foundation.texts import other_separator, read_text

__all__ = ["COLUMNS", "agreement", "asked_for", "opened", "read", "trials_of", "write"]

COLUMNS = ("subj", "session", "trial", "rt", "object_response", "category", "condition", "imagename")
OBSERVER = ("model", "seed")  # dims of a record that tell who looks; all but these and the stimulus make a condition
WITHOUT_TARGET = {"target": "absent", "condition": "control"}  # displays that do not show what is asked for


def read(paths: Sequence[str | os.PathLike] | str | os.PathLike) -> pd.DataFrame:
    """Read trials of one or more files, or of all CSV files of a folder.

    Parameters
    ----------
    paths : files, or a folder; among the files may be trial tables, CSV or stored (``same_trials``).

    Returns
    -------
    DataFrame with the columns of ``COLUMNS``, whose headers may be written in any case. Names, answers,
    categories and conditions are text as it stands in the file; no answer is the text "na". Where rt is no
    number it is NaN.

    Raises
    ------
    FileNotFoundError : a file is missing, or a folder holds no CSV file.
    ValueError : a file is no text or no table, or lacks a column.
    """
    given = [Path(paths)] if isinstance(paths, str | os.PathLike) else [Path(path) for path in paths]
    ours = [path for path in given if holds_trials(path)]
    if ours and len(ours) == len(given):
        return of_trial_table(trial_table.read(ours))
    given = [path for path in given if path not in ours]
    files = [file for path in given for file in (sorted(path.glob("*.csv")) if path.is_dir() else [path])]
    missing = [str(file) for file in files if not file.is_file()]
    if missing or not files:
        raise FileNotFoundError(f"no responses at {', '.join(missing or map(str, given))}: give CSV files, or a folder")
    tables = [of_trial_table(trial_table.read(ours)).astype({"session": str, "trial": str})] if ours else []
    for file in files:
        try:
            table = pd.read_csv(io.StringIO(text := read_text(file)), keep_default_na=False, dtype=str)
        except pd.errors.ParserError as error:
            raise ValueError(f"{file} is not a table of trials ({error}): give CSV files") from error
        table.columns = table.columns.str.strip().str.lower()
        if lacking := [name for name in COLUMNS if name not in table]:
            of_format = f"{', '.join(lacking)} of model-vs-human's format{other_separator(text)}"
            raise ValueError(f"{file} lacks the columns {of_format}")
        tables.append(table[list(COLUMNS)])
    trials = pd.concat(tables, ignore_index=True)
    trials["rt"] = pd.to_numeric(trials["rt"], errors="coerce")
    for name in ("session", "trial"):
        with suppress(ValueError):  # numbers in most files; nothing is compared by them
            trials[name] = pd.to_numeric(trials[name])
    return trials


def opened(paths: Sequence[Path]) -> tuple[pd.DataFrame, list[xr.Dataset]]:
    """Read trials for the figure of consistency.

    Returns
    -------
    The trials, and a dataset whose attributes tell whose they are.
    """
    trials = pd.concat([_opened(path) for path in paths], ignore_index=True)
    return trials, [xr.Dataset(attrs={"title": "consistency", "model": ", ".join(sorted(set(trials["subj"])))})]


def _opened(path: Path) -> pd.DataFrame:
    if path.suffix == ".zarr" or (path / "zarr.json").is_file():
        return trials_of(records.load(path))
    return read([path])


def agreement(trials: pd.DataFrame) -> pd.DataFrame:
    """Tabulate how observers answer and how their errors agree.

    Parameters
    ----------
    trials : as :func:`read` gives.

    Returns
    -------
    DataFrame with a row per observer: observer, n (trials), accuracy, kappa (mean error consistency with each
    other observer; NaN of a single one), and shape_bias where all stimuli are cue conflicts. The last row is
    their mean. With people (subject-...) and models there are a mean of either, and kappa_people and
    kappa_models for kappa.
    """
    frame = pd.DataFrame({"n": trials.groupby("subj").size(), "accuracy": measures.accuracy_by_observer(trials)})
    people = {name for name in frame.index if measures.is_person(name)}
    kinds = {"models": [*frame.index.difference(people)], "people": sorted(people)}
    mixed = all(kinds.values())
    pairs = measures.error_consistency(trials) if len(frame) > 1 else None
    for kind, among in kinds.items() if mixed else [("", list(frame.index))]:
        frame[f"kappa_{kind}" if mixed else "kappa"] = [_mean_kappa(pairs, name, among) for name in frame.index]
    if trials["imagename"].map(measures.is_cue_conflict).all():
        frame["shape_bias"] = measures.shape_bias(trials)
    groups = {f"mean of {kind}": names for kind, names in kinds.items()} if mixed else {"mean": list(frame.index)}
    means = [frame.loc[names].mean().to_frame(name).T.astype({"n": int}) for name, names in groups.items()]
    return pd.concat([frame, *means]).rename_axis("observer").reset_index()


def _mean_kappa(pairs: pd.DataFrame | None, name: str, among: list[str]) -> float:
    """Mean kappa of an observer with others."""
    if pairs is None:
        return np.nan
    with_other = pairs["second"].where(pairs["first"] == name, pairs["first"].where(pairs["second"] == name))
    return pairs["kappa"][with_other.isin(among)].mean()


def trials_of(record: xr.Dataset) -> pd.DataFrame:
    """Tell a record trial by trial: the answer of every observer to every stimulus under every prior.

    Returns
    -------
    DataFrame with the columns of ``COLUMNS``. An observer (subj) is a model, with its seed where there are
    several; a session is one gain; the condition is the prior, followed by all else that the record varies
    (gain, corruption, severity ...), so that a stimulus is shown once in a condition. The answer is the most
    probable class in the last iteration; ``rt`` is its entropy in nats, a proxy without a unit of time (see
    ``measures.response_entropy``). The category is the class of the object that the prior cues, and that of
    object 1 under all other priors and under invalid cues. One that the model does not know is "na". Displays
    that do not show what is asked for (search without the target, turned inducers) are left out: no category
    is right there. The stimulus is numbered in ``imagename``, after the last underscore, as people's files
    do.
    """
    record = _with_target(measures.written(record))
    last = record.isel(iteration=-1, drop=True)
    answers, entropies = last["logits"].argmax("class"), measures.response_entropy(last)
    told = xr.Dataset({"answer": answers, "rt": entropies, "category": asked_for(record)}).reset_coords(drop=True)
    frame = told.to_dataframe(dim_order=list(answers.dims)).reset_index()
    names = np.append(record["class"].values.astype(object), "na")  # the class -1 is the last one
    model = frame["model"] if "model" in frame else record.attrs.get("model", "model")
    number = frame["stimulus"].map("{:05d}".format)
    condition = _condition(frame[[dim for dim in answers.dims if dim not in (*OBSERVER, "stimulus")]])
    table = pd.DataFrame(
        {
            "subj": (pd.Series(model, frame.index) + (" seed " + frame["seed"].astype(str) if "seed" in frame else "")),
            "session": frame["gain"].rank(method="dense").astype(int) if "gain" in frame else 1,
            "trial": 0,
            "rt": frame["rt"],
            "object_response": names[frame["answer"]],
            "category": names[frame["category"]],
            "condition": condition,
        }
    )
    short = condition.str.replace(r"\W", "-", regex=True)
    table["imagename"] = number + "_" + short + "_" + table["category"] + number + ".png"
    table["trial"] = table.groupby(["subj", "session"]).cumcount() + 1
    return table[list(COLUMNS)]


def _with_target(record: xr.Dataset) -> xr.Dataset:
    """The stimuli that show what is asked for."""
    for name, without in WITHOUT_TARGET.items():
        if name in record.coords:
            record = record.isel(stimulus=np.flatnonzero(record[name].values != without))
    return record


def asked_for(record: xr.Dataset) -> xr.DataArray:
    """Give the class index (prior, stimulus) of the answer that is right: the cued object, or object 1."""
    objects = record["cue"].where(record["kind"] != "invalid", 1).clip(1)
    classes = [record[f"class_{k}"] for k in range(1, int(objects.max()) + 1)]
    return xr.concat(classes, "object", coords="minimal").isel(object=objects.astype(int) - 1)


def _condition(levels: pd.DataFrame) -> pd.Series:
    """The prior of each trial, and the names and levels of what else was varied."""
    condition = levels["prior"].astype(str)
    for name in levels.columns.drop("prior"):
        if levels[name].nunique() > 1:
            words = levels[name].map(lambda level: level if isinstance(level, str) else f"{level:g}")
            condition += f" {name} " + words
    return condition


def write(record: xr.Dataset, path: str | os.PathLike) -> Path:
    """Write a record's trials (:func:`trials_of`) as CSV, atomically; a ValueError says where that cannot be."""
    path, table = Path(path), trials_of(record)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, table.to_csv(index=False))
    except OSError as error:
        raise ValueError(f"cannot write {path} ({error}): choose a folder that can be written") from error
    return path
