"""Corruption profiles: accuracy by corruption and severity, from a record of ``python -m absvit.robustness``."""

from __future__ import annotations

import numpy as np
import xarray as xr

__all__ = ["corruption_profile"]

PREFIX = "imagenet_c/"
ENDS = ("top1", "top1_low", "top1_high")


def corruption_profile(record: xr.Dataset, iteration: int = -1) -> xr.Dataset:
    """Share of right answers under every corruption and severity (Hendrycks and Dietterich 2019, ICLR).

    Parameters
    ----------
    record : of the suite imagenet_c; with the suite clean, that is severity 0 of every corruption.
    iteration : pass that answers, 0 = bottom-up, -1 = the last.

    Returns
    -------
    Dataset with top1, top1_low and top1_high (corruption, severity), severities 0 to 5; NaN where nothing was
    shown. Its attribute n is the number of pictures that each corruption was shown with at each severity, at
    most.

    Raises
    ------
    ValueError : a record of another kind, without corruptions, or one that is not complete.
    """
    title = record.attrs.get("title", "")
    if title != "robustness" or "top1" not in record:
        origin = title or "unknown origin"
        raise ValueError(f"expected a record of python -m absvit.robustness, got one of {origin}")
    suites = [str(name) for name in record["suite"].values]
    corruptions = [name for name in suites if name.startswith(PREFIX)]
    if not corruptions:
        raise ValueError(f"the record has no corruptions, only {', '.join(suites)}: evaluate the suite imagenet_c")
    scores = record[list(ENDS)].isel(iteration=iteration, drop=True).reindex(severity=np.arange(6)).compute()
    if scores["top1"].isnull().all():
        raise ValueError("the evaluation is not complete: go on with --resume")
    found = scores.sel(suite=corruptions).rename(suite="corruption")
    if "clean" in suites:
        clean = scores.sel(suite="clean", severity=0, drop=True)
        found = xr.where(found["severity"] == 0, clean, found)
    names = [name.removeprefix(PREFIX) for name in corruptions]
    found = found.transpose("corruption", "severity").assign_coords(corruption=np.array(names, object))
    return found.assign_attrs(n=int(record["n"].max()))
