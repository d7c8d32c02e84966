"""The training figure: loss and accuracy over the epochs of some trainings."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from absvit.records.seeds import over_seeds
from experiments.figures.figure import Figure
from experiments.figures.layout import Layout
from experiments.figures.panels import Panel, draw_interval_lines, keys_of
from experiments.figures.style import Style
from stimuli.foundation.registry import later

__all__ = ["FIGURE", "training"]


def training(logs: pd.DataFrame, style: Style) -> Layout:
    """Draw the training's loss, and top-1 on the validation pictures, over epochs.

    The trainings of one recipe that differ by their seed make one line; a row of the logs is a line of a log,
    as ``training_logs.read`` gives them.
    """
    if "top1" not in logs or logs["top1"].isna().all():
        raise ValueError("nothing was evaluated in these trainings: they have no validation split, or no epoch is over")
    looks = {name: look | {"marker": ""} for name, look in style.looks_of(dict.fromkeys(logs["recipe"])).items()}
    panels = [
        Panel(
            partial(_over_epochs, logs, "loss", looks, "loss (nat)"), "training",
            "Loss of the augmented training pictures, means of each epoch.",
        ),
        Panel(
            partial(_over_epochs, logs, "top1", looks, "top-1 (%)"), "validation",
            "Accuracy of the last pass on the validation pictures.",
        ),
    ]  # fmt: skip
    seeds = "; ".join(f"{name}: n = {_plural(group['seed'].nunique())}" for name, group in logs.groupby("recipe"))
    bands = "Bands: Student's 95 % intervals over seeds." if logs.groupby("recipe")["seed"].nunique().max() > 1 else ""
    return Layout(panels, f"Training; {seeds}.", bands, (1, 2), keys_of(looks, {}))


def _over_epochs(logs: pd.DataFrame, name: str, looks: dict[str, dict], label: str, axes: Axes) -> None:
    """A measure over epochs, a line for each recipe."""
    known = logs[logs[name].notna()]
    for recipe, look in looks.items():
        rows = known[known["recipe"] == recipe]
        rows = rows.assign(epoch=np.ceil(rows["epoch"] - 1e-9)).groupby(["epoch", "seed"])[name].mean().reset_index()
        rows = over_seeds(rows, ["epoch"], {name: (-np.inf, np.inf)})
        draw_interval_lines(axes, rows["epoch"], rows.assign(recipe=recipe), name, look, band=True)
    axes.set(xlabel="epoch", ylabel=label)


def _plural(n: int) -> str:
    return f"{n} seed" + "s" * (n != 1)


FIGURE = Figure(
    "training",
    "loss and accuracy over the epochs of trainings",
    opens=later("experiments.exchange.training_logs:opened"),
    draw=training,
)
