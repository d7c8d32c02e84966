"""Tables of robustness records: one evaluation beside the published numbers, or several seeds with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from absvit.models import zoo
from absvit.robustness.classes import wnids
from absvit.robustness.scores import ALEXNET_ERRORS, LEVEL, PREFIX

__all__ = ["over_seeds", "profile", "table_text"]


def profile(record: xr.Dataset) -> pd.DataFrame:
    """Numbers of a record, one row a suite and pass; corruptions as means over their severities.

    Parameters
    ----------
    record : a robustness record that is complete.

    Returns
    -------
    Frame with model, suite, iteration, n, top1, top5, error and calibration_error in percent, loss in nat; intervals
    where there is one; mce (percent of AlexNet's, a corruption's or the mean) and published, where the original work
    gives a number for this model: of the clean suite its top1, of imagenet_c its mCE.

    Raises
    ------
    ValueError : the record is not complete.
    """
    if record["done"].values.min() == 0:
        raise ValueError("the evaluation is not complete: go on with --resume")
    model, rows = str(record.attrs.get("model", "")), []
    scored = record[[name for name, v in record.data_vars.items() if "stimulus" not in v.dims]].load()
    imagenet = tuple(scored["class"].values.tolist()) == wnids()
    known = [variant for variant in zoo.VARIANTS if imagenet and variant.name == model]
    published = known[0] if known else None
    for suite in scored["suite"].values:
        for t in scored["iteration"].values:
            cell = scored.sel(suite=suite, iteration=t).dropna("severity", subset=["n"])
            mean, single = cell.mean("severity"), cell.sizes["severity"] == 1
            row = {"model": model, "suite": suite, "iteration": int(t), "n": int(cell["n"].sum())}
            row |= {name: 100 * float(mean[name]) for name in ("top1", "top5", "calibration_error")}
            if single:
                row |= {f"top1_{end}": 100 * float(mean[f"top1_{end}"]) for end in ("low", "high")}
            row |= {"loss": float(mean["mean_loss"])}
            name = suite.removeprefix(PREFIX)
            if imagenet and suite != name and name in ALEXNET_ERRORS and cell.sizes["severity"] == 5:
                row["mce"] = (100 - row["top1"]) / ALEXNET_ERRORS[name]
            if suite == "clean" and published and t == scored["iteration"].values[-1]:
                row["published"] = published.top1
            rows.append(row)
    for t in scored["iteration"].values:
        whole = scored.sel(iteration=t)
        if np.isnan(whole["corrupted_error"]):
            continue
        row = {
            "model": model,
            "suite": "imagenet_c",
            "iteration": int(t),
            "top1": 100 - 100 * float(whole["corrupted_error"]),
        }
        row["n"] = sum(
            r["n"] for r in rows if r["suite"].removeprefix(PREFIX) in ALEXNET_ERRORS and r["iteration"] == t
        )
        low, high = (100 - 100 * float(whole[f"corrupted_error_{end}"]) for end in ("high", "low"))
        row |= {"top1_low": low, "top1_high": high}
        row |= {name: float(whole[name]) for name in ("mce", "mce_low", "mce_high", "relative_mce")}
        if published and t == scored["iteration"].values[-1]:
            row["published"] = published.mce
        rows.append(row)
    columns = ["model", "suite", "iteration", "n", "top1", "top1_low", "top1_high", "top5", "loss", "calibration_error"]
    columns += ["mce", "mce_low", "mce_high", "relative_mce", "published"]
    return pd.DataFrame(rows).reindex(columns=columns)


def over_seeds(profiles: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Means over several trainings of one model, with Student's 95 % intervals over them.

    Parameters
    ----------
    profiles : what :func:`profile` gives of each checkpoint; of several models, too.

    Returns
    -------
    Frame with model, suite, iteration, seeds, and top1 with its low and high in percent; NaN intervals of one seed.
    """
    rows = []
    for key, group in pd.concat(profiles).groupby(["model", "suite", "iteration"], sort=False):
        values, n = group["top1"].to_numpy(), len(group)
        half = stats.t.ppf((1 + LEVEL) / 2, n - 1) * values.std(ddof=1) / n**0.5 if n > 1 else np.nan
        row = dict(zip(("model", "suite", "iteration"), key, strict=True)) | {"seeds": n, "top1": values.mean()}
        rows.append(row | {"top1_low": values.mean() - half, "top1_high": values.mean() + half})
    return pd.DataFrame(rows)


def table_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Write a table's numbers as a paper does: intervals in brackets, empty columns left out.

    Parameters
    ----------
    frame : what :func:`profile` or :func:`over_seeds` gives.
    """
    text = frame.copy().astype(object)
    for name in ("top1", "mce"):
        if f"{name}_low" not in frame:
            continue
        for index, row in frame.iterrows():
            if pd.notna(row[f"{name}_low"]):
                text.loc[index, name] = "{:.1f} [{:.1f}, {:.1f}]".format(
                    *(row[name + end] for end in ("", "_low", "_high"))
                )
        text = text.drop(columns=[f"{name}_low", f"{name}_high"])
    text = text.dropna(axis="columns", how="all")
    digits = {"loss": 3}
    for name in text:
        if name not in ("n", "iteration", "seeds"):
            text[name] = [f"{v:.{digits.get(name, 1)}f}" if isinstance(v, float) and v == v else v for v in text[name]]
    return text.where(text.notna(), "")
