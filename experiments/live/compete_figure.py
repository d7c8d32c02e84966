"""The competition figure: one bistable picture under either cue, and its dominance at every mix."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments import measures
from experiments.figures.page import draw_bars, overlay, page_of, place_picture, plain, points, shortened
from experiments.figures.style import STYLE, Style
from experiments.probes.bistable import signature_layout
from experiments.probes.bistable.signature_layout import Column
from experiments.statistics.intervals import bootstrap, number_text

__all__ = ["competition", "curves", "dominance"]

LEFT, GAP, WIDTH, TOP = 3.0, 3.0, 41.0, 7.0  # mm of the row of pictures
BARS = 16.0  # mm of the bars below a picture
CUES = ("none", "class 1", "class 2")


def competition(
    record: xr.Dataset,
    mix: float,
    kind: str = measures.DEFAULT_MAP,
    stored: xr.Dataset | None = None,
    style: Style = STYLE,
) -> Figure:
    """Draw the picture at one mix, its map and answers under each cue, and the dominance at every mix.

    Parameters
    ----------
    record : what ``compete`` gives.
    mix : weight of the second reading whose picture is shown: the nearest in the record.
    kind : map over (iteration, prior, stimulus, token_y, token_x).
    stored : record of many pictures with a coordinate mix, whose mean dominance is drawn as well; or its
        ``curves``.
    style : sizes and colours; in one column the pictures stand two by two.

    Raises
    ------
    ValueError : the record has no such map, or the stored one no mixes or unknown classes.
    """
    if kind not in record or record[kind].dims[-3:] != ("stimulus", "token_y", "token_x"):
        raise ValueError(f"expected a map without layers, such as {measures.DEFAULT_MAP} or rollout; got {kind!r}")
    place = int(np.abs(record["mix"].values - mix).argmin())
    run = record.isel(stimulus=[place])
    image = run["image"].values[0]
    height = WIDTH * image.shape[0] / image.shape[1]
    maps = [signature_layout.map_in_pixels(run, Column("", name, -1, kind, 0)) for name in CUES]
    limits = (float(np.nanmin(maps)), float(np.nanmax(maps)))
    p = measures.probabilities(run).isel(iteration=-1, stimulus=0)
    indices = [int(run[name][0]) for name in ("class_1", "class_2")]
    names = [plain(str(run["class"].values[index])) for index in indices]
    colours = STYLE.colours(2)
    across, pitch = (4, 0.0) if style.column == "double" else (2, TOP + height + BARS)
    cells = [(LEFT + k % across * (WIDTH + GAP), TOP + k // across * pitch) for k in range(4)]
    with style.context():
        page = page_of(TOP + pitch + height + BARS + (50 if style.column == "double" else 56), style)
        headings = ("picture", "no cue", f"cue: {names[0]}", f"cue: {names[1]}")
        for (x, y), heading in zip(cells, headings, strict=True):
            page.text(x, y - 2, heading, size=points(STYLE.letter))
        place_picture(page, image, *cells[0], WIDTH, height)
        for column, (name, values) in enumerate(zip(CUES, maps, strict=True), start=1):
            x, y = cells[column]
            place_picture(page, overlay(image, values, limits), x, y, WIDTH, height)
            draw_bars(page, x, y + height + 1, WIDTH, names, p.sel(prior=name).values[indices], colours, column - 1)
        _draw_curves(page, record, float(record["mix"][place]), names, stored, style.column == "double")
    text = (
        f"A bistable picture of {names[0]} and {names[1]} seen by {record.attrs['model']}: "
        f"{kind.replace('_', ' ')} in the last pass ({number_text(limits[0])} to {number_text(limits[1])}) "
        "and probabilities of both readings without a cue and under either class cue; dominance p1 / (p1 + "
        f"p2) of {names[0]} against the mix."
    )
    if stored is not None:
        n = stored.attrs["n"] if "estimate" in stored else stored.sizes["stimulus"]
        text += f" Pale: mean of {n} stored pictures with 95 % bootstrap intervals."
    page.figure.set_label(text)
    return page.figure


def curves(record: xr.Dataset) -> xr.Dataset:
    """Mean dominance of the first reading at each mix, uncued and under either class cue, as ``dominance``
    gives it.

    Estimate, low and high lie over (prior, mix); the attribute n is the number of pictures.
    """
    every = xr.concat([dominance(record, name) for name in CUES], xr.Variable("prior", np.array(CUES, object)))
    return every.assign_attrs(n=record.sizes["stimulus"])


def dominance(record: xr.Dataset, prior: str) -> xr.Dataset:
    """Mean dominance of the first reading over mix, in the last pass, with its 95 % bootstrap interval.

    Raises
    ------
    ValueError : the record has no mixes, no such prior, or classes that its model does not know.
    """
    record = signature_layout.first_run(record)
    if "mix" not in record.variables or "mix" in record.dims:
        raise ValueError("expected a record of stimuli with a mix, such as overlays: this one has none")
    if prior not in record["prior"].values:
        raise ValueError(f"expected one of the record's priors {record['prior'].values.tolist()}, got {prior!r}")
    values = measures.object_1_share(record.isel(iteration=-1).sel(prior=prior))
    mixes = record["mix"].values
    levels = np.unique(mixes)
    parts = [
        bootstrap(values.isel(stimulus=np.flatnonzero(mixes == level)).reset_coords(drop=True)) for level in levels
    ]
    return xr.concat(parts, xr.Variable("mix", levels))


def _draw_curves(
    page: Axes, record: xr.Dataset, mix: float, names: list[str], stored: xr.Dataset | None, wide: bool
) -> None:
    """Draw dominance against mix under each cue, below all else; the cues stand beside it or above."""
    height, width = page.get_ylim()[0], page.get_xlim()[1]
    left, across = (18, 90) if wide else (14, 72)
    axes = page.figure.add_axes((left / width, 11 / height, across / width, 30 / height))
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.04, 1.04), yticks=[0, 0.5, 1], xticks=np.linspace(0, 1, 5))
    axes.set_xticklabels(["0", ".25", ".50", ".75", "1"])
    axes.set_yticklabels(["0", ".5", "1"])
    axes.set(xlabel=f"mix (weight of {names[1]})", ylabel=f"dominance of {names[0]}")
    axes.spines[["top", "right"]].set_visible(False)
    share = measures.object_1_share(record).isel(iteration=-1)
    labels = ("no cue", f"cue: {names[0]}", f"cue: {names[1]}")
    shades = (STYLE.ink, *STYLE.colours(2))
    for row, (name, label, colour) in enumerate(zip(CUES, labels, shades, strict=True)):
        axes.plot(record["mix"], share.sel(prior=name), "o-", color=colour, lw=points(1), ms=points(2.2))
        if stored is not None:
            mean = stored.sel(prior=name) if "estimate" in stored else dominance(stored, name)
            gap = [abs(mean["estimate"] - mean[end]) for end in ("low", "high")]
            wides = {"lw": points(2.5), "elinewidth": points(1)}
            axes.errorbar(mean["mix"], mean["estimate"], gap, color=colour, alpha=0.35, **wides)
        x, y = (112, height - 38 + 6 * row) if wide else (left + 25 * row, height - 44)
        page.text(x, y, shortened(label, 60 if wide else 23, "bold"), color=colour, weight="bold", va="center")
    axes.axvline(mix, color=STYLE.unknown, lw=points(0.8), ls=(0, (4, 3)), zorder=0)
