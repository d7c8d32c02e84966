"""The dynamics figure: settling, bifurcation with gain, hysteresis and dominance durations, from records alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from experiments import measures
from experiments.figures.drawing import INCH, STYLE
from experiments.measures.dynamics import branches
from experiments.measures.resampling import hierarchical_bootstrap

__all__ = ["dynamics"]

COURSES = ("none", "class 1", "class 2", "released 1", "released 2")
NAMES = {
    "none": "learned prompt",
    "percept": "percept",
    "released": "class, then percept",
    "released, none": "class, then prompt",
    "class": "class",
    "random vector": "random vector",
    "shuffled class": "class, shuffled",
    "shuffled percept": "percept, shuffled",
}
RESAMPLES = 1000
ROW, COLUMNS = 57.0, 3  # mm, panels side by side
LEFT, BOTTOM, WIDE, TALL = 11.5, 10.0, 47.0, 35.0  # mm, of a panel within its part of the page


def dynamics(records: Sequence[xr.Dataset], gain: float = 2.0) -> Figure:
    """Draw what the protocols of feedback dynamics found; a record of each protocol, or of some.

    Parameters
    ----------
    records : of ``experiments.feedback_dynamics``, at most one of each protocol.
    gain : gain that is shown where there is one curve a prior; the nearest one that was run.

    Returns
    -------
    Figure, 183 mm wide; its label, ``figure.get_label()``, is the caption. Lines are means over seeds and stimuli with
    95 % bootstrap intervals over both. Where a control with permuted decoders was run, it is drawn dashed.

    Raises
    ------
    ValueError : a record of another probe, or two of one protocol.
    """
    found = {}
    for record in records:
        protocol = str(record.attrs["title"]).removeprefix("feedback dynamics: ")
        if protocol not in PANELS:
            raise ValueError(f"expected records of feedback_dynamics, got one of {record.attrs['title']!r}")
        if protocol in found:
            raise ValueError(f"expected one record of each protocol, got two of {protocol}")
        found[protocol] = measures.written(record).compute()
    panels = [partial(panel, found[name]) for name in PANELS if name in found for panel in PANELS[name]]
    rows = -(-len(panels) // COLUMNS)
    with matplotlib.rc_context(STYLE.settings() | {"ytick.labelsize": STYLE.text, "legend.fontsize": STYLE.text - 0.5}):
        height = ROW * rows
        figure = Figure(figsize=(STYLE.double / INCH, height / INCH))
        FigureCanvasAgg(figure)
        texts = []
        for place, panel in enumerate(panels):
            row, column = divmod(place, COLUMNS)
            left, bottom = LEFT + column * STYLE.double / COLUMNS, height - (row + 1) * ROW + BOTTOM
            axes = figure.add_axes((left / STYLE.double, bottom / height, WIDE / STYLE.double, TALL / height))
            axes.spines[["right", "top"]].set_visible(False)
            letter = chr(ord("a") + place)
            axes.set_title(letter, loc="left", size=STYLE.letter, weight="bold", x=-0.2)
            texts.append(f"({letter}) {panel(axes, gain)}")
    some = next(iter(found.values()))
    n = ", ".join(f"{name} {record.sizes['stimulus']}" for name, record in found.items())
    seeds = some.sizes.get("seed", 1)
    figure.set_label(
        f"Feedback dynamics; {seeds} trained model{'s' if seeds > 1 else ''}, stimuli: {n}. {' '.join(texts)} "
        "Bands and bars: 95 % bootstrap intervals over models and stimuli; dashed: decoders permuted."
    )
    return figure


def _courses(record: xr.Dataset, axes: Axes, gain: float) -> str:
    """Share of reading 1 from pass to pass."""
    gain = _nearest(record, gain)
    share = measures.object_1_share(_intact(record).sel(gain=gain))
    share = share.isel(severity=0) if "severity" in share.dims else share
    colours = STYLE.colours(len(COURSES))
    for name, colour in zip(COURSES, colours, strict=True):
        if name in share["prior"].values:
            _band(axes, share["iteration"].values, share.sel(prior=name), colour, label=_course_name(name))
    axes.set(xlabel="pass", ylabel="share of reading 1", ylim=(0, 1))
    axes.xaxis.get_major_locator().set_params(integer=True)
    _legend(axes)
    return f"Share of reading 1 in the two readings' probability from pass to pass, gain {gain:g}."


def _memory(record: xr.Dataset, axes: Axes, gain: float) -> str:
    """What is left of a released cue, by gain."""
    kinds = [kind for kind in ("released", "released, none") if kind in record["kind"].values]
    for kind, colour in zip(kinds, STYLE.colours(5)[3:], strict=False):
        for control, part in _models(record):
            last = measures.cue_memory(_first_noise(part).isel(iteration=[-1]), kind).isel(iteration=0)
            _bars(axes, last, colour, None if control else NAMES[kind], control)
    _gain_axis(axes, record)
    axes.set(ylabel="memory of the cue", ylim=(-0.2, 1))
    _legend(axes, 1)
    return "What is left of a class cue that was taken away after one pass (1 = all, 0 = none), by gain."


def _residual(record: xr.Dataset, axes: Axes, gain: float) -> str:
    """Change of the state in the last pass, by gain."""
    kinds = record["kind"].values
    shown = [kind for kind in ("none", "class", "percept") if kind in kinds]
    for kind, colour in zip(shown, STYLE.colours(len(shown)), strict=True):
        for control, part in _models(record):
            change = measures.fixed_point_distance(_first_noise(part)).isel(prior=np.flatnonzero(kinds == kind))
            _bars(axes, change.mean("prior"), colour, None if control else NAMES[kind], control)
    _gain_axis(axes, record)
    axes.set(ylabel="change in the last pass", yscale="log")
    _legend(axes)
    last = int(record["iteration"].values[-1])
    return f"Relative change of the state in pass {last}, by gain: small at a fixed point."


def _loop(record: xr.Dataset, axes: Axes, gain: float) -> str:
    """The two branches of the morph."""
    gain = _nearest(record, gain)
    up, down = branches(_first_noise(_intact(record)).sel(gain=gain))
    names = [name for name in ("none", "percept") if name in up["prior"].values]
    for name, colour in zip(names, STYLE.colours(2), strict=False):
        for branch, look in ((up, {"marker": ">", "label": NAMES[name]}), (down, {"marker": "<", "linestyle": ":"})):
            line = branch.sel(prior=name).rename(pair="stimulus")
            _band(axes, line["morph"].values, line, colour, markersize=2.5, **look)
    axes.set(xlabel="morph, share of reading 2", ylabel="share of reading 1", ylim=(0, 1))
    _legend(axes)
    return (
        "A morph shown up (triangles to the right) and down (dotted, to the left), the state carried from picture to "
        f"picture, gain {gain:g}."
    )


def _areas(record: xr.Dataset, axes: Axes, gain: float) -> str:
    """Area of the hysteresis, by gain."""
    names = [name for name in ("none", "percept", "shuffled percept") if name in record["prior"].values]
    for name, colour in zip(names, STYLE.colours(len(names)), strict=True):
        for control, part in _models(record):
            area = measures.hysteresis_area(_first_noise(part).sel(prior=[name])).isel(prior=0)
            _bars(axes, area.rename(pair="stimulus"), colour, None if control else NAMES[name], control)
    axes.axhline(0, color=STYLE.track, linewidth=0.7, zorder=0)
    _gain_axis(axes, record)
    axes.set(ylabel="area of the hysteresis")
    _legend(axes)
    return "Area between the branches, by gain; 0 without memory."


def _dominance(record: xr.Dataset, axes: Axes, gain: float) -> str:
    """Dominance durations with their gamma and log-normal fits."""
    gain = _nearest(record, gain)
    chosen = _intact(record).sel(gain=gain).isel(severity=[-1])
    durations = measures.dominance_durations(chosen.sel(prior=["percept"]), 20).values
    durations = durations[~np.isnan(durations)]
    if len(durations) < 3 or np.ptp(durations) == 0:
        axes.text(0.5, 0.5, "no alternation", ha="center", transform=axes.transAxes)
        return "Phases of dominance: the percept does not alternate."
    width = max(1, round(np.quantile(durations, 0.99) / 20))
    edges = np.arange(0.5, np.quantile(durations, 0.99) + 2 * width, width)
    axes.hist(durations, edges, density=True, color=STYLE.track, edgecolor="white", linewidth=0.4)
    at = np.linspace(0.5, edges[-1], 200)
    words = []
    for name, colour in zip(("gamma", "lognormal"), STYLE.colours(2), strict=True):
        fit = measures.fit_durations(durations, name)
        axes.plot(at, fit.density(at), color=colour, linewidth=1.2, label=name)
        words.append(f"{name} log-likelihood {fit.log_likelihood / len(durations):.2f} per phase")
    axes.set(xlabel="duration of a phase, passes", ylabel="density")
    _legend(axes)
    noise = float(chosen["severity"].values[0])
    return (
        f"Phases of dominance with adaptation, gain {gain:g}, noise {noise:g}: {len(durations)} phases, mean "
        f"{durations.mean():.1f} passes, standard deviation over mean {durations.std() / durations.mean():.2f}; "
        f"{', '.join(words)}."
    )


PANELS: dict[str, tuple[Callable[[xr.Dataset, Axes, float], str], ...]] = {
    "settling": (_courses, _memory, _residual),
    "hysteresis": (_loop, _areas),
    "switching": (_dominance,),
}


def _nearest(record: xr.Dataset, gain: float) -> float:
    """The gain of the record that is nearest."""
    return float(record["gain"].sel(gain=gain, method="nearest"))


def _models(record: xr.Dataset) -> list[tuple[bool, xr.Dataset]]:
    """The model and, where it was run, its control: whether it is one, and its part of the record."""
    if "model" not in record.dims:
        return [(False, record)]
    return [(place > 0, record.isel(model=place)) for place in range(min(2, record.sizes["model"]))]


def _intact(record: xr.Dataset) -> xr.Dataset:
    return _models(record)[0][1]


def _first_noise(record: xr.Dataset) -> xr.Dataset:
    return record.isel(severity=0)


def _course_name(prior: str) -> str:
    """How a prior is called in the legend."""
    return NAMES.get(prior, f"{prior.replace('released', 'class')}, then percept" if "released" in prior else prior)


def _band(axes: Axes, x: np.ndarray, values: xr.DataArray, colour: str, **line) -> None:
    """A line of means with its interval."""
    interval = hierarchical_bootstrap(values, n=RESAMPLES)
    axes.fill_between(x, interval["low"], interval["high"], color=colour, alpha=0.2, linewidth=0)
    axes.plot(x, interval["estimate"], color=colour, linewidth=1.2, **line)


def _bars(axes: Axes, values: xr.DataArray, colour: str, label: str | None, control: bool) -> None:
    """Means by gain with their intervals; dashed for a control."""
    interval = hierarchical_bootstrap(values, n=RESAMPLES)
    mean, low, high = (interval[name].values for name in ("estimate", "low", "high"))
    style = {"linestyle": "--", "linewidth": 0.8, "marker": "o", "markersize": 2, "markerfacecolor": "white"}
    style = style if control else {"linestyle": "-", "linewidth": 1.2, "marker": "o", "markersize": 3}
    axes.plot(interval["gain"], mean, color=colour, label=label, **style)
    axes.vlines(interval["gain"], low, high, color=colour, linewidth=0.8)


def _legend(axes: Axes, columns: int = 2) -> None:
    """What the lines are, above the panel."""
    axes.legend(
        frameon=False, loc="lower left", bbox_to_anchor=(-0.03, 1.0), ncols=columns, columnspacing=0.9,
        handlelength=1.0, handletextpad=0.4, borderaxespad=0.1, labelspacing=0.25,
    )  # fmt: skip


def _gain_axis(axes: Axes, record: xr.Dataset) -> None:
    """Gains on a logarithmic axis, each at its tick."""
    gains = record["gain"].values
    axes.set(xlabel="gain of the prior", xscale="log")
    axes.set_xticks(gains, [f"{gain:g}" for gain in gains])
    axes.minorticks_off()
