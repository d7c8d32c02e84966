"""Summarising: the table of records of one probe, whichever it is."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import xarray as xr

from experiments import probes, summaries
from experiments.summaries import dynamics

__all__ = ["summary_of"]

OF_OBJECTS = {"bistable perception": summaries.graded_summary, "recognition": summaries.recognition_summary}


def summary_of(opened: Sequence[xr.Dataset], maps: bool = False) -> pd.DataFrame:
    """Summarise records of one probe in one table.

    Parameters
    ----------
    opened : the records.
    maps : summarise the maps of bistable records.

    Raises
    ------
    ValueError : records of several probes or of none, or maps of records that have none.
    """
    titles = {record.attrs.get("title", "no title") for record in opened}
    if len(titles) > 1:
        raise ValueError(f"expected records of one probe, got {' and '.join(sorted(titles))}: summarise them apart")
    if titles == {"recognition"} and maps:
        raise ValueError("recognition cues nothing that a map could find: leave out --maps")
    title = next(iter(titles))
    displays = probes.summary_of_title(title) or (dynamics.summary if title in dynamics.TITLES else None)
    if not displays and title not in OF_OBJECTS:
        raise ValueError(
            f"expected a record of a probe, got one of {title!r}: python -m absvit.robustness summary tabulates those "
            "of robustness"
        )
    if displays and maps:
        raise ValueError("--maps is for bistable records; the summary of this one tells where its maps lie")
    of = displays or OF_OBJECTS[title]
    frames = [(summaries.map_summary if maps else of)(record) for record in opened]
    return pd.concat(frames, ignore_index=True)
