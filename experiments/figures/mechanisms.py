"""The mechanisms figure: what cues are worth to observers side by side, controls apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import matplotlib
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from experiments import measures
from experiments.figures.figure import RESAMPLES, Figure
from experiments.figures.layout import Layout
from experiments.figures.numbers import RULE, interval_columns, note
from experiments.figures.page import text_width
from experiments.figures.panels import Panel, draw_reference, keys_of
from experiments.figures.record_table import listed, table_of
from experiments.figures.style import STYLE, Style
from experiments.probe import written_by

__all__ = ["FIGURE", "Label", "labels_of", "mechanisms", "wrapped"]

PERMUTED = ", decoders permuted"
PROBES = {"bistable": "two objects", "object_prior": "scenes", "spatial_prior": "displays"}
LINE, GAP = 2.9, 3.0  # mm of a line of text, and between panels
WIDEST = 36.0  # mm of names
STEP, DOTS = 1.9, 5.8  # mm between the dots of an observer, and from the first to behind the last at most
EDGE = 1.6  # mm between rivals and controls


@dataclass(frozen=True)
class Quantity:
    """A panel.

    Parameters
    ----------
    title, unit : above and below it.
    told : what the caption says of it.
    none : value where there is no effect, or at chance.
    within : ends of the axis where the data lie within them; the axis follows the data, if left out.
    """

    title: str
    unit: str
    told: str
    none: float | None = None
    within: tuple[float, float] | None = None


SHARE, MORE, UPPER, FEW = (-0.05, 1.05), (0.25, 1.03), (0.4, 1.03), (-0.005, 0.1)
QUANTITIES = {
    "benefit": Quantity(
        "benefit", "share of targets",
        "Share of targets that are named under a valid cue minus that without one.", 0
    ),
    "cost": Quantity("cost", "share of targets", "Share without a cue minus that under an invalid one.", 0),
    "selection_index": Quantity(
        "selection index", "share",
        "p(cued) / (p(class 1) + p(class 2)), over cues for either object.", 0.5, MORE
    ),
    "cue_decides": Quantity(
        "both cues decide", "share of stimuli",
        "Stimuli in which each of two cues lets its object win.", None, SHARE
    ),
    "p_cued": Quantity("p (cued)", "probability", "Probability of the cued target's class.", None, SHARE),
    "false_alarms": Quantity(
        "false alarms", "share of stimuli",
        "Stimuli in which a class that is cued and not shown is named.", 0, FEW
    ),
    "choice_d_prime": Quantity(
        "sensitivity", "change of d′",
        "Change by the cue of d′ of the choice of what is shown among all classes; the bias, what a cue gives to "
        "a class that it names and that is not shown, is taken off.", 0
    ),
    "criterion": Quantity(
        "criterion", "change of c",
        "Change by the cue of the criterion of saying that a class is shown (p at least .5); negative: said more "
        "readily.", 0
    ),
    "auc_prior_weights": Quantity(
        "map of weights", "AUC",
        "Area under the ROC with which the prior's weights find the target.", 0.5, UPPER
    ),
    "auc_class_activation": Quantity(
        "map of activation", "AUC", "The same of what each place adds to the logit of the class.", 0.5, UPPER
    ),
    "absent_evidence": Quantity(
        "bias", "change of log odds", "Change by the cue of the log odds of a class that is not shown.", 0
    ),
    "area_d_prime": Quantity(
        "sensitivity, yes or no", "change of d′",
        "Change by the cue of d′ of telling whether a class is shown, from the area under the ROC of its log "
        "odds.", 0
    ),
    "d_prime": Quantity(
        "sensitivity of answers", "change of d′", "The same from the answers (p at least .5).", 0
    ),
}  # fmt: skip
USUAL = [name for name in QUANTITIES if name not in ("absent_evidence", "area_d_prime", "d_prime")]


@dataclass(frozen=True)
class Label:
    """How an observer is called in the figure, and whether it is a control.

    Controls are plain networks, permuted decoders and decision biases.
    """

    text: str
    is_control: bool


def mechanisms(
    records: Sequence[xr.Dataset],
    style: Style,
    gain: float | None = None,
    quantities: tuple[str, ...] = (),
    n: int = RESAMPLES,
) -> Layout:
    """Draw what cues are worth to each observer: a panel for each quantity, a row for each observer.

    Parameters
    ----------
    records : of bistable, object_prior and spatial_prior; those of one probe are of different observers.
    style : sizes and colours.
    gain : gain that is shown, the nearest in each record; its middle one, if left out.
    quantities : panels, in their order, some of benefit, cost, selection_index, cue_decides, p_cued,
        false_alarms, choice_d_prime, criterion, auc_prior_weights, auc_class_activation, absent_evidence,
        area_d_prime and d_prime; those before absent_evidence, if left out.
    n : bootstrap resamples.

    Raises
    ------
    ValueError : there is no such quantity, or no record tells it.
    """
    if unknown := [name for name in quantities if name not in QUANTITIES]:
        raise ValueError(f"there is no quantity {unknown[0]!r}; expected some of {', '.join(QUANTITIES)}")
    shown = [_at(record, gain) for record in records]
    rows = _profiles(shown, n)
    names = [name for name in quantities or USUAL if rows[name].notna().any()]
    if not names:
        wanted = ", ".join(quantities or USUAL)
        raise ValueError(f"no observer of these records takes a cue that tells of {wanted}")
    labels, looks = _labels(rows, shown), style.looks_of(dict.fromkeys(rows["cued by"]))
    with style.context():
        lines = {name: wrapped(label.text, WIDEST) for name, label in labels.items()}
        left = max(text_width(line) for of in lines.values() for line in of) + 3
    ladder = _Ladder.of(labels, lines, looks)
    across = min(len(names), 2 if style.column == "single" else min(5, -(-len(names) // 2)))
    free = (style.width - left - GAP * (across - 1)) / across  # of a panel, without what stands at its left
    panels = []
    for k, name in enumerate(names):
        first, quantity = k % across == 0, QUANTITIES[name]
        draw = partial(ladder.draw, rows, name, first)
        beside, wide = (left, (left + free) / (GAP + free)) if first else (GAP, 1.0)
        panels.append(Panel(draw, quantity.title, quantity.told, (), beside, ladder.height, wide=wide))
    return Layout(panels, f"{_opening(shown, labels)}.", _closing(rows), (2, across), keys_of(looks, {}))


def labels_of(kinds: Mapping[str, Sequence[str] | None]) -> dict[str, Label]:
    """Call observers by host, mechanism and strength: without what all have in common, no two the same.

    Parameters
    ----------
    kinds : kinds of prior that each takes, by its name, HOST[+MECHANISM[:PARAMETER=VALUE,...]]; None for all.

    Returns
    -------
    A label for each, no two the same.
    """
    hosts = {_parts(name)[0] for name in kinds}
    several = len(hosts) > 1
    short = {name: _told(name, of, several, whole=False) for name, of in kinds.items()}
    long = {name: _told(name, of, several, whole=True) for name, of in kinds.items()}
    for fuller in (long, {name: name for name in kinds}):
        twice = Counter(short.values())
        short = {name: fuller[name] if twice[text] > 1 else text for name, text in short.items()}
    return {name: Label(text, _is_control(name, kinds[name])) for name, text in short.items()}


def wrapped(text: str, width: float, separators: tuple[str, ...] = (", ", " ", "_")) -> list[str]:
    """Break a text into lines of a width in mm, behind the first of the separators where that is enough."""
    if not separators or text_width(text) <= width:
        return [text]
    lines: list[str] = []
    for piece in re.findall(rf".+?(?:{separators[0]}|$)", text):
        joined = (lines[-1] if lines else "") + piece
        if lines and text_width(joined.strip()) <= width:
            lines[-1] = joined
        else:
            lines += wrapped(piece, width, separators[1:])
    return [line.strip() for line in lines]


@dataclass(frozen=True)
class _Ladder:
    """Rows of observers, the same in every panel: rivals, and below a line the controls; the unit is the mm.

    Parameters
    ----------
    labels, names : of each observer.
    looks : of the dots, by what cues.
    places : middle of the row of each observer, from the upper edge.
    edge : place of the line above the controls; None where there are rivals or controls alone.
    height : of all rows.
    step : between the dots of an observer.
    """

    labels: Mapping[str, Label]
    names: Mapping[str, str]
    looks: Mapping[str, dict]
    places: Mapping[str, float]
    edge: float | None
    height: float
    step: float

    @classmethod
    def of(cls, labels: Mapping[str, Label], lines: Mapping[str, Sequence[str]], looks: Mapping[str, dict]) -> _Ladder:
        """Give each observer a row that holds the lines of its name, and a dot for each thing that cues."""
        places, edge, top, step = {}, None, 0.0, min(STEP, DOTS / len(looks))
        for is_control in (False, True):
            members = [name for name, label in labels.items() if label.is_control == is_control]
            if members and top:
                edge, top = top + EDGE / 2, top + EDGE
            for name in members:
                tall = 1.5 + max(LINE * len(lines[name]), step * len(looks))
                places[name] = top + tall / 2
                top += tall
        names = {name: "\n".join(of) for name, of in lines.items()}
        return cls(labels, names, looks, places, edge, top, step)

    def draw(self, rows: pd.DataFrame, name: str, is_named: bool, axes: Axes) -> None:
        """Draw one quantity of all observers: dots with intervals, small ones of each trained model, or n/a."""
        rows = rows[rows[name].notna()]
        note(axes, interval_columns(rows, name))
        for model, place in self.places.items():
            chosen = rows[rows["model"] == model]
            is_open = self.labels[model].is_control
            for k, (cued_by, look) in enumerate(self.looks.items()):
                at = place + (k - (len(self.looks) - 1) / 2) * self.step
                _draw_dots(axes, chosen[chosen["cued by"] == cued_by], name, at, look, is_open)
            if chosen.empty:
                where = {"transform": axes.get_yaxis_transform(), "ha": "center", "va": "center_baseline"}
                bare = {"color": "white", "pad": 0.5, "linewidth": 0}  # no line runs through the letters
                axes.text(0.5, place, "n/a", color=STYLE.unknown, bbox=bare, **where)
        self._finish(axes, QUANTITIES[name], is_named)

    def _finish(self, axes: Axes, quantity: Quantity, is_named: bool) -> None:
        """Names, lines and ticks."""
        thin = matplotlib.rcParams["axes.linewidth"]
        draw_reference(axes, x=quantity.none)
        if self.edge is not None:
            axes.axhline(self.edge, color=STYLE.ink, linewidth=thin, linestyle=(0, (4, 3)), label=RULE)
        names = [self.names[name] if is_named else "" for name in self.places]
        axes.set_yticks([*self.places.values()], names, linespacing=1.0)
        axes.set(ylim=(self.height, 0), xlabel=quantity.unit)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=STYLE.track, linewidth=thin)
        axes.set_axisbelow(True)
        axes.margins(x=0.1)
        axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        if quantity.within:
            low, high = axes.dataLim.intervalx
            slack = 0.04 * (high - low)
            axes.set_xlim(min(low - slack, quantity.within[0]), max(high + slack, quantity.within[1]))


def _draw_dots(axes: Axes, rows: pd.DataFrame, name: str, place: float, look: dict, is_open: bool) -> None:
    """Draw a quantity of one observer: over all trained models, and below each of these."""
    whole, each = rows[rows["seed"] == "all"], rows[rows["seed"] != "all"]
    size = 0.6 * matplotlib.rcParams["lines.markersize"]
    small = look | {"linestyle": "none", "markersize": size, "alpha": 0.6, "mew": 0}
    axes.plot(each[name], [place + 0.4 * STEP] * len(each), **small)
    axes.hlines([place] * len(whole), whole[f"{name}_low"], whole[f"{name}_high"], color=look["color"])
    face = {"markerfacecolor": "white"} if is_open else {}
    axes.plot(whole[name], [place] * len(whole), **look | {"linestyle": "none"} | face)


def _at(record: xr.Dataset, gain: float | None) -> xr.Dataset:
    """A record at the gain nearest to one, or at its middle one."""
    if "gain" not in record.dims:
        return record
    gains = record["gain"].values
    return record.isel(gain=(len(gains) - 1) // 2 if gain is None else int(np.argmin(np.abs(gains - gain))))


def _profiles(records: Sequence[xr.Dataset], n: int) -> pd.DataFrame:
    """Rows of all records, with what cues: the stimuli and the kind of cue."""
    by_probe: dict[str, list[xr.Dataset]] = {}
    for record in records:
        by_probe.setdefault(written_by(record), []).append(record)
    tables = {probe: table_of(of, measures.mechanism_profile, n).rows for probe, of in by_probe.items()}
    cued_by = {probe: f"{PROBES[probe]}, " + rows["cue"] + " cue" for probe, rows in tables.items()}
    named = [rows.assign(**{"cued by": cued_by[probe]}) for probe, rows in tables.items()]
    return pd.concat(named, ignore_index=True)


def _labels(rows: pd.DataFrame, records: Sequence[xr.Dataset]) -> dict[str, Label]:
    """Labels of the observers, those of a host next to each other."""
    kinds = {name: of for record in records for name, of in measures.told_of(record).items()}
    hosts = list(dict.fromkeys(_parts(name)[0] for name in rows["model"]))
    names = sorted(dict.fromkeys(rows["model"]), key=lambda name: hosts.index(_parts(name)[0]))
    return labels_of({name: kinds[name] for name in names})


def _parts(name: str) -> tuple[str, str, dict[str, list[str]]]:
    """Host, mechanism and its parameters from the name of an observer."""
    host, _, spec = name.removesuffix(PERMUTED).partition("+")
    mechanism, _, parameters = spec.partition(":")
    values: dict[str, list[str]] = {}
    for parameter, _, value in (part.partition("=") for part in parameters.split(",") if part):
        values.setdefault(parameter, []).append(value)
    return host, mechanism, values


def _told(name: str, kinds: Sequence[str] | None, with_host: bool, whole: bool) -> str:
    """What an observer is, with all of its parameters or the strength alone."""
    host, mechanism, values = _parts(name)
    others = [f"{k.replace('_', ' ')} {' '.join(of)}" for k, of in values.items() if whole and k != "strength"]
    strength = "".join(f" ×{_rounded(of)}" for of in values.get("strength", ()))
    what = [mechanism.replace("_", " ") + strength] if mechanism else ["plain network"] if kinds == () else []
    permuted = ["decoders permuted"] if name.endswith(PERMUTED) else []
    found = [*what, *others, *permuted]
    return ", ".join([host, *found] if with_host or not found else found)


def _is_control(name: str, kinds: Sequence[str] | None) -> bool:
    return kinds == () or name.endswith(PERMUTED) or _parts(name)[1] == "decision_bias"


def _opening(records: Sequence[xr.Dataset], labels: Mapping[str, Label]) -> str:
    """Of which networks the figure is, how many stimuli and trained models there are, and at which gain."""
    told = []
    for record in records:
        n, seeds = measures.written(record).sizes["stimulus"], record.sizes.get("seed", 1)
        models = f"{seeds} trained model{'s' * (seeds > 1)} each"
        gain = [f"gain {float(record['gain']):g}"] if "gain" in record.coords else []
        told.append(", ".join([PROBES[written_by(record)], f"n = {n} stimuli", models, *gain]))
    hosts = listed(dict.fromkeys(_parts(name)[0] for name in labels))
    return f"What cues are worth to observers made of {hosts}; {'; '.join(dict.fromkeys(told))}"


def _closing(rows: pd.DataFrame) -> str:
    """What bars, small dots, open dots and n/a are."""
    several = rows["seed"].nunique() > 1
    trained, small = " and trained models" * several, " Small dots: each trained model." * several
    return (
        f"Bars: 95 % bootstrap intervals over stimuli{trained}.{small} Below the broken line, open dots: "
        "controls (plain networks, permuted decoders, a bias of the decision). n/a: not measured, since the "
        "observer takes no such cue or the record does not hold it."
    )


def _rounded(strength: str) -> str:
    """A strength to three figures; as it is written, where it is no number."""
    try:
        return f"{float(strength):.3g}"
    except ValueError:
        return strength


FIGURE = Figure(
    "mechanisms",
    "benefit, cost, selection, bias and maps of several observers",
    reads=tuple(PROBES),
    needs=("logits",),
    draw=mechanisms,
)
