"""The psychometric figure: which of two readings wins as their mix moves; threshold and lapse."""

from __future__ import annotations

import warnings
from collections import Counter
from functools import partial

import matplotlib
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from experiments import measures
from experiments.figures.figure import Figure
from experiments.figures.layout import Layout
from experiments.figures.numbers import note
from experiments.figures.panels import Panel, draw_interval_lines, draw_reference, keys_of
from experiments.figures.record_table import Table, interval_rows
from experiments.figures.style import Style
from experiments.statistics.intervals import number_text
from experiments.statistics.psychometric import (
    Interval,
    PsychometricFit,
    Sigmoid,
    fit_psychometric,
    psychometric_intervals,
)

__all__ = ["FIGURE", "psychometric"]

CUES = {"none": "no cue", "class 1": "cue: reading 1", "class 2": "cue: reading 2"}
SIGMOID = Sigmoid(guess=0.0, lapse=None)


def psychometric(table: Table, style: Style, gain: float | None = None) -> Layout:
    """Draw how often reading 2 wins over the mix, fitted curves, and their thresholds and lapses."""
    shown, models = table.at(gain), table.models
    fits = pd.concat([_fits(record, shown.gain) for record in table.records], ignore_index=True)
    names = [name for name in CUES.values() if name in set(shown.rows["row"])]
    looks = dict(zip(names, [{"color": style.ink, "marker": "D"}, *style.looks(2)], strict=False))

    def dots(name: str, told: str, **axes_settings):
        rows = fits.dropna(subset=[name])
        return table.dots(name, told, rows, name, names, looks=looks, left=22, **axes_settings)

    panels = [
        Panel(
            partial(_curves, shown.rows, fits, looks, models),
            "which reading wins",
            "Share of stimuli in which reading 2 is the more probable one, by its weight in the mix; curves: "
            "cumulative normal with lapses, fitted to each trained model by maximum likelihood.",
        ),
        dots("threshold", _told(table.names[0], fits), xlabel="mix at which both win equally"),
        dots("lapse", "Lapses, likewise.", xlabel="share of lapses", xlim=(-0.005, 0.105)),
    ]
    return shown.layout(
        panels, "Psychometric functions of mixed pictures", (1, 3), keys_of(looks, models), "Bars of shares"
    )


def _wins(record: xr.Dataset, n: int) -> pd.DataFrame:
    """Share of stimuli in which reading 2 is more probable, by cue and mix."""
    won, mixes = _reading_2(record), measures.written(record)["mix"].values
    frames = []
    for mix in np.unique(mixes):
        chosen = won.isel(stimulus=np.flatnonzero(mixes == mix))
        frames.append(interval_rows(chosen.astype(float), "share", record, n).assign(mix=float(mix)))
    rows = pd.concat(frames, ignore_index=True)
    return rows.assign(row=rows["prior"].map(CUES))


def _reading_2(record: xr.Dataset) -> xr.DataArray:
    """Whether reading 2 wins in the last pass, under no cue and both class cues."""
    record = measures.written(record)
    if not all(measures.classes_known(record, name).all() for name in ("class_1", "class_2")):
        raise ValueError("the figure psychometric draws records whose classes the model knows")
    if len(np.unique(record["mix"].values)) < 2:
        raise ValueError("the figure psychometric draws records of several mixes, and this one has a single mix")
    last = record.isel(iteration=-1, drop=True).sel(prior=[name for name in CUES if name in record["prior"].values])
    return measures.object_1_share(last).load() < 0.5


def _fits(record: xr.Dataset, gain: float | None) -> pd.DataFrame:
    """Fit a curve for every cue, model and training; what the data do not determine, or was not shown, is NaN."""
    won, mixes = _reading_2(record), measures.written(record)["mix"].values
    won = won if gain is None else won.sel(gain=gain)
    levels, counts = np.unique(mixes, return_counts=True)
    models = won["model"].values if "model" in won.dims else [record.attrs.get("model", "model")]
    rows = []
    for prior in won["prior"].values:
        of_prior = won.sel(prior=prior).transpose("model", ..., missing_dims="ignore").values
        for model, trainings in zip(models, of_prior.reshape(len(models), -1, len(mixes)), strict=True):
            for of_one in trainings:
                wins = [int(of_one[mixes == level].sum()) for level in levels]
                with warnings.catch_warnings(action="ignore"):  # the caption says what is not determined
                    fit = fit_psychometric(levels, wins, counts, SIGMOID)
                rows.append({"row": CUES[prior], "model": str(model), "fit": fit} | _of_fit(fit, levels))
    return pd.DataFrame(rows)


def _of_fit(fit: PsychometricFit, levels: np.ndarray) -> dict[str, float | Interval]:
    """Threshold and lapse with their intervals; NaN without a threshold among the levels: nothing is extrapolated."""
    intervals = psychometric_intervals(fit)
    found: dict[str, float | Interval] = {"interval": intervals["threshold"]}
    known = intervals["threshold"].determined and levels[0] <= fit.threshold <= levels[-1]
    for name in ("threshold", "lapse"):
        numbers = (getattr(fit, name), *intervals[name]) if known else (np.nan,) * 3
        found |= dict(zip((name, f"{name}_low", f"{name}_high"), numbers, strict=True))
    return found


def _curves(shares: pd.DataFrame, fits: pd.DataFrame, looks: dict, models: dict, axes: Axes) -> None:
    """Shares with intervals, and the fitted curve of every training."""
    at = np.linspace(shares["mix"].min(), shares["mix"].max(), 201)
    for k, (row, look) in enumerate(looks.items()):
        for model, dashes in models.items():
            chosen = shares[(shares["row"] == row) & (shares["model"] == model)].sort_values("mix")
            dots = look | dashes | {"linestyle": "none"}
            draw_interval_lines(axes, chosen["mix"], chosen, "share", dots, shift=1.5 * (k - 1))
            for training, fit in enumerate(fits[(fits["row"] == row) & (fits["model"] == model)]["fit"]):
                points = {"row": row, "model": model, "training": training, "mix": at, "fitted": fit.predicted(at)}
                note(axes, pd.DataFrame(points), curve=True)
                thin = 0.6 * matplotlib.rcParams["lines.linewidth"]
                axes.plot(at, fit.predicted(at), color=look["color"], linestyle=dashes["linestyle"], linewidth=thin)
    draw_reference(axes, y=0.5)
    axes.set(xlabel="mix (weight of reading 2)", ylabel="reading 2 wins (share)", ylim=(-0.04, 1.04))


def _told(model: str, fits: pd.DataFrame) -> str:
    """What the caption says of the thresholds, with their numbers for the first model."""
    told = []
    for row, part in fits[fits["model"] == model].groupby("row", sort=False):
        texts = [number_text(value) for value in part["threshold"].dropna()]
        left_out = part["interval"][part["threshold"].isna()]
        reasons = Counter("outside of the mixes" if ends.determined else f"{ends}" for ends in left_out)
        texts += [f"{reason} in {count} of {len(part)} trainings" for reason, count in reasons.items()]
        told.append(f"{row} {', '.join(texts)}")
    return (
        "Threshold of each trained model with the 95 % interval of its profile likelihood; one outside of "
        f"the mixes that were shown, or that the data do not determine, is left out ({model}: "
        f"{'; '.join(told)})."
    )


FIGURE = Figure(
    "psychometric",
    "which reading wins by mix; threshold and lapse",
    reads=("bistable",),
    needs=("logits", "mix"),
    made_of="bistable --family overlay --n 40",
    table=_wins,
    resamples=500,
    draw=psychometric,
)
