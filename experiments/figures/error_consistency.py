"""The consistency figure: whether models and people err on the same trials, how often, with what bias."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from experiments import measures
from experiments.figures.figure import Figure
from experiments.figures.layout import Layout
from experiments.figures.numbers import RULE, note
from experiments.figures.panels import Panel, draw_interval_rows, draw_reference, model_looks, tick_text
from experiments.figures.record_table import listed
from experiments.figures.style import INCH, Style, colour_map
from experiments.statistics.intervals import number_text, proportion_interval
from stimuli.foundation.registry import later

__all__ = ["FIGURE", "consistency"]

ALL = "all"
SCALE = 11.0  # mm of the matrix's colour bar with its numbers


def consistency(trials: pd.DataFrame, style: Style) -> Layout:
    """Draw the agreement of the errors of every pair of observers, their accuracy, and their shape bias.

    Trials are as ``human_trials.read`` gives them; observers called subject-... are people, and stand last.
    """
    pairs = measures.error_consistency(trials)
    observers = sorted({*pairs["first"], *pairs["second"]}, key=lambda name: (measures.is_person(name), name))
    rows = _numbers(trials, observers)
    has_bias = bool(rows["shape_bias"].notna().any())
    names = [shortened_name(name) for name in observers]
    labels = 3.5 + max(1.4 * len(name) for name in names)
    alone = style.column == "single"
    others = 1 + has_bias
    share = 1.0 if alone else 0.44
    side = style.width * share - labels - 2.5  # of the matrix; where panels stand beside each other, rows align
    look = {"left": labels, "rows": len(names)} if alone else {"left": 4.0, "wide": (1 - share) / others}
    numbered = side / len(names) > 4.2
    panels = [
        Panel(partial(_matrix, pairs, observers, names, numbered, style), "error consistency (kappa)",
              left=labels, tall=side, foot=labels + 1 + SCALE, wide=share),
        *(
            Panel(partial(_dots, rows, names, name, alone), name.replace("_", " "), tall=side, **look)
            for name in ("accuracy", "shape_bias")[:others]
        ),
    ]  # fmt: skip
    return Layout(panels, _caption(trials, pairs, observers, has_bias))


def shortened_name(observer: str) -> str:
    """How an observer of the table is called at an axis."""
    name = observer.replace("subject-", "S")
    return name if len(name) <= 18 else f"{name[:17]}…"


def _numbers(trials: pd.DataFrame, observers: list[str]) -> pd.DataFrame:
    """Accuracy and shape bias of every observer, with binomial intervals over trials."""
    frame = pd.DataFrame({"observer": observers, "row": [shortened_name(name) for name in observers], "model": ALL})
    counts = {"accuracy": (trials["object_response"] == trials["category"]).groupby(trials["subj"])}
    if trials["imagename"].map(measures.is_cue_conflict).all():
        counts["shape_bias"] = measures.shape_decisions(trials).groupby("subj")["shape"]
    frame["shape_bias"] = np.nan
    for name, groups in counts.items():
        right, n = (counted.reindex(observers, fill_value=0) for counted in (groups.sum(), groups.size()))
        frame[name] = (right / n.where(n > 0)).to_numpy()
        ends = [
            proportion_interval(int(k), int(m)) if m > 0 else (np.nan, np.nan) for k, m in zip(right, n, strict=True)
        ]
        frame[f"{name}_low"], frame[f"{name}_high"] = np.transpose(ends)
    return frame


def _matrix(pairs: pd.DataFrame, observers: list[str], names: list[str], numbered: bool, style: Style, axes: Axes):
    """Kappa of every pair, with its number where there is room."""
    import seaborn

    kappa = pd.DataFrame(np.nan, observers, observers)
    for first, second, value in pairs[["first", "second", "kappa"]].itertuples(index=False):
        kappa.loc[first, second] = kappa.loc[second, first] = value
    low, *_, top = sorted([*pairs["kappa"].dropna(), 0.0, 0.5])
    seaborn.heatmap(
        kappa,
        vmin=low,
        vmax=top if numbered else 1.0,
        cmap=colour_map(style.attention),
        annot=kappa.map(number_text) if numbered else None,
        fmt="",
        annot_kws={"size": 0.75 * style.text * style.unit},
        square=True,
        cbar_ax=_axes_of_scale(axes, max(1.4 * len(name) for name in names) + 4.5, style),
        cbar_kws={"orientation": "horizontal", "label": "kappa", "format": tick_text, "ticks": MaxNLocator(4)},
        xticklabels=names,
        yticklabels=names,
        ax=axes,
    )
    note(axes, pairs)
    axes.tick_params("x", length=0, rotation=90)
    axes.tick_params("y", length=0, rotation=0)
    people = sum(map(measures.is_person, observers))
    if 0 < people < len(observers):
        edge = len(observers) - people
        for line in (axes.axvline, axes.axhline):
            line(edge, color="white", linewidth=1.5 * style.unit, label=RULE)


def _axes_of_scale(axes: Axes, below: float, style: Style) -> Axes:
    """Axes of the matrix's colour bar so many mm below it, under the names of the observers."""
    box, height = axes.get_position(), axes.figure.get_size_inches()[1] * INCH / style.unit
    place = (box.x0, box.y0 - (below + 2) / height, box.width, 2 / height)
    return axes.figure.add_axes(place, label="<colorbar>")


def _dots(rows: pd.DataFrame, names: list[str], name: str, named: bool, axes: Axes) -> None:
    """A number of every observer."""
    draw_interval_rows(axes, names, rows.dropna(subset=[name]), name, model_looks([ALL]))
    draw_reference(axes, x=0.5 if name == "shape_bias" else None)
    label = "shape / (shape + texture)" if name == "shape_bias" else "share of right answers"
    axes.set(xlabel=label, xlim=(-0.03, 1.03), xticks=[0, 0.5, 1])
    if not named:
        axes.set_yticks(range(len(names)), [""] * len(names))


def _caption(trials: pd.DataFrame, pairs: pd.DataFrame, observers: list[str], has_bias: bool) -> str:
    """What is shown, and the mean agreement within and between people and models."""
    people = [name for name in observers if measures.is_person(name)]
    models = [name for name in observers if name not in people]
    both = pairs[["first", "second"]].isin(people)
    groups = {
        "people": both.all(axis=1),
        "models": ~both.any(axis=1),
        "models and people": both.any(axis=1) & ~both.all(axis=1),
    }
    means = [
        f"{name} {number_text(float(pairs['kappa'][chosen].mean()), 3) or 'not defined'} "
        f"({(of := int(chosen.sum()))} pair{'s' * (of > 1)})"
        for name, chosen in groups.items() if chosen.any()
    ]  # fmt: skip
    told = [f"{len(group)} {one if len(group) == 1 else many}"
            for group, one, many in ((models, "model", "models"), (people, "person", "people")) if group]  # fmt: skip
    counts = trials.groupby("subj").size()
    n = f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"
    remarks = "".join(f" {remark}" for remark in measures.remarks(trials))
    bias = ", and share of shape answers among those of the shape or the texture (.5, line)" if has_bias else ""
    return (
        f"Trials of {listed([*told])}, n = {n} trials each. Error consistency: Cohen's kappa of being right, "
        "for every pair of observers over the stimuli that both have seen, as a mean over conditions (0: as "
        f"independent observers of their accuracies). Mean kappa: {'; '.join(means)}. Share of right "
        f"answers{bias}. Bars: 95 % Wilson intervals over trials.{remarks}"
    )


FIGURE = Figure(
    "consistency",
    "errors, accuracy and shape bias of models and people",
    opens=later("experiments.exchange.human_trials:opened"),
    draw=consistency,
)
