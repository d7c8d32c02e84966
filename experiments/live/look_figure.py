"""The attention figure: what one cue does to the map and the answer for one picture."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, Rectangle

from absvit.models.maps import block_of
from experiments import measures
from experiments.figures.page import overlay, page_of, place_picture, plain, points, shortened, two_digits
from experiments.figures.style import STYLE, Style
from experiments.live.look import painted
from experiments.probes.bistable import signature_layout
from experiments.probes.bistable.signature_layout import Column
from experiments.statistics.intervals import number_text

__all__ = ["KINDS", "attention", "draw_map", "draw_place", "draw_scale", "only_map", "paths"]

CLIPPED = "clipped_token_norm"  # made of the record's token_norm
KINDS = {**signature_layout.MAP_NAMES, CLIPPED: "clipped token norm", "rollout": "attention rollout",
         "class_activation": "class activation"}  # fmt: skip
LEFT, GAP, WIDTH, TOP = 3.0, 3.0, 41.0, 7.0  # mm of the row of pictures
SCALE = 10.5  # mm of a scale below a picture
SHOWN = 5  # classes
ANSWERS, COURSE = 45.0, 48.0  # mm, heights of the bars and of the panel of the course


def attention(
    record: xr.Dataset,
    kind: str = measures.DEFAULT_MAP,
    layer: int = -3,
    head: int | None = None,
    opacity: float = 0.56,
    style: Style = STYLE,
) -> Figure:
    """Draw a picture, its map before and after a cue, their difference, and the classes' probabilities.

    Parameters
    ----------
    record : what ``look`` gives; its first picture and last prior are shown.
    kind : map, one of ``KINDS``; where it does not exist bottom-up, or the observer has no maps at all, the grey
        picture stands alone.
    layer, head : block and head, where the map has several; None for the mean of the heads.
    opacity : weight of the map over the picture, in [0, 1].
    style : sizes and colours; in one column the pictures stand two by two, and the course below the bars.
    """
    has_maps = not set(KINDS).isdisjoint(record)
    run = (only_map(record, kind, layer, head) if has_maps else _without_map(record, kind)).isel(prior=[-1])
    cue, last = str(run["prior"].values[0]), int(run["iteration"].values[-1])
    image = run["image"].values[0]
    height = WIDTH * image.shape[0] / image.shape[1]
    before, after = (signature_layout.map_in_pixels(run, Column("", cue, k, kind, 0)) for k in (0, -1))
    both = np.stack([before, after])
    limits = (0.0, 1.0) if np.isnan(both).all() else (float(np.nanmin(both)), float(np.nanmax(both)))
    change = after - before
    bound = 1.0 if np.isnan(change).all() else max(float(np.nanmax(np.abs(change))), 1e-9)
    shades = (STYLE.attention, STYLE.attention, STYLE.difference)
    wide = style.column == "double"
    across, pitch = (4, 0.0) if wide else (2, TOP + height + SCALE)
    cells = [(LEFT + k % across * (WIDTH + GAP), TOP + k // across * pitch) for k in range(4)]
    below = TOP + pitch + height  # lower edge of the pictures
    with style.context():
        page = page_of(below + 17 + ANSWERS + (0 if wide else COURSE), style)
        headings = ("picture", "bottom-up", f"pass {last + 1}, cued", "difference")
        for (x, y), heading in zip(cells, headings, strict=True):
            page.text(x, y - 2, heading, size=points(STYLE.letter))
        place_picture(page, image, *cells[0], WIDTH, height)
        draw_place(page, run, (*cells[0], WIDTH, height))
        maps = zip((before, after, change), (limits, limits, (-bound, bound)), shades, strict=True)
        for column, (values, ends, colours) in enumerate(maps, start=1):
            x, y = cells[column]
            draw_map(page, image, values, ends, (x, y, WIDTH, height), opacity, colours)
            if column > 1 and not np.isnan(values).all():
                draw_scale(page, x, y + height + 1.5, ends, KINDS[kind] if column == 2 else "change", colours)
        classes = _classes(run)
        colours = dict(zip(classes, STYLE.colours(len(classes)), strict=True))
        _draw_answers(page, run, colours, below + 17)
        names = [plain(str(run["class"].values[c])) for c in classes]
        paths(page, _probabilities(run), names, classes, colours, 103 if wide else 13)
    page.figure.set_label(_caption(run, kind, layer, head))
    return page.figure


def only_map(record: xr.Dataset, kind: str, layer: int = -3, head: int | None = None) -> xr.Dataset:
    """Keep one layer and head of a map, so that it lies over (iteration, prior, stimulus, token_y, token_x).

    A head of None gives the mean of the heads.

    Raises
    ------
    ValueError : the record has no such map, layer or head.
    """
    if kind == CLIPPED and "token_norm" in record:
        record = record.assign({CLIPPED: _clipped(record["token_norm"])})
    if kind not in record or kind not in KINDS:
        raise ValueError(f"expected one of the maps {', '.join(k for k in KINDS if k in record)}; got {kind!r}")
    values = record[kind]
    for dim, index in (("layer", layer), ("head", head)):
        if dim in values.dims and index is not None:
            size = values.sizes[dim]
            place = block_of(index, size) if dim == "layer" else index
            if not -size <= place < size:
                raise ValueError(f"{dim} must be in {-size}..{size - 1}, got {index}")
            values = values.isel({dim: place}, drop=True)
    return record.assign({kind: values.mean("head") if "head" in values.dims else values})


def _without_map(record: xr.Dataset, kind: str) -> xr.Dataset:
    """A record of an observer without maps, with one of the given kind that is nowhere defined."""
    dims = ("iteration", "prior", "stimulus", "token_y", "token_x")
    return record.assign({kind: (dims, np.full([record.sizes[dim] for dim in dims], np.nan))})


def _clipped(norms: xr.DataArray) -> xr.DataArray:
    """Norms above 0.7 of their maximum plus 0.3 of their minimum, less that, else 0: the maps of Shi et al. (2023)."""
    tokens = ("token_y", "token_x")
    return (norms - (0.7 * norms.max(tokens) + 0.3 * norms.min(tokens))).clip(min=0)


def draw_map(page: Axes, image, values, limits, box, opacity: float = 0.56, colours: str = STYLE.attention) -> None:
    """Place a map (y, x) over the grey picture; where there is none, say so.

    The box is left, top, width and height in mm; what else there is goes to ``page.overlay``.
    """
    place_picture(page, overlay(image, values, limits, opacity, colours), *box)
    if np.isnan(values).all():
        page.text(box[0] + box[2] / 2, box[1] + box[3] + 3.5, "not defined without feedback", ha="center")


def draw_scale(page: Axes, x: float, y: float, limits, name: str, colours: str = STYLE.attention) -> None:
    """Draw a colour bar and its two limits under a map, as wide as a picture and 9 mm high, from x, y in mm."""
    ramp = np.linspace(*limits, 256)[None].repeat(2, axis=0)
    place_picture(page, overlay(np.zeros((2, 256, 3), np.uint8), ramp, limits, 1.0, colours), x, y, WIDTH, 2)
    for place, value, side in ((x, limits[0], "left"), (x + WIDTH, limits[1], "right")):
        page.text(place, y + 2.8, two_digits(value), ha=side, va="top")
    page.text(x + WIDTH / 2, y + 5.8, name, ha="center", va="top")


def paths(page: Axes, p: xr.DataArray, names, classes, colours, left: float = 103) -> None:
    """Draw the trajectory of probabilities (iteration, class), named at the right, into the lower part of a
    page.

    The axes begin so many mm from the left; the names reach from 48 mm behind it to the edge of the page.
    """
    height, width = page.get_ylim()[0], page.get_xlim()[1]
    box = (left / width, 10 / height, 46 / width, 30 / height)
    passes = p["iteration"].values
    axes = page.figure.add_axes(box, xlabel="iteration (0 = bottom-up)", ylabel="probability", ylim=(-0.03, 1.03))
    axes.set(xlim=(-0.1, max(passes[-1], 1) + 0.1), xticks=_ticks(passes[-1]), yticks=[0, 0.5, 1])
    axes.set_yticklabels(["0", ".5", "1"])
    axes.spines[["top", "right"]].set_visible(False)
    ends = np.array([float(p.isel(iteration=-1, **{"class": c})) for c in classes])
    at = np.inf
    for place, rank in enumerate(np.argsort(-ends)):
        colour = colours[classes[rank]]
        axes.plot(passes, p.isel({"class": classes[rank]}), "o-", color=colour, lw=points(1), ms=points(2.5))
        # names keep a line's distance from each other and stay on the page
        at = max(min(ends[rank], at - 0.12), 0.12 * (len(ends) - 1 - place) - 0.2)
        y = height - 10 - 30 * (at + 0.03) / 1.06
        name = shortened(names[rank], width - left - 49.5, "bold")
        page.text(left + 48, y, name, color=colour, va="center", weight="bold")


def _ticks(last: int) -> list[int]:
    """Passes that get a tick, seven at most."""
    return list(range(0, max(int(last), 1) + 1, max(1, -(-int(last) // 6))))


def draw_place(page: Axes, run: xr.Dataset, box: tuple[float, float, float, float]) -> None:
    """Draw the first place cue of a record over a picture, whose left, top, width and height are given in mm.

    It is one standard deviation around the spotlight's centre, the box, or the edge of the painted cells.
    """
    if "place" not in str(run["kind"].values[0]):
        return
    x, y, sd = (float(run[name][0]) for name in ("place_x", "place_y", "place_sd"))
    left, top, right, bottom = (float(run[f"box_{edge}"][0]) for edge in ("left", "top", "right", "bottom"))
    across, down = box[2] / run.sizes["x"], box[3] / run.sizes["y"]
    clip = Rectangle(box[:2], *box[2:], transform=page.transData)
    for colour, line in (("#000000", 1.8), ("#ffffff", 0.9)):
        look = {"fill": False, "edgecolor": colour, "linewidth": points(line)}
        if not np.isnan(x):
            ring = Ellipse((box[0] + x * across, box[1] + y * down), 2 * sd * across, 2 * sd * across, **look)
            page.add_patch(ring).set_clip_path(clip)
        if not np.isnan(left):
            corner = box[0] + left * across, box[1] + top * down
            page.add_patch(Rectangle(corner, (right - left) * across, (bottom - top) * down, **look))
        if "cells" in run and str(run["cells"].values[0]):
            edges = _edges(painted(str(run["cells"].values[0]))) * box[2:] + box[:2]
            page.add_collection(LineCollection(edges, colors=colour, linewidths=points(line)), autolim=False)


def _edges(mask: np.ndarray) -> np.ndarray:
    """Edges (edge, end, x and y) around the cells of a mask (row, column), as fractions of its width and height."""
    padded = np.pad(mask, 1).astype(int)
    row, x = np.nonzero(np.diff(padded, axis=1)[1:-1])
    y, column = np.nonzero(np.diff(padded, axis=0)[:, 1:-1])
    upright = np.stack([np.stack([x, row], -1), np.stack([x, row + 1], -1)], 1)
    level = np.stack([np.stack([column, y], -1), np.stack([column + 1, y], -1)], 1)
    return np.concatenate([upright, level]) / mask.shape[::-1]


def _probabilities(run: xr.Dataset) -> xr.DataArray:
    """Probabilities (iteration, class)."""
    return measures.probabilities(run).isel(prior=0, stimulus=0)


def _classes(run: xr.Dataset) -> list[int]:
    """The classes that are most probable before or after, the most probable first."""
    p = _probabilities(run).isel(iteration=[0, -1]).max("iteration").values
    return [int(index) for index in np.argsort(-p, kind="stable")[:SHOWN]]


def _draw_answers(page: Axes, run: xr.Dataset, colours: dict[int, str], y: float) -> None:
    """Draw the probability of each class as two bars, bottom-up in grey and cued in its colour."""
    p = _probabilities(run).values
    page.text(LEFT, y - 2.5, "probability bottom-up (grey) and in the last pass", size=points(STYLE.letter))
    for row, (index, colour) in enumerate(colours.items()):
        top = y + 8 * row
        page.text(LEFT, top + 3, shortened(plain(str(run["class"].values[index])), 24), va="center")
        for k, (value, fill) in enumerate(((p[0, index], STYLE.unknown), (p[-1, index], colour))):
            page.add_patch(Rectangle((LEFT + 26, top + 3.4 * k), 44, 2.6, color=STYLE.track, linewidth=0))
            page.add_patch(Rectangle((LEFT + 26, top + 3.4 * k), 44 * float(value), 2.6, color=fill, linewidth=0))
            page.text(LEFT + 77, top + 3.4 * k + 1.5, number_text(value), ha="right", va="center")


def _caption(run: xr.Dataset, kind: str, layer: int, head: int | None) -> str:
    about = [str(run["kind"].values[0]), str(run["category"].values[0])]
    cue = about[0] + (f" ({plain(about[1])})" if "class" in about[0] else "")
    if about[0] == "sentence":
        cue = plain(f'"{run["sentence"].values[0]}"')
    where = f" of block {layer}" if kind.endswith("_norm") or kind == "class_attention" else ""
    where += "" if kind != "class_attention" else ", mean over heads" if head is None else f", head {head}"
    return (
        f"One picture seen by {run.attrs['model']} ({run.attrs['checkpoint'] or 'untrained'}) under the cue "
        f"{cue}: {KINDS[kind]}{where} bottom-up, in pass {int(run['iteration'].values[-1]) + 1}, and their "
        f"difference; probabilities of the {len(_classes(run))} most probable classes."
    )
