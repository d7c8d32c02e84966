"""The cue-conflict figure: how often the shape and the texture are answered under each cue, a panel an observer."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pandas as pd
from matplotlib.axes import Axes

from experiments import measures
from experiments.figures.figure import Figure
from experiments.figures.layout import Layout
from experiments.figures.mechanisms import labels_of
from experiments.figures.panels import Panel, draw_interval_rows, keys_of
from experiments.figures.record_table import Table
from experiments.figures.style import Style
from experiments.probes.cue_conflict.summary import cue_conflict_summary
from experiments.statistics.intervals import number_text

__all__ = ["FIGURE", "cue_conflict"]

ANSWERS = {"shape": "answer: the shape's category", "texture": "answer: the texture's category"}
CUES = {"none": "no cue", "shape": "cue: shape", "texture": "cue: texture", "both": "cue: both"}
ENDS = ("", "_low", "_high")  # of an interval
ROW = 4.2  # mm of a cue


def cue_conflict(
    table: Table, style: Style, gain: float | None = None, people: tuple[float, float] | None = None, source: str = ""
) -> Layout:
    """Draw the shares of shape and of texture answers under each cue, beside those of people, if they are given.

    Parameters
    ----------
    table : of ``cue_conflict_summary``.
    style : sizes and colours.
    gain : gain that is shown, the nearest in the record; the middle one, if left out.
    people : shares of shape and of texture answers that people gave without a cue, in [0, 1].
    source : where these two numbers come from, for the caption.

    Raises
    ------
    ValueError : people's numbers are no shares, or do not say where they come from.
    """
    if people is not None and not (min(people) >= 0 and sum(people) <= 1):
        raise ValueError(f"people's shares of shape and texture answers are in [0, 1], and their sum is: got {people}")
    if (people is None) == bool(source):
        raise ValueError("people's shares and their source belong together: give --people SHAPE TEXTURE and --source")
    shown = table.at(gain)
    looks = dict(zip(ANSWERS.values(), style.looks(2), strict=True))
    kinds = {name: of for record in table.records for name, of in measures.told_of(record).items()}
    titles = {name: label.text for name, label in labels_of(kinds).items()}
    panels = [
        Panel(partial(_shares, name, shown.of(model=name), people, looks), titles.get(name, name), left=22,
              tall=ROW * (len(shown.values("prior")) + (people is not None)))
        for name in table.names
    ]  # fmt: skip
    about = (
        "Shares of pictures in conflict that are answered with the category of their shape and with that of their "
        "texture, by what is cued"
    )
    layout = shown.layout(panels, about, (2, 3), keys_of(looks, {}))
    if people is None:
        return layout
    shape, texture = map(number_text, people)
    told = f"People, without a cue: shape {shape}, texture {texture} ({source})."
    return replace(layout, closing=f"{layout.closing} {told}")


def _shares(
    observer: str, rows: pd.DataFrame, people: tuple[float, float] | None, looks: dict[str, dict], axes: Axes
) -> None:
    """Both answers under each cue, one below the other; those of people have no interval."""
    rows = rows.assign(row=[CUES.get(prior, prior) for prior in rows["prior"]])
    if people is not None:
        rows = pd.concat([rows, pd.DataFrame([{"row": "people", **dict(zip(ANSWERS, people, strict=True))}])])
    told = [
        pd.DataFrame({"row": rows["row"], "model": answer, **{f"share{end}": rows[name + end] for end in ENDS}})
        for name, answer in ANSWERS.items()
    ]
    shares = pd.concat(told, ignore_index=True)
    noted = shares.rename(columns={"model": "answer"}).assign(model=observer)
    draw_interval_rows(axes, rows["row"].tolist(), shares, "share", looks, told=noted)
    axes.set(xlim=(-0.03, 1.03), xlabel="share of pictures")


FIGURE = Figure(
    "cue_conflict",
    "answers by shape and by texture under each cue",
    reads=("cue_conflict",),
    needs=("logits",),
    table=cue_conflict_summary,
    draw=cue_conflict,
)
