"""Tables of robustness records: one evaluation beside the published numbers, or seeds with intervals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from absvit.models.zoo.published import VARIANTS
from absvit.records import seeds
from absvit.records.differences import differences
from absvit.robustness.classes import wnids
from absvit.robustness.scores import ALEXNET_ERRORS, PREFIX, corruption_interval
from stimuli.foundation.files import write_whole
from stimuli.foundation.texts import some

__all__ = ["over_seeds", "profile", "table_text", "write_tables"]

KEYS = ["model", "suite", "iteration"]
PERCENT = ("top1", "top5", "target_rate", "calibration_error")
COLUMNS = [
    *KEYS, "n", "top1", "top1_low", "top1_high", "top5", "target_rate", "loss", "calibration_error", "mce", "mce_low",
    "mce_high", "relative_mce", "published",
]  # fmt: skip


def profile(record: xr.Dataset) -> pd.DataFrame:
    """Numbers of a record, one row a suite and pass; corruptions as means over their severities.

    Returns
    -------
    Frame with model, suite, iteration, n, top1, top5, error and calibration_error in percent, loss in nat;
    intervals of top1 over pictures (Wilson's, of corruptions by bootstrap); target_rate of targeted attacks
    in percent; mce (percent of AlexNet's, a corruption's or the mean) and published, where the original work
    gives a number for this model: of the clean suite its top1, of imagenet_c its mCE. Its ``attrs`` tell
    where the numbers come from.

    Raises
    ------
    ValueError : a record of something else, or one that is not complete.
    """
    if (title := record.attrs.get("title")) != "robustness":
        raise ValueError(
            f"expected a record of python -m absvit.robustness, got one of {title}: python -m experiments summary "
            "gives the numbers of probes"
        )
    if record["done"].values.min() == 0:
        raise ValueError("the evaluation is not complete: go on with --resume")
    record = record.compute()
    imagenet = tuple(record["class"].values.tolist()) == wnids()
    known = next((v for v in VARIANTS if imagenet and v.name == record.attrs["model"]), None)
    rows = [
        _row(record, suite, t, imagenet) for suite in record["suite"].values for t in range(record.sizes["iteration"])
    ]
    rows += [_mean_row(record, rows, t) for t, e in enumerate(record["corrupted_error"].values) if not np.isnan(e)]
    for row in rows if known else ():
        if row["iteration"] == record["iteration"].values[-1] and row["suite"] in ("clean", "imagenet_c"):
            row["published"] = known.top1 if row["suite"] == "clean" else known.mce
    frame = pd.DataFrame(rows).reindex(columns=COLUMNS).astype(dict.fromkeys(COLUMNS[4:], float))
    frame.attrs = _origin(record)
    return frame.assign(model=frame.attrs["model"])


def _row(record: xr.Dataset, suite: str, t: int, imagenet: bool) -> dict:
    """Numbers of a suite in a pass, means over its severities."""
    cell = record[[name for name in record if record[name].dims == ("suite", "severity", "iteration")]]
    cell = cell.sel(suite=suite).isel(iteration=t).dropna("severity", subset=["n"])
    mean, name = cell.mean("severity"), suite.removeprefix(PREFIX)
    row = {
        "suite": suite,
        "iteration": int(cell["iteration"]),
        "n": int(cell["n"].sum()),
        "loss": float(mean["mean_loss"]),
    }
    row |= {name: 100 * float(mean[name]) for name in PERCENT if name in mean}
    if suite == name:
        ends = (float(mean["top1_low"]), float(mean["top1_high"]))
    else:
        ends = corruption_interval(record, suite, t)
    row["top1_low"], row["top1_high"] = (100 * end for end in ends)
    if imagenet and suite != name and name in ALEXNET_ERRORS and cell.sizes["severity"] == 5:
        row["mce"] = (100 - row["top1"]) / ALEXNET_ERRORS[name]
    return row


def _mean_row(record: xr.Dataset, rows: Sequence[dict], t: int) -> dict:
    """Numbers of all corruptions of the benchmark together in a pass."""
    whole, iteration = record.isel(iteration=t), int(record["iteration"][t])
    of_benchmark = [
        row["suite"].removeprefix(PREFIX) in ALEXNET_ERRORS and row["iteration"] == iteration for row in rows
    ]
    row = {"suite": "imagenet_c", "iteration": iteration}
    row["n"] = sum(row["n"] for row, counts in zip(rows, of_benchmark, strict=True) if counts)
    for name, end in (("top1", ""), ("top1_low", "_high"), ("top1_high", "_low")):
        row[name] = 100 - 100 * float(whole[f"corrupted_error{end}"])
    return row | {name: float(whole[name]) for name in ("mce", "mce_low", "mce_high", "relative_mce")}


def over_seeds(profiles: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Means over several trainings of one model, with Student's 95 % intervals over them.

    Parameters
    ----------
    profiles : what :func:`profile` gives of each record; of several models, too. Records of the same weights
        may stand beside each other if they have no suite in common.

    Returns
    -------
    Frame with the columns of :func:`profile` and seeds: means, with intervals of top1 (within 0 to 100 %) and
    mce; of one seed its intervals over pictures.

    Raises
    ------
    ValueError : a suite was evaluated with the same weights twice, or otherwise with other weights of the
        same model; seeds of attacks and corruptions aside, which may differ.
    """
    for number, later in enumerate(profiles):
        for earlier in profiles[:number]:
            _check_seeds(earlier, later)
    return seeds.over_seeds(pd.concat(profiles), KEYS, {"top1": (0, 100), "mce": (0, np.inf)}).astype({"n": int})


def _check_seeds(earlier: pd.DataFrame, later: pd.DataFrame) -> None:
    """Refuse two records as seeds of one model where they are none."""
    one, other = earlier.attrs, later.attrs
    suites = one["suites"].keys() & other["suites"].keys()
    if one["model"] != other["model"] or not suites:
        return
    weights = [each["checkpoint_sha256"] for each in (one, other)]
    told = f" ({other['checkpoint']}, SHA-256 {weights[1][:12]}) on {some(sorted(suites))}"
    seeds.check_weights_differ(other["model"], weights, told)
    settings = [
        {"parameters": each["parameters"]} | {suite: each["suites"][suite] for suite in suites} for each in (one, other)
    ]
    if told := differences(*settings):
        raise ValueError(
            f"{one['checkpoint']} and {other['checkpoint']} of {other['model']} were evaluated differently ({told}): "
            "evaluate all seeds with the same options"
        )


def _origin(record: xr.Dataset) -> dict:
    """What a record's numbers come from, as far as seeds of one model must have it in common or must not."""
    suites = {}
    for shown in json.loads(record.attrs["conditions"]):
        suite, severity = shown.pop("suite"), shown.pop("severity")
        if shown["attack"]:
            del shown["attack"]["seed"]
        suites.setdefault(suite, {})[str(severity)] = shown
    parameters = json.loads(record.attrs["parameters"])
    parameters = {name: value for name, value in parameters.items() if name not in ("batch_size", "chunk")}
    told = {name: str(record.attrs[name]) for name in ("model", "checkpoint", "checkpoint_sha256")}
    return told | {"parameters": parameters, "suites": suites}


def table_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Write a table's numbers as a paper does: intervals in brackets, and no empty ones or columns."""
    text = frame.copy().astype(object)
    for name in ("top1", "mce"):
        for index, row in frame.iterrows():
            mean, low, high = (f"{row[name + end]:.1f}" for end in ("", "_low", "_high"))
            if low != high:
                text.loc[index, name] = f"{mean} [{low}, {high}]"
        text = text.drop(columns=[f"{name}_low", f"{name}_high"])
    text = text.dropna(axis="columns", how="all")
    digits = {"loss": 3}
    for name in text:
        if name not in ("n", "iteration", "seeds"):
            text[name] = [f"{v:.{digits.get(name, 1)}f}" if isinstance(v, float) and v == v else v for v in text[name]]
    return text.where(text.notna(), "")


def write_tables(table: pd.DataFrame, beside: Path) -> tuple[Path, Path]:
    """Write a table as CSV (numbers in full) and as LaTeX; gives the two files."""
    csv, tex = Path(beside).with_suffix(".csv"), Path(beside).with_suffix(".tex")
    write_whole(csv, table.to_csv(index=False))
    write_whole(tex, table_text(table).to_latex(index=False, escape=True))
    return csv, tex
