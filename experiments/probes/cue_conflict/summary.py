"""What is answered to pictures in conflict under each cue, with intervals over stimuli and seeds."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from experiments import measures
from experiments.table import cells, each_observer

__all__ = ["cue_conflict_summary"]

CATEGORIES = {"shape": "class_1", "texture": "class_2", "absent": "absent_class"}
ASKED = ("none", "absent class")  # priors under which the category that is not shown tells something


def cue_conflict_summary(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate answers to the pictures whose shape and texture differ, in the last iteration.

    Returns
    -------
    DataFrame with a row per model, gain and prior: ``shape``, ``texture`` and ``other``, shares of the answers
    that sum to 1; ``shape_bias`` (see ``measures.shape_decides``), NaN where neither is ever answered;
    ``p_shape`` and ``p_texture``, probabilities; ``shape_change`` and ``texture_change`` of the shares by the
    cue; ``absent`` and ``p_absent``, share and probability of a category that is not shown, NaN under cues for
    others. Each has its ``_low`` and ``_high``, 95 % intervals over stimuli and seeds.
    """
    rows = []
    for told, part in each_observer(record):
        last = measures.in_conflict(part.isel(iteration=-1, drop=True))
        known = {word: name for word, name in CATEGORIES.items() if measures.classes_known(last, name).all()}
        answered = {word: measures.reported(last, name).load() for word, name in known.items()}
        likely = {word: measures.target_probability(last, name).load() for word, name in known.items()}
        bias = measures.shape_decides(last).load()
        for prior in last["prior"].values.tolist():
            here, p = ({word: of.sel(prior=prior) for word, of in values.items()} for values in (answered, likely))
            asked = prior in ASKED
            values = {
                "shape": here["shape"],
                "texture": here["texture"],
                "other": ~(here["shape"] | here["texture"]),
                "shape_bias": bias.sel(prior=prior),
                "p_shape": p["shape"],
                "p_texture": p["texture"],
                **{f"{word}_change": _change(answered[word], prior) for word in ("shape", "texture")},
                "absent": here.get("absent") if asked else None,
                "p_absent": p.get("absent") if asked else None,
            }
            rows.append(told | {"prior": prior, "n": last.sizes["stimulus"]} | cells(values, n, seed))
    return pd.DataFrame(rows)


def _change(answered: xr.DataArray, prior: str) -> xr.DataArray | None:
    """Answers under a cue minus those without one."""
    return None if prior == "none" else measures.prior_difference(answered, prior, "none")
