"""The unfolding figure: one pass of a trial in its course: picture, weights, settling, hysteresis and energy."""

from __future__ import annotations

import numpy as np
import scipy
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from experiments.figures.light_axes import LightAxes, draw_axes, draw_cursor, draw_line, nice
from experiments.figures.page import draw_bars, overlay, page_of, place_picture, plain, points, shortened, two_digits
from experiments.figures.strokes import draw_names, strokes
from experiments.figures.style import STYLE, Style, colour_map
from experiments.statistics.intervals import number_text

__all__ = ["unfolding"]

LEFT, GAP, WIDTH, TOP = 3.0, 3.0, 41.0, 7.0  # mm of the row of pictures
BARS, PANEL, AXIS = 16.0, 30.0, 12.0  # mm below a picture, of a panel, and below it
PANELS = {"double": (13.0, 75.0, 137.0), "single": (13.0, 57.5)}  # mm, left edges in a row
ACROSS = {"double": 40.0, "single": 29.0}  # mm, width of a panel
COLUMNS = 3  # priors whose weights are shown
NAMES = {"double": 5, "single": 3}  # names in a row of a legend
SMALLEST = 1e-4  # change that the axis goes down to


def unfolding(course: xr.Dataset, iteration: int = -1, style: Style = STYLE) -> Figure:
    """Draw a pass: what is shown and what the priors weight, and where the pass lies in the course.

    Parameters
    ----------
    course : what ``course_of`` gives; pictures and weights are left out where it has none.
    iteration : the pass, 0 = bottom-up, -1 = the last.
    style : sizes and colours; in one column pictures and panels stand two by two.
    """
    last = course.sizes["iteration"] - 1
    if not -1 <= iteration <= last:
        raise ValueError(f"the course has passes 0 to {last}, got {iteration}")
    iteration = last if iteration < 0 else iteration
    priors = [str(name) for name in course["prior"].values]
    lines = _looks(priors)
    places = np.linspace(0, 1, course.sizes["layer"] + 3)[1:-2]  # those at the ends are nearly black and white
    layers = [to_hex(colour) for colour in colour_map(STYLE.attention)(places)]
    energies = [{"color": colour, "linestyle": ("-", "--", ":")[k % 3]} for k, colour in enumerate(layers)]
    has_energy = bool(np.isfinite(course["energy"]).any())
    lefts, wide, in_row = PANELS[style.column], ACROSS[style.column], NAMES[style.column]
    rows = -(-len(priors) // in_row), -(-len(layers) // in_row) * has_energy
    with style.context():
        shape = course["image"].shape[-3:-1] if "image" in course else (0, 1)
        height = WIDTH * shape[0] / shape[1]
        across, n_pictures = (4 if style.column == "double" else 2), 1 + min(COLUMNS, len(priors))
        pitch = TOP + height + BARS
        pictures = pitch * -(-n_pictures // across) + 4
        row = PANEL + AXIS
        page = page_of(pictures + row * -(-3 // len(lefts)) + 4 * sum(rows) + 2, style)
        cells = [(LEFT + k % across * (WIDTH + GAP), TOP + k // across * pitch) for k in range(n_pictures)]
        _draw_pass(page, course, iteration, last, height, cells)
        boxes = [(lefts[k % len(lefts)], pictures + k // len(lefts) * row, wide, PANEL) for k in range(3)]
        if "branch" in course:
            _draw_loop(page, boxes[0], course, iteration, lines)
        else:
            _draw_passes(page, boxes[0], course["share"], lines, iteration, _share(course), (0, 1), (0, 0.5, 1))
        change = np.log10(course["change"].clip(SMALLEST))
        powers = list(range(int(np.log10(SMALLEST)), 1, 2))
        limits = (powers[0] - 0.2, max(0.3, float(change.max())))
        texts = [f"{10.0**power:g}" for power in powers]
        _draw_passes(page, boxes[1], change, lines, iteration, "change of the state", limits, powers, texts)
        _draw_energy(page, boxes[2], course, energies, iteration)
        top = boxes[-1][1] + row + 2
        draw_names(page, 3, top, style.width - 3, priors, list(lines.values()), in_row)
        if has_energy:
            names = [f"block {int(layer)}" for layer in course["layer"].values]
            draw_names(page, 3, top + 4 * rows[0], style.width - 3, names, energies, in_row)
    page.figure.set_label(_caption(course, iteration))
    return page.figure


def _looks(priors: list[str]) -> dict[str, dict]:
    """Colours and strokes of the priors; a cue has the colour of its reading."""
    first, second, *others = strokes(len(priors) + 2)
    fixed = {"class 1": first, "class 2": second, "none": {"color": STYLE.ink, "linestyle": "-"}}
    free = iter(others)
    return {name: fixed.get(name) or next(free) for name in priors}


def _draw_pass(page: Axes, course: xr.Dataset, iteration: int, last: int, height: float, cells) -> None:
    """Draw the picture, the weights of some priors and what they make of it."""
    names = [plain(name) for name in course.attrs["names"]]
    colours = STYLE.colours(2)
    page.text(LEFT, TOP - 2, f"pass {iteration} of {last}", size=points(STYLE.letter))
    image = None
    if "image" in course:
        image = course["image"].isel(iteration=iteration) if "iteration" in course["image"].dims else course["image"]
        image = image.values
        place_picture(page, image, LEFT, TOP, WIDTH, height)
    weights = course.get("prior_weights")
    limits = None if weights is None or weights.isnull().all() else (float(weights.min()), float(weights.max()))
    if limits is not None:
        page.text(LEFT, TOP + height + 4, shortened(f"prior weight, {two_digits(limits[0])} (dark)", WIDTH))
        page.text(LEFT, TOP + height + 7.5, f"to {two_digits(limits[1])} (light)")
    for (x, y), prior in zip(cells[1:], course["prior"].values[:COLUMNS], strict=True):
        page.text(x, y - 2, shortened(f"prior: {prior}", WIDTH), size=points(STYLE.letter))
        if image is not None and limits is not None:
            values = weights.sel(prior=prior).isel(iteration=iteration).values.astype(np.float32)
            place_picture(page, overlay(image, _in_pixels(values, image.shape[:2]), limits), x, y, WIDTH, height)
        p = course["probability"].sel(prior=prior).isel(iteration=iteration).values
        draw_bars(page, x, y + height + 1, WIDTH, names, p, colours, 0)


def _in_pixels(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A map of tokens in pixels, linear in between."""
    if np.isnan(values).any():
        return np.full(shape, np.nan, np.float32)
    zoom = [pixels / tokens for pixels, tokens in zip(shape, values.shape, strict=True)]
    return scipy.ndimage.zoom(values, zoom, order=1, mode="nearest", grid_mode=True)


def _passes(page: Axes, box, course, iteration: int, name: str, limits, ticks, texts=None) -> LightAxes:
    """Draw axes with passes across and mark the present one."""
    passes = course["iteration"].values
    axes = LightAxes(*box, (0, max(1, int(passes[-1]))), limits)
    step = max(1, -(-int(passes[-1]) // 4))
    draw_axes(page, axes, ("pass (0 = bottom-up)", name), passes[::step], ticks, texts)
    draw_cursor(page, axes, passes[iteration])
    return axes


def _draw_passes(page: Axes, box, values: xr.DataArray, lines, iteration: int, name: str, limits, ticks, texts=None):
    """Draw the course under every prior with its interval."""
    axes, passes = _passes(page, box, values, iteration, name, limits, ticks, texts), values["iteration"].values
    for prior, look in lines.items():
        estimate, low, high = values.sel(prior=prior).values
        draw_line(page, axes, passes, estimate, (low, high), **look)


def _draw_loop(page: Axes, box, course: xr.Dataset, iteration: int, lines: dict[str, dict]) -> None:
    """Draw both branches of the morph under every prior, and the present picture on its branch."""
    axes, morph = LightAxes(*box, (0, 1), (0, 1)), course["morph"].values
    draw_axes(page, axes, ("morph (0 = first reading)", _share(course)), (0, 0.5, 1), (0, 0.5, 1))
    for name, look in lines.items():
        for direction, marker, fill in ((0, ">", look["color"]), (1, "<", "white")):
            estimate, low, high = course["branch"].sel(prior=name).isel(direction=direction).values
            markers = {"marker": marker, "markerfacecolor": fill, "markersize": 2.8}
            draw_line(page, axes, morph, estimate, (low, high), **markers, **look)
        if course.attrs["trial"] >= 0:
            share = course["share"].sel(prior=name, end="estimate").values[[iteration]]
            at = course["shown_morph"].values[[iteration]]
            draw_line(page, axes, at, share, marker="o", markersize=4.5, **look)


def _share(course: xr.Dataset) -> str:
    """Label of the axis of shares."""
    return shortened(f"share of {plain(course.attrs['names'][0])}", PANEL)


def _draw_energy(page: Axes, box, course: xr.Dataset, looks: list[dict], iteration: int) -> None:
    """Draw the reconstruction error of every block, relative to the first pass."""
    energy, passes = course["energy"].values, course["iteration"].values
    if np.isnan(energy).all():
        _passes(page, box, course, iteration, "relative energy", (0, 1), ())
        page.text(box[0] + box[2] / 2, box[1] + box[3] / 2, "no feedback path,\nno energy", ha="center", va="center")
        return
    low, high = float(np.nanmin(energy)), float(np.nanmax(energy))
    margin = 0.04 * (high - low) or 0.1
    limits = (low - margin, high + margin)
    axes = _passes(page, box, course, iteration, "relative energy", limits, nice(*limits))
    for values, look in zip(energy, looks, strict=True):
        draw_line(page, axes, passes, values, **look)


def _caption(course: xr.Dataset, iteration: int) -> str:
    about = course.attrs
    whose = (
        f"{about['n']} trials, mean with 95 % bootstrap intervals" if about["trial"] < 0 else f"trial {about['trial']}"
    )
    told = {
        "settling": "share of the first reading in the two readings' probability",
        "switching": "share of the first reading in the two readings' probability",
        "hysteresis": "share of the first reading along a morph shown up (filled) and down (open)",
    }[about["protocol"]]
    noise = f", noise {about['noise']:g}" if about["noise"] else ""
    return (
        f"Feedback pass by pass in {about.get('model', 'a model')} ({about['protocol']}, {whose}, gain "
        f"{about['gain']:g}{noise}), at pass {iteration}: {told}; relative change of the state in a pass "
        f"(values below {number_text(SMALLEST, 4)} are drawn there); reconstruction error of each block "
        f"under the prior {about['prior_of_energy']}, relative to the bottom-up pass."
    )
