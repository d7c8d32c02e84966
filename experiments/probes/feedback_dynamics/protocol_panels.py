"""Protocols: what the figures of feedback dynamics share, from the records they take to their captions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from experiments import measures
from experiments.figures.figure import RESAMPLES, kind_of
from experiments.figures.layout import Layout
from experiments.figures.panels import Key, Panel, draw_interval_lines, mark_gains
from experiments.figures.record_table import interval_rows
from experiments.figures.style import Style

__all__ = ["NAMES", "OF", "Shown", "first_noise", "intact", "layout_of", "named", "of_kind"]

OF = "feedback_dynamics: "  # what the figures of protocols read
READINGS = ("class_1", "class_2")
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
PLAIN = {"switching"}  # protocols whose panels show no intervals
DASHED = {"linestyle": (0, (4, 1.5)), "markerfacecolor": "white"}  # of a control


@dataclass(frozen=True)
class Shown:
    """What is drawn of a protocol, and how.

    Parameters
    ----------
    record : of the protocol.
    gain : that is shown where it is not the axis; one of the record's.
    style : sizes and colours.
    n : bootstrap resamples.
    """

    record: xr.Dataset
    gain: float
    style: Style
    n: int

    @property
    def part(self) -> xr.Dataset:
        """The model's part of the record at the gain, with the least noise."""
        return first_noise(intact(self.record)).sel(gain=self.gain, drop=True)

    def draw_courses(
        self, axes: Axes, name: str, lines: Iterable[tuple[xr.DataArray, dict, dict]], across: str = "iteration"
    ) -> None:
        """Draw means with their intervals as bands.

        A line is values (across, stimulus), what tells them apart, and a look.
        """
        for values, told, look in lines:
            rows = interval_rows(values, name, self.part, self.n).assign(**{"prior": "", "gain": self.gain, **told})
            draw_interval_lines(axes, rows[across], rows, name, look, band=True)

    def draw_by_gain(
        self, axes: Axes, name: str, looks: Mapping[str, dict], measure: Callable[[xr.Dataset, str], xr.DataArray]
    ) -> None:
        """Draw means by gain, a line for each model and prior.

        The measure of a record and a prior gives the values.
        """
        for k, (prior, look) in enumerate(looks.items()):
            for dashes, part in models_of(self.record):
                rows = interval_rows(measure(first_noise(part), prior), name, part, self.n).assign(prior=prior)
                draw_interval_lines(axes, rows["gain"], rows, name, look | dashes, shift=1.5 * k)
        mark_gains(axes, self.record["gain"].values)


def named(looks: Mapping[str, dict], names: Mapping[str, str] = NAMES) -> tuple[Key, ...]:
    """What the lines of these looks mean."""
    return tuple(Key(names[kind], look) for kind, look in looks.items())


def layout_of(variables: Sequence[str] = ("logits", "state_change"), **builds: Callable[[Shown], list[Panel]]):
    """Give the function that draws the panels of one or several protocols."""

    def draw(records: Sequence[xr.Dataset], style: Style, gain: float = 2.0, n: int = RESAMPLES) -> Layout:
        """Draw protocols.

        Parameters
        ----------
        records : at most one of each protocol, all of the same model.
        style : sizes and colours.
        gain : gain that is shown where it is not the axis, the nearest in the record.
        n : bootstrap resamples.

        Raises
        ------
        ValueError : two records of one protocol, or of different models.
        """
        found = {}
        for record in records:
            protocol = kind_of(record).removeprefix(OF)
            if protocol in found:
                raise ValueError(f"expected one record of each protocol, got two of {protocol}")
            found[protocol] = _read(record, variables)
        models = {_model(record) for record in found.values()}
        if len(models) != 1:
            raise ValueError(f"dynamics are drawn of one model, got records of {' and '.join(sorted(models))}")
        panels = []
        for name in (name for name in builds if name in found):
            nearest = float(found[name]["gain"].sel(gain=gain, method="nearest"))
            panels += builds[name](Shown(found[name], nearest, style, n))
        return Layout(panels, _opening(models.pop(), found), _closing(found))

    return draw


def _opening(model: str, found: dict[str, xr.Dataset]) -> str:
    """What captions begin with: who and how many."""
    counts = ", ".join(f"{name} {record.sizes['stimulus']}" for name, record in found.items())
    seeds = max(record.sizes.get("seed", 1) for record in found.values())
    trained = f"{seeds} trained model{'s' if seeds > 1 else ''}"
    return f"Feedback dynamics of {model}; {trained}; n of stimuli: {counts}."


def _closing(found: dict[str, xr.Dataset]) -> str:
    """What captions end with: kind of interval and what is dashed."""
    if set(found) <= PLAIN:
        return ""
    beside = " and trained models" if any("seed" in record.dims for record in found.values()) else ""
    dashed = " Dashed: decoders permuted." if any(len(models_of(one)) > 1 for one in found.values()) else ""
    return f"Bands and bars: 95 % bootstrap intervals over stimuli{beside}.{dashed}"


def models_of(record: xr.Dataset) -> list[tuple[dict, xr.Dataset]]:
    """The model and, where it was run, its control: what its lines look like, and its part of the record."""
    if "model" not in record.dims:
        return [({"linestyle": "-"}, record)]
    looks = ({"linestyle": "-"}, DASHED)
    names = record["model"].values[: len(looks)]
    return [
        (look, record.isel(model=place, drop=True).assign_attrs(model=str(name)))
        for place, (name, look) in enumerate(zip(names, looks, strict=False))
    ]


def intact(record: xr.Dataset) -> xr.Dataset:
    """The model's part of a record, without its control."""
    return models_of(record)[0][1]


def first_noise(record: xr.Dataset) -> xr.Dataset:
    """The part of a record with the least noise."""
    return record.isel(severity=0, drop=True)


def of_kind(values: xr.DataArray, record: xr.Dataset, kind: str) -> xr.DataArray:
    """Mean of values (..., prior, ...) of a record over its priors of a kind."""
    return values.isel(prior=np.flatnonzero(record["kind"].values == kind)).mean("prior")


def _read(record: xr.Dataset, variables: Sequence[str]) -> xr.Dataset:
    """What is drawn of a record, in memory; maps, pictures and other classes' logits stay on disk."""
    drawn = measures.written(record[[name for name in (*variables, "done") if name in record]])
    known = all(measures.classes_known(drawn, name).all() for name in READINGS)
    if "logits" in drawn and known:  # unknown classes are told by the measure that needs them
        readings = np.stack([drawn[name].values for name in READINGS], axis=1)
        logits = drawn["logits"].isel({"class": xr.DataArray(readings, dims=("stimulus", "reading"))})
        drawn = drawn.drop_dims("class").assign(logits=logits.drop_vars("class").rename(reading="class"))
        drawn = drawn.assign_coords({name: ("stimulus", np.full(len(readings), k)) for k, name in enumerate(READINGS)})
    return drawn.compute()


def _model(record: xr.Dataset) -> str:
    return str(record["model"].values[0]) if "model" in record.dims else str(record.attrs.get("model", "the model"))
