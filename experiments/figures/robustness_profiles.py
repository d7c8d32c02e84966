"""The robustness figure: accuracy of models under every corruption, by severity, and on other suites."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from absvit.records.seeds import check_weights_differ, over_seeds
from experiments.figures.figure import Figure
from experiments.figures.layout import Layout
from experiments.figures.panels import Key, Panel, draw_interval_lines, draw_interval_rows
from experiments.figures.record_table import listed
from experiments.figures.style import STYLE, Style

__all__ = ["FIGURE", "profile_rows", "robustness"]

PREFIX = "imagenet_c/"
KEYS = ["model", "suite", "severity"]
COLUMNS = (3, 4)  # panels in a row, of one and of two columns' width
LINE = 3.2  # mm: height of a line of a suite's name
NAMES = {"clean": "clean", "fgsm": "FGSM", "pgd": "PGD", "imagenet_c": "mean of C"}


def robustness(records: Sequence[xr.Dataset], style: Style) -> Layout:
    """Draw the share of right answers of each model under each corruption over its severity, and on the other
    suites.

    Records of one model are taken as its trainings; the last pass of an AbSViT counts.
    """
    rows = profile_rows(records)
    models = list(dict.fromkeys(rows["model"]))
    looks = style.looks_of(models)
    corruptions = [name for name in dict.fromkeys(rows["suite"]) if name.startswith(PREFIX)]
    others = [name for name in dict.fromkeys(rows["suite"]) if not name.startswith(PREFIX)]
    across = COLUMNS[style.column == "double"]
    last = len(corruptions) - across  # panels from this one on have no other corruption below them
    panels = [
        Panel(partial(_curve, rows[rows["suite"] == name], looks, k % across == 0, k >= last),
              name.removeprefix(PREFIX).replace("_", " "), tall=20.0, lettered=False, foot=9.0 if k >= last else 5.0)
        for k, name in enumerate(corruptions)
    ]  # fmt: skip
    lines = max([_suite_name(suite).count("\n") + 1 for suite in others], default=0)
    tall = max(20.0, LINE * lines * len(others) * style.text / STYLE.text)
    panels += [Panel(partial(_dots, rows, others, looks), "suites", tall=tall, lettered=False, left=17)] * bool(others)
    keys = [Key(name, look) for name, look in looks.items()]
    return Layout(panels, _caption(records, rows, models), columns=COLUMNS, keys=keys)


def profile_rows(records: Sequence[xr.Dataset]) -> pd.DataFrame:
    """Tabulate the top-1 of every suite and severity of each model, in the last pass.

    Records of one model are taken as its trainings, whose weights must differ, and each must be complete.

    Returns
    -------
    DataFrame with model, suite, severity, trainings, and top1 with top1_low and top1_high, in percent: of a
    single record its binomial 95 % interval over pictures, of several Student's 95 % interval over them.
    """
    frames = []
    for record in records:
        if "done" in record and record["done"].values.min() == 0:
            raise ValueError("the evaluation is not complete: go on with python -m absvit.robustness ... --resume")
        last = record.isel(iteration=-1, drop=True)
        frame = last[["top1", "top1_low", "top1_high"]].load().to_dataframe().reset_index().dropna(subset=["top1"])
        if "corrupted_error" in last and last["corrupted_error"].notnull():
            ends = {"top1": "", "top1_low": "_high", "top1_high": "_low"}
            mean = {name: 1 - float(last[f"corrupted_error{end}"]) for name, end in ends.items()}
            frame = pd.concat([frame, pd.DataFrame([{"suite": "imagenet_c", "severity": 0} | mean])])
        told = {name: str(record.attrs.get(name, name)) for name in ("model", "checkpoint_sha256")}
        frames.append(frame.assign(**told))
    several, ends = pd.concat(frames), ["top1", "top1_low", "top1_high"]
    for (model, suite, _), part in several.groupby(KEYS, sort=False):
        check_weights_differ(model, part["checkpoint_sha256"].tolist(), f" on {suite}")
    table = over_seeds(several.assign(**100 * several[ends]), KEYS, {"top1": (0, 100)})
    return table.rename(columns={"seeds": "trainings"})[[*KEYS, "trainings", *ends]]


def _curve(rows: pd.DataFrame, looks, is_first: bool, is_last: bool, axes: Axes) -> None:
    """Accuracy over the severity of one corruption."""
    for k, (model, look) in enumerate(looks.items()):
        chosen = rows[rows["model"] == model].sort_values("severity")
        draw_interval_lines(axes, chosen["severity"], chosen, "top1", look, shift=1.5 * (k - (len(looks) - 1) / 2))
    axes.set(xlabel="severity" * is_last, ylabel="top-1 (%)" * is_first, ylim=(-4, 104), xlim=(0.6, 5.4))
    axes.set_xticks(range(1, 6))
    axes.set_yticks([0, 50, 100])


def _dots(rows: pd.DataFrame, suites, looks, axes: Axes) -> None:
    """Accuracy on the suites without severities, and the mean over all corruptions."""
    names = {suite: _suite_name(suite) for suite in suites}
    rows = rows[rows["suite"].isin(suites)].assign(row=lambda rows: rows["suite"].map(names))
    draw_interval_rows(axes, list(names.values()), rows, "top1", looks)
    low = min(50.0, rows["top1_low"].min() - 2)
    axes.set(xlabel="top-1 (%)", xlim=(low, 104), xticks=[tick for tick in (0, 50, 100) if tick >= low])


def _suite_name(suite: str) -> str:
    """How a suite is called in the figure."""
    name, *options = suite.split("/")
    told = [f" {option.removeprefix('eps=')}/255" if option.startswith("eps=") else f"\n{option}" for option in options]
    return "".join([NAMES.get(name, name.replace("_", " ")), *told])


def _caption(records: Sequence[xr.Dataset], rows: pd.DataFrame, models: Sequence[str]) -> str:
    """What is shown, of how many pictures and trainings."""
    counts = dict.fromkeys(int(n) for record in records for n in np.unique(record["n"].values[record["n"].values > 0]))
    trained = rows.groupby("model", sort=False)["trainings"].max()
    names = listed([f"{name} ({trained[name]} training{'s' if trained[name] > 1 else ''})" for name in models])
    kinds = []
    if (trained > 1).any():
        kinds.append("Student's 95 % intervals over trainings")
    if (trained == 1).any():
        kinds.append("binomial 95 % intervals over pictures")
    return (
        f"Top-1 of {names} in the last pass, on {' or '.join(map(str, counts))} pictures a condition: each "
        "corruption over its severity, and the other suites (mean of C: over all corruptions and "
        f"severities). Bars: {listed(kinds)}."
    )


FIGURE = Figure(
    "robustness",
    "accuracy by corruption and severity, of several models",
    reads=("robustness",),
    needs=("top1", "top1_low", "top1_high"),
    draw=robustness,
)
