"""A task at a glance: people's trials, each person's effect, observers beside, and where they part."""

from __future__ import annotations

from functools import partial
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.layout import Layout
from experiments.figures.numbers import note
from experiments.figures.panels import Key, Panel, draw_reference, tick_text
from experiments.figures.style import STYLE, Style
from experiments.people.at_hand import SIMULATED
from experiments.people.published_source import Source
from experiments.people_score.figure import people as people_layout
from experiments.people_score.scoring import CANNOT, PEOPLE
from experiments.trials.effects import Effect, chosen, effect_of
from experiments.trials.item_effects import item_effects

__all__ = ["task_figure"]

TALL, BINS, NAMED = 38.0, 40, 5


def task_figure(
    source: Source, people: pd.DataFrame, answers: pd.DataFrame, scores: pd.DataFrame, effect: str, style: Style = STYLE
) -> Figure:
    """Draw an effect of a task.

    Parameters
    ----------
    source : of people's trials.
    people, answers : trial tables of people, and of observers with people's factors.
    scores : rows of the task, as ``score`` gives them.
    effect : name of one of its effects.
    style : sizes and colours.
    """
    own = source.effect(effect)
    found = effect_of(people, own, splits=50)
    colours = style.colours(4)
    looks = {side: {"color": colour} for side, colour in zip(("low", "high"), colours, strict=False)}
    beside = people_layout(scores, style, (effect,)).panels[0]
    observers = [name for name in dict.fromkeys(scores["who"]) if name != PEOPLE]
    apart = {name: look for name, look in zip(observers, style.looks(len(observers)), strict=True)}
    panels = [
        Panel(partial(_trials, people, own, looks), "people's trials", _of_trials(own), tall=TALL,
              keys=tuple(Key(str(getattr(own, side)), looks[side]) for side in looks)),
        Panel(partial(_persons, found, style), "each person's effect", "Each person's effect, sorted.", tall=TALL),
        Panel(beside.draw, "beside observers", "People's interval (band) and observers'.", left=beside.left, tall=TALL,
              wide=1.3),
        _parting(source, people, answers, scores, own, apart),
    ]  # fmt: skip
    n = f"{found.n} people, {found.trials:,} trials; left out: {found.trimmed:,} trials, {len(found.left_out)} people."
    low, high = found.interval
    told = f"Mean {found.mean:.3f} [{low:.3f}, {high:.3f}] {own.unit}, dz {found.dz:.2f}; reliability "
    told += f"{found.reliability:.2f}, ceiling {found.ceiling:.2f}."
    opening = f"{source.name.replace('_', ' ')}, {effect}: {n} {people.attrs.get(SIMULATED, '')}".rstrip()
    return Layout(panels, opening, f"{told} {source.match.differs}".rstrip(), (1, 2)).drawn(style)


def _of_trials(effect: Effect) -> str:
    return "Trials that count." if effect.measure in ("rt", "duration") else "Each person's share in either condition."


def _trials(people: pd.DataFrame, effect: Effect, looks: dict, axes: Axes) -> None:
    """Distributions of trials, or of people's shares, in both conditions."""
    trials = chosen(people, effect)
    values, high = trials.values, trials.high
    if effect.measure not in ("rt", "duration"):
        means = pd.Series(values).groupby([trials.table["participant"].to_numpy(), high]).mean().unstack()
        values, high = np.concatenate([means[False], means[True]]), np.repeat([False, True], len(means))
        values, high = values[~np.isnan(values)], high[~np.isnan(values)]
    edges = np.linspace(*np.quantile(values, (0.0, 0.995)), BINS)
    for side, rows in (("low", ~high), ("high", high)):
        heights, _ = np.histogram(values[rows], edges, density=True)
        axes.stairs(heights, edges, **looks[side])
    note(axes, pd.DataFrame({"value": values, "high": high}))
    axes.set(xlabel=f"{effect.measure.replace('_', ' ')} ({effect.unit})", ylabel="density", yticks=[])


def _persons(found, style: Style, axes: Axes) -> None:
    effects = np.sort(found.by_participant["effect"].dropna().to_numpy())
    note(axes, found.by_participant.reset_index())
    axes.axhspan(*found.interval, color=style.unknown, alpha=0.4, linewidth=0)
    draw_reference(axes, y=0)
    axes.plot(np.arange(1, len(effects) + 1), effects, marker="o", linestyle="none", color=style.ink, markersize=2)
    axes.set(xlabel="people, sorted", ylabel=f"effect ({found.effect.unit})")


def _parting(source: Source, people, answers, scores: pd.DataFrame, effect: Effect, looks: dict) -> Panel:
    """Where people and observers part: items, or where none are common the effects of the task."""
    keys = tuple(Key(name, {**look, "linestyle": "none"}) for name, look in looks.items())
    if source.match.item:
        draw, told = (
            partial(_items, source, people, answers, effect, looks),
            "Effects at each picture; farthest are named.",
        )
    else:
        draw, told = partial(_effects, scores, looks), "Effect sizes of all effects of the task; the line is equality."
    return Panel(draw, "where they part", told, keys, tall=TALL)


def _effects(scores: pd.DataFrame, looks: dict, axes: Axes) -> None:
    size = scores.pivot(index="effect", columns="who", values="d")
    there = scores[scores["status"] != CANNOT]
    note(axes, there[["effect", "who", "d"]])
    draw_reference(axes, x=0, y=0)
    for name in (of for of in looks if of in set(there["who"])):
        axes.plot(size[PEOPLE], size[name], **{**looks[name], "linestyle": "none"})
    ends = np.array([size[PEOPLE].min(), size[PEOPLE].max()])
    axes.plot(ends, ends, color=STYLE.unknown, linewidth=0.6, zorder=0.5)
    axes.set_yscale("symlog", linthresh=2.0)  # an observer that nearly never errs has a d of a hundred
    axes.yaxis.set_major_formatter(tick_text)
    axes.set(xlabel="people's effect size d", ylabel="observer's d")


def _items(source: Source, people, answers: pd.DataFrame, effect: Effect, looks: dict, axes: Axes) -> None:
    theirs = item_effects(_named(people), effect, 1).by_item["effect"]
    own = source.match.of_observers(effect)
    for name in (of for of in looks if of in set(answers["participant"])):
        ours = item_effects(_named(answers[answers["participant"] == name]), own, 1).by_item["effect"]
        both = pd.DataFrame({"people": theirs, "observer": ours}).dropna()
        note(axes, both.assign(who=name).reset_index())
        axes.plot(both["people"], both["observer"], **{**looks[name], "linestyle": "none", "markersize": 2})
        far = (both["people"].rank() - both["observer"].rank()).abs().nlargest(NAMED).index
        for item in far:
            axes.annotate(item, both.loc[item], size="x-small")
    axes.set(xlabel="people's effect", ylabel="observer's effect")


def _named(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(item=[PurePosixPath(str(item)).stem for item in table["item"]])
