"""The unfolding figure: one pass of a trial in its course: picture, weights, settling, hysteresis and energy."""

from __future__ import annotations

import matplotlib
import numpy as np
import seaborn
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import ndimage

from experiments.figures.drawing import STYLE, draw_bars, overlay, page_of, place_picture, plain, shortened
from experiments.figures.strokes import draw_names, strokes
from experiments.measures.intervals import number_text

__all__ = ["unfolding"]

LEFT, GAP, WIDTH, TOP = 3.0, 3.0, 41.0, 7.0  # mm of the row of pictures
BARS, PANEL, AXIS = 16.0, 30.0, 12.0  # mm below a picture, of a panel, and below it
PANELS = (13.0, 75.0, 137.0)  # mm, left edges
ACROSS = 40.0  # mm, width of a panel
COLUMNS = 3  # priors whose weights are shown
NAMES = 5  # names in a row of a legend
SMALLEST = 1e-4  # change that the axis goes down to


def unfolding(course: xr.Dataset, iteration: int = -1) -> Figure:
    """Draw a pass: what is shown and what the priors weight, and where the pass lies in the course.

    Parameters
    ----------
    course : what ``unfolding.follow`` gives.
    iteration : the pass, 0 = bottom-up, -1 = the last.

    Returns
    -------
    Figure of two columns' width; its label, ``figure.get_label()``, is the caption. Pictures and weights are left out
    where the course has none.

    Raises
    ------
    ValueError : there is no such pass.
    """
    last = course.sizes["iteration"] - 1
    if not -1 <= iteration <= last:
        raise ValueError(f"the course has passes 0 to {last}, got {iteration}")
    iteration = last if iteration < 0 else iteration
    priors = [str(name) for name in course["prior"].values]
    lines = _looks(priors)
    layers = seaborn.color_palette(STYLE.attention, course.sizes["layer"] + 1).as_hex()[:-1]  # the last is nearly white
    energies = [{"color": colour, "linestyle": ("-", "--", ":")[k % 3]} for k, colour in enumerate(layers)]
    has_energy = bool(np.isfinite(course["energy"]).any())
    rows = -(-len(priors) // NAMES), -(-len(layers) // NAMES) * has_energy
    with matplotlib.rc_context(STYLE.settings() | {"ytick.labelsize": STYLE.text}):
        shape = course["image"].shape[-3:-1] if "image" in course else (0, 1)
        pictures = TOP + WIDTH * shape[0] / shape[1] + BARS + 4
        page = page_of(pictures + PANEL + AXIS + 4 * sum(rows) + 2)
        _draw_pass(page, course, iteration, last, WIDTH * shape[0] / shape[1])
        axes = [_axes(page, left, pictures) for left in PANELS]
        if "branch" in course:
            _draw_loop(axes[0], course, iteration, lines)
        else:
            _draw_lines(axes[0], course["share"], lines, iteration)
            axes[0].set(ylabel=_share(course), ylim=(-0.03, 1.03), yticks=(0, 0.5, 1))
        _draw_lines(axes[1], np.log10(course["change"].clip(SMALLEST)), lines, iteration)
        powers = range(int(np.log10(SMALLEST)), 1, 2)
        axes[1].set(ylabel="change of the state", ylim=(powers[0] - 0.2, 0.5))
        axes[1].set_yticks(powers, [f"{10.0**power:g}" for power in powers])
        _draw_energy(axes[2], course, energies, iteration)
        top = pictures + PANEL + AXIS + 2
        draw_names(page, 3, top, STYLE.double - 3, priors, list(lines.values()), NAMES)
        if has_energy:
            names = [f"block {int(layer)}" for layer in course["layer"].values]
            draw_names(page, 3, top + 4 * rows[0], STYLE.double - 3, names, energies, NAMES)
    page.figure.set_label(_caption(course, iteration))
    return page.figure


def _looks(priors: list[str]) -> dict[str, dict]:
    """Colours and strokes of the priors; a cue has the colour of its reading."""
    first, second, *others = strokes(len(priors) + 2)
    fixed = {"class 1": first, "class 2": second, "none": {"color": STYLE.ink, "linestyle": "-"}}
    free = iter(others)
    return {name: fixed.get(name) or next(free) for name in priors}


def _draw_pass(page: Axes, course: xr.Dataset, iteration: int, last: int, height: float) -> None:
    """Draw the picture, the weights of some priors and what they make of it."""
    names = [plain(name) for name in course.attrs["names"]]
    colours = STYLE.colours(2)
    page.text(LEFT, TOP - 2, f"pass {iteration} of {last}", size=STYLE.letter)
    image = None
    if "image" in course:
        image = course["image"].isel(iteration=iteration) if "iteration" in course["image"].dims else course["image"]
        image = image.values
        place_picture(page, image, LEFT, TOP, WIDTH, height)
    weights = course.get("prior_weights")
    limits = None if weights is None or weights.isnull().all() else (float(weights.min()), float(weights.max()))
    if limits is not None:
        page.text(LEFT, TOP + height + 4, shortened(f"prior weight, {limits[0]:.2g} (dark)", WIDTH))
        page.text(LEFT, TOP + height + 7.5, f"to {limits[1]:.2g} (light)")
    for column, prior in enumerate(course["prior"].values[:COLUMNS], start=1):
        x = LEFT + column * (WIDTH + GAP)
        page.text(x, TOP - 2, shortened(f"prior: {prior}", WIDTH), size=STYLE.letter)
        if image is not None and limits is not None:
            values = weights.sel(prior=prior).isel(iteration=iteration).values.astype(np.float32)
            place_picture(page, overlay(image, _in_pixels(values, image.shape[:2]), limits), x, TOP, WIDTH, height)
        p = course["probability"].sel(prior=prior).isel(iteration=iteration).values
        draw_bars(page, x, TOP + height + 1, WIDTH, names, p, colours, 0)


def _in_pixels(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A map of tokens in pixels, linear in between."""
    if np.isnan(values).any():
        return np.full(shape, np.nan, np.float32)
    zoom = [pixels / tokens for pixels, tokens in zip(shape, values.shape, strict=True)]
    return ndimage.zoom(values, zoom, order=1, mode="nearest", grid_mode=True)


def _axes(page: Axes, left: float, top: float) -> Axes:
    width, height = page.get_xlim()[1], page.get_ylim()[0]
    axes = page.figure.add_axes((left / width, 1 - (top + PANEL) / height, ACROSS / width, PANEL / height))
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _passes(axes: Axes, course: xr.DataArray | xr.Dataset, iteration: int) -> np.ndarray:
    """Lay passes on the horizontal axis and mark the present one."""
    passes = course["iteration"].values
    step = max(1, -(-int(passes[-1]) // 4))
    axes.set(xlabel="pass (0 = bottom-up)", xlim=(-0.02 * passes[-1], 1.02 * passes[-1]), xticks=passes[::step])
    axes.axvline(passes[iteration], color=STYLE.unknown, lw=0.9, ls=(0, (4, 3)), zorder=0)
    return passes


def _draw_lines(axes: Axes, values: xr.DataArray, lines: dict[str, dict], iteration: int) -> None:
    """Draw the course under every prior with its interval."""
    passes = _passes(axes, values, iteration)
    for name, look in lines.items():
        estimate, low, high = values.sel(prior=name).values
        if (high > low).any():
            axes.fill_between(passes, low, high, color=look["color"], alpha=0.2, linewidth=0)
        axes.plot(passes, estimate, lw=1.1, **look)
        axes.plot(passes[iteration], estimate[iteration], "o", color=look["color"], ms=3)


def _draw_loop(axes: Axes, course: xr.Dataset, iteration: int, lines: dict[str, dict]) -> None:
    """Draw both branches of the morph under every prior, and the present picture on its branch."""
    morph = course["morph"].values
    for name, look in lines.items():
        for direction, marker, fill in ((0, ">", None), (1, "<", "white")):
            estimate, low, high = course["branch"].sel(prior=name).isel(direction=direction).values
            if (high > low).any():
                axes.fill_between(morph, low, high, color=look["color"], alpha=0.2, linewidth=0)
            axes.plot(morph, estimate, marker, ms=2.6, lw=1.1, mfc=fill, **look)
        if course.attrs["trial"] >= 0:
            share = float(course["share"].sel(prior=name, end="estimate")[iteration])
            axes.plot(float(course["shown_morph"][iteration]), share, "o", color=look["color"], ms=4.5)
    axes.set(xlabel="morph (0 = first reading)", ylabel=_share(course), ylim=(-0.03, 1.03), xlim=(-0.03, 1.03))
    axes.set(yticks=(0, 0.5, 1), xticks=(0, 0.5, 1))


def _share(course: xr.Dataset) -> str:
    """Label of the axis of shares."""
    return shortened(f"share of {plain(course.attrs['names'][0])}", PANEL)


def _draw_energy(axes: Axes, course: xr.Dataset, looks: list[dict], iteration: int) -> None:
    """Draw the reconstruction error of every block, relative to the first pass."""
    passes = _passes(axes, course, iteration)
    if np.isnan(course["energy"]).all():
        axes.set(yticks=())
        axes.text(0.5, 0.5, "no feedback path, no energy", ha="center", transform=axes.transAxes)
        return
    for values, look in zip(course["energy"].values, looks, strict=True):
        axes.plot(passes, values, lw=1.1, **look)
        axes.plot(passes[iteration], values[iteration], "o", color=look["color"], ms=3)
    axes.set_ylabel("relative energy")
    axes.locator_params(axis="y", nbins=3)
    low, high = axes.get_ylim()
    axes.set_yticks([tick for tick in axes.get_yticks() if low <= tick <= high])


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
        f"{about['gain']:g}{noise}), at pass {iteration}: {told}; relative change of the state in a pass (values below "
        f"{number_text(SMALLEST, 4)} are drawn there); reconstruction error of each block under the prior "
        f"{about['prior_of_energy']}, relative to the bottom-up pass."
    )
