"""The map figure: how well each kind of attention map finds the cued object's mask."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd
import xarray as xr

from experiments import measures
from experiments.figures.figure import RESAMPLES, Figure
from experiments.figures.layout import Layout
from experiments.figures.panels import keys_of
from experiments.figures.record_table import interval_table, table_of
from experiments.figures.style import Style
from experiments.probes.bistable.signature_layout import MAP_NAMES

__all__ = ["FIGURE", "maps"]

COLUMNS = {
    "auc_other": (
        "AUC, against the other object",
        "Area under the ROC (AUC) with which a map tells the cued object's tokens from those of the other "
        "object (line: chance).",
    ),
    "auc_rest": ("AUC, against all other tokens", "The same against all other tokens."),
    "share": ("share of the cued object", "The cued object's share in the map's sum over both objects."),
}


def maps(records: Sequence[xr.Dataset], style: Style, cue: str = "class", n: int = RESAMPLES) -> Layout:
    """Draw how well each kind of map tells the cued object's mask from the other object and from the rest.

    Parameters
    ----------
    records : bistable with maps and masks, of different models; of several gains the first is shown.
    style : sizes and colours.
    cue : kind of cue, class or place.
    n : bootstrap resamples.

    Raises
    ------
    ValueError : no maps or no cues of this kind.
    """
    table = table_of(records, partial(_summary, cue), n)
    rows = table.rows
    names = list(dict.fromkeys(rows.sort_values("auc_other", ascending=False)["row"]))
    panels = []
    for name, (title, told) in COLUMNS.items():
        lowest, label = min(0.45, rows[f"{name}_low"].min() - 0.02), name.split("_")[0].replace("auc", "AUC")
        look = {"left": 22, "xlim": (lowest, 1.02), "xlabel": label}
        panels.append(table.dots(title, told, rows, name, names, reference=0.5, **look))
    about = f"Attention maps against the mask of the cued object under {cue} cues, in the last pass"
    return table.layout(panels, about, (1, 3), keys_of({}, table.models))


def _summary(cue: str, record: xr.Dataset, n: int) -> pd.DataFrame:
    """The three measures of every map."""
    last = measures.written(record).isel(iteration=[-1])
    last = last.isel(gain=0, drop=True) if "gain" in last.dims else last
    names = [name for name in measures.MAPS if name in last]
    if not names:
        raise ValueError(f"the figure maps draws maps, and the record has none of {', '.join(measures.MAPS)}")
    frames = []
    for name in names:
        found = {
            "auc_other": measures.attention_auc(last, name),
            "auc_rest": measures.attention_auc(last, name, against="rest"),
            "share": measures.attention_share(last, name),
        }
        if cue not in found["share"]["prior"].values:
            raise ValueError(f"expected a kind of cue in {found['share']['prior'].values.tolist()}, got {cue!r}")
        of_cue = {column: values.sel(prior=cue).isel(iteration=0).compute() for column, values in found.items()}
        rows = interval_table(of_cue, record, n)
        frames.append(rows.assign(row=MAP_NAMES[name]))
    return pd.concat(frames, ignore_index=True).dropna(subset=["auc_other"])


FIGURE = Figure(
    "maps",
    "attention maps against the masks of the objects",
    reads=("bistable",),
    needs=("mask_1", "mask_2"),
    draw=maps,
)
