"""The statistics of an observer's alternation, as people's are."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pandas as pd
import xarray as xr

from experiments import measures
from experiments.measures.alternation import phases_of
from experiments.probes.alternation.dynamics import Dynamics
from experiments.statistics.phase_statistics import alternation_row
from experiments.table import names_of

__all__ = ["phases_by_contrast", "summary"]

LEAST = 3  # whole phases of dominance, of which there are statistics
WHO = ("model", "seed", "stimulus")


def summary(record: xr.Dataset, n: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Tabulate how an observer's percept alternates.

    Returns
    -------
    DataFrame with a row per model and contrast: participants (pictures of all networks), phases, and the fields
    of ``statistics.phase_statistics.Alternation`` with their ``_low`` and ``_high``; NaN where no percept alternates.
    """
    rows = []
    for told, phases in phases_by_contrast(measures.written(record)):
        few = (phases["response"] != "mixed").sum() < LEAST or phases["duration"].nunique() < 2
        row = {} if few else alternation_row(phases, n, seed)
        phases_seen = {"participants": row.pop("participants", 0), "phases": row.pop("n", 0)}
        rows.append(told | phases_seen | row)
    return pd.DataFrame(rows)


def phases_by_contrast(record: xr.Dataset) -> Iterator[tuple[dict, pd.DataFrame]]:
    """Go through the models and contrasts of a record, each with its phases.

    Every picture of every network counts as a participant: as people do, pictures differ in pace.
    """
    told = json.loads(record.attrs["parameters"])
    dynamics = Dynamics(**{name: told[name] for name in vars(Dynamics())})
    share = record["share"].sel(time=slice(dynamics.onset, None))
    for model in names_of(record):
        of_model = share.sel(model=[model]) if "model" in share.dims else share.expand_dims(model=[model])
        for contrast in record["contrast"].values.tolist():
            part = of_model.sel(contrast=contrast, drop=True)
            yield (
                {"model": model, "contrast": contrast},
                phases_of(part, "time", dynamics.pass_time, dynamics.criterion, WHO, dynamics.least),
            )
