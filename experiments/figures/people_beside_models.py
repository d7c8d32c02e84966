"""The study figure: what people and observers answered under each instruction, in one table of trials."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from experiments.figures.figure import Figure
from experiments.figures.layout import Layout
from experiments.figures.numbers import note
from experiments.figures.page import points
from experiments.figures.panels import Key, Panel, draw_reference, tick_text
from experiments.figures.record_table import listed
from experiments.figures.style import Style
from experiments.trials.answer_scores import (
    SCORES,
    conditions_of,
    participant_scores,
    shown_option,
    shown_scores,
)
from experiments.trials.by_condition import INTERVALS as OF_PEOPLE
from experiments.trials.by_condition import OBSERVERS, PEOPLE, condition_means
from experiments.trials.overview import lacking
from experiments.trials.trial_table import tested
from stimuli.foundation.registry import later
from stimuli.foundation.texts import some

__all__ = ["FIGURE", "study"]

SERIES, PAD = 2.6, 2.2  # mm of a series of dots, and between conditions
LONGEST = 190.0  # mm of a panel
WORDS = {
    "accuracy": "right answers (share)", "probability": "probability of the right option",
    "median_rt": "median RT (s)", "mean_rt": "mean RT (s)", "log_rt": "mean ln RT", "d_prime": "d'",
    "criterion": "criterion c",
}  # fmt: skip


def study(
    trials: pd.DataFrame,
    style: Style,
    by: tuple[str, ...] = (),
    scores: tuple[str, ...] = (),
    option: str = "",
) -> Layout:
    """Draw scores by condition: the mean of people with each person's dot, and every observer beside.

    Parameters
    ----------
    trials : trial table of people, observers, or both.
    style : sizes and colours.
    by : columns whose levels make the conditions; the instructions, if left out, else the first factor
        that has 2 to 8 levels.
    scores : names of scores; accuracy or choice, the probability where observers tell it, and the median
        reaction time where there is one, if left out.
    option : of the answer, for choice, probability, d_prime and criterion; or the column that names it in
        each trial. Where nothing is right it is the first such column, or option, if left out.
    """
    by, option = list(by) or conditions_of(trials), option or shown_option(trials)
    scores = list(scores) or shown_scores(trials, option)
    asked = {score: (trials, score, by, _of(score, option)) for score in scores}
    means = {score: _labelled(condition_means(*given, "within"), by) for score, given in asked.items()}
    each = {score: _labelled(participant_scores(*given), by) for score, given in asked.items()}
    first = means[scores[0]]
    observers = [name for name in dict.fromkeys(first["participant"]) if name != PEOPLE]
    people = PEOPLE in set(first["participant"])
    names = [PEOPLE] * people + observers
    rows = list(dict.fromkeys(first["row"]))
    looks = ({PEOPLE: {"color": style.ink, "marker": "o", "linestyle": "-"}} if people else {}) | dict(
        zip(observers, style.looks(len(observers) + 1)[1:], strict=True)
    )
    tall = len(rows) * (SERIES * len(names) + PAD)
    if tall > LONGEST:
        raise ValueError(
            f"{len(rows)} conditions of {len(names)} rows each are longer than a page: choose conditions with --by, or "
            "give fewer observers"
        )
    across = min(len(scores), 3) if style.column == "double" else 1
    left = min(42.0, 4.0 + 1.35 * max(len(line) for row in rows for line in row.split("\n")))
    panels = [
        Panel(
            partial(_dots, means[score], each[score], score, _word(score, option), rows, looks, k % across == 0),
            tall=tall, left=left if k % across == 0 else 4.0, told=_told(score, option),
            wide=1.0 + (left / 60 if k % across == 0 and across > 1 else 0.0),
        )
        for k, score in enumerate(scores)
    ]  # fmt: skip
    keys = [Key(name, look) for name, look in looks.items()]
    bars = [f"{OF_PEOPLE['within' if len(rows) > 1 else 'between']}"] * people + [OBSERVERS] * bool(observers)
    few = lacking(trials, by)
    left_out = f" Not in people's intervals, since they lack a condition: {some(few)}." if few else ""
    closing = f"Bars: 95 % intervals, {'; '.join(bars)}.{left_out}"
    return Layout(panels, _counts(trials, by), closing, (1, 3), keys)


def _of(score: str, option: str) -> str:
    """The option of a score that takes one."""
    return option if SCORES[score].needs_option or score == "probability" else ""


def _word(score: str, option: str) -> str:
    """What stands at the axis."""
    if score == "choice" or (score == "probability" and option):
        return f"{'answers' if score == 'choice' else 'probability of'} {option!r}{' (share)' * (score == 'choice')}"
    return WORDS[score]


def _told(score: str, option: str) -> str:
    """What the caption says of a panel."""
    text = SCORES[score].text
    return f"{text[0].upper()}{text[1:]}{f': {option}' * bool(_of(score, option))}."


def _labelled(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """A table with the words of its conditions as the column row."""
    words = [frame[name].map(lambda value: value if isinstance(value, str) else tick_text(value)) for name in by]
    row = words[0].str.cat(words[1:], sep=", ") if words else pd.Series("all trials", frame.index)
    return frame.assign(row=row.replace("", "(none)"))


def _dots(
    means: pd.DataFrame,
    each: pd.DataFrame,
    score: str,
    word: str,
    rows: list[str],
    looks: dict,
    named: bool,
    axes: Axes,
) -> None:
    """A group of dots for each condition: people's mean over each person's dot, and the observers below."""
    persons = each[each["kind"] == "person"].dropna(subset=[score])
    note(axes, means)
    note(axes, persons)
    step = 1 / (len(looks) + PAD / SERIES)
    for at, row in enumerate(rows):
        for k, (name, look) in enumerate(looks.items()):
            y = at + (k - (len(looks) - 1) / 2) * step
            if name == PEOPLE:
                _draw_persons(axes, persons[persons["row"] == row][score].to_numpy(), y, step)
            chosen = means[(means["row"] == row) & (means["participant"] == name)]
            axes.hlines([y] * len(chosen), chosen[f"{score}_low"], chosen[f"{score}_high"], color=look["color"])
            axes.plot(chosen[score], [y] * len(chosen), **{**look, "linestyle": "none"})
    axes.set_yticks(range(len(rows)), rows if named else [""] * len(rows))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    for edge in np.arange(1, len(rows)) - 0.5:
        draw_reference(axes, y=edge)
    axes.locator_params(axis="x", nbins=5)
    axes.set_xlabel(word)
    if SCORES[score].limits == (0.0, 1.0):
        lowest = np.nanmin([*means[[score, f"{score}_low"]].min(), persons[score].min()])
        start = max(edge for edge in (0.0, 0.25, 0.5) if edge == 0 or edge <= lowest)
        axes.set(
            xlim=(start - 0.03 * (1 - start), 1 + 0.03 * (1 - start)),
            xticks=np.arange(start, 1.01, 0.25 if start else 0.5),
        )


def _draw_persons(axes: Axes, values: np.ndarray, y: float, step: float) -> None:
    """Each person's value as a pale dot; dots lie on three lines, so that fewer hide each other."""
    spread = y + 0.28 * step * (np.arange(len(values)) % 3 - 1)
    size = 0.6 * matplotlib.rcParams["lines.markersize"]
    look = {
        "marker": "o",
        "linestyle": "none",
        "color": "#b4b4bc",
        "markersize": size,
        "markeredgewidth": points(0.2),
    }
    axes.plot(values, spread, **look, alpha=0.8, zorder=1.5)


def _counts(trials: pd.DataFrame, by: Sequence[str]) -> str:
    """What the caption begins with: the conditions, and how many people, observers and trials there are."""
    trials = tested(trials)
    of = trials.groupby("kind")["participant"].nunique()
    n_people, n_observers = int(of.get("person", 0)), int(of.get("model", 0))
    who = [f"{n_people} {'person' if n_people == 1 else 'people'}"] * bool(n_people)
    who += [f"{n_observers} observer{'s' * (n_observers > 1)}"] * bool(n_observers)
    each = trials.groupby(["kind", "participant"]).size()
    n = f"{each.min()}" if each.min() == each.max() else f"{each.min()} to {each.max()}"
    conditions = f" by {listed([name.replace('_', ' ') for name in by])}" if by else ""
    pale = "; pale dots: each person" if n_people > 1 else ""
    return f"Answers of {listed(who)}{conditions}, n = {n} trials each{pale}."


FIGURE = Figure(
    "study",
    "people and observers in the same study: each score by instruction, from tables of trials",
    opens=later("experiments.trials.stored:opened"),
    draw=study,
)
