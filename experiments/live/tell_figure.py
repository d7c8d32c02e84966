"""The figure of rivals: one picture, a cue or several, and what each observer makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from experiments.figures.numbers import note
from experiments.figures.page import overlay, page_of, place_picture, plain, points, shortened, two_digits
from experiments.figures.style import STYLE, Style
from experiments.live.look_figure import KINDS, draw_place
from experiments.live.rivalry import NO_CUE, SHOWN, answers, competition, competitors, weights
from experiments.live.tell import MAPS
from experiments.probes.bistable import signature_layout
from experiments.probes.bistable.signature_layout import Column
from experiments.statistics.intervals import number_text

__all__ = ["rivals"]

LEFT, GAP, TOP = 3.0, 2.5, 3.0  # mm
NAME, LINE, SCALE = 5.5, 3.4, 5.0  # mm of an observer's name, of the cue above a map, and of its scale below
BAR, STRIP, NUMBER = 6.2, 1.1, 7.0  # mm of a kind's bar, of either of its strips, and of a number
PICTURE, LOWEST, LONGEST = 34.0, 20.0, 240.0  # mm: height of the picture, least of a map, and of the page
FINE = 160  # pixels of a picture under a map at least
Box = tuple[float, float, float]  # left and upper edge, and width, in mm
NOTHING = "no evidence: it weighs nothing"


@dataclass(frozen=True)
class Sheet:
    """Places in mm.

    Parameters
    ----------
    across : cues beside each other.
    map : width and height of a map.
    bars : width of the bars beside it.
    shares : left edge and width of the competition, which stands below the cues where it begins at the left.
    """

    across: int
    map: tuple[float, float]
    bars: float
    shares: tuple[float, float]

    @classmethod
    def of(cls, n_observers: int, n_cues: int, aspect: float, style: Style) -> Sheet:
        """Find the places of so many observers and cues, on pictures of height over width ``aspect``."""
        if style.column == "single":
            across, wide, bars, shares = 1, 26.0, 55.0, (LEFT, 83.5)
        elif n_cues == 1:
            across, wide, bars, shares = 1, 38.0, 56.0, (105.0, 72.0)
        else:
            across, wide, bars, shares = 2, 30.0, 31.5, (139.0, 38.0)
        room = (LONGEST - TOP - PICTURE - 8) / n_observers / -(-n_cues // across) - NAME - LINE - SCALE
        high = wide * aspect if style.column == "single" else max(LOWEST, min(wide * aspect, room))
        return cls(across, (high / aspect, high), bars + wide - high / aspect, shares)

    @property
    def line(self) -> float:
        """Height of a row of cues."""
        return LINE + max(self.map[1] + SCALE, BAR * SHOWN)

    def block(self, number: int) -> tuple[float, float]:
        """Left and upper edge of a cue, from the row's."""
        line, place = divmod(number, self.across)
        return LEFT + place * (self.map[0] + self.bars + 2.5 * GAP), line * self.line

    def lines(self, n_cues: int) -> float:
        """Height of so many cues of an observer."""
        return self.line * -(-n_cues // self.across)

    def below(self) -> bool:
        """Whether the competition stands below the cues."""
        return self.shares[0] == LEFT

    def row(self, n_cues: int, n_shares: int) -> float:
        """Height of an observer's row, with so many cues and bars of the competition."""
        cues, bars = self.lines(n_cues), LINE + BAR * n_shares
        return NAME + (cues + bars if self.below() else max(cues, bars)) + 1.5


def rivals(record: xr.Dataset, kind: str = "prior_weights", style: Style = STYLE) -> Figure:
    """Draw a picture and, for each observer and cue, a map, the answers with and without, and who wins.

    The numbers are those of :mod:`experiments.live.rivalry`, and the figure's table.

    Parameters
    ----------
    record : what ``tell`` gives.
    kind : map, one of ``MAPS``; the other one where an observer has none of this kind. Each has a scale of its
        own.
    style : sizes and colours.

    Raises
    ------
    ValueError : the record has no such map.

    Examples
    --------
    >>> from experiments.live.look import Cue
    >>> picture = stimuli.draw("halves", n=1)["image"].values[0]
    >>> told = experiments.tell(["absvit_micro"], picture, {"ring": Cue("class", "ring")})
    >>> type(experiments.rivals(told)).__name__
    'Figure'
    """
    if kind not in MAPS or kind not in record:
        raise ValueError(f"expected one of the maps {', '.join(MAPS)}, got {kind!r}")
    image, names = record["image"].values[0], [str(name) for name in record["model"].values]
    aspect, priors = image.shape[0] / image.shape[1], [str(name) for name in record["prior"].values]
    kinds = competitors(record)
    colours = dict(zip(kinds, STYLE.colours(len(kinds)), strict=True))
    answered, shares, weighed = answers(record), competition(record), weights(record)
    empty = {(row.model, row.prior) for row in weighed.itertuples() if row.weighs_nothing}
    of_maps = _small(record)
    sheet = Sheet.of(len(names), len(priors), aspect, style)
    tops, end = [], TOP + PICTURE + 7
    for name in names:
        tops.append(end)
        end += sheet.row(*(of.loc[of["model"] == name, "prior"].nunique() for of in (answered, shares)))
    with style.context():
        page = page_of(end, style)
        bars = _Bars()
        _draw_head(page, record, colours, aspect, bars, style.width)
        for top, name in zip(tops, names, strict=True):
            page.text(
                LEFT, top, shortened(name, style.width - 2 * LEFT, "bold"), size=points(STYLE.letter), weight="bold"
            )
            of_model = answered[answered["model"] == name]
            for number, prior in enumerate(of_model["prior"].unique()):
                x, y = sheet.block(number)
                at = priors.index(prior) if prior in priors else 0
                one = of_maps.sel(model=name).isel(prior=[at])
                here = x, top + NAME + y - 3
                page.text(here[0], here[1] + 1.2, shortened(_heading(prior, one), sheet.map[0] + sheet.bars))
                scale = _draw_map(page, one, kind, (here[0], here[1] + LINE, *sheet.map))
                text = NOTHING if (name, prior) in empty else scale
                page.text(here[0], here[1] + sheet.line - 2.0, shortened(text, sheet.map[0] + sheet.bars))
                answer = of_model[of_model["prior"] == prior]
                box = here[0] + sheet.map[0] + GAP, here[1] + LINE, sheet.bars
                _draw_answers(page, answer, colours, bars, box)
            left, width = sheet.shares
            below = top + NAME - 3 + (sheet.lines(of_model["prior"].nunique()) if sheet.below() else 0)
            _draw_shares(page, shares[shares["model"] == name], colours, bars, (left, below, width))
        bars.draw(page)
    for panel, table in (("answers", answered), ("competition", shares), ("weights", weighed)):
        note(page, table.assign(panel=panel))
    page.figure.set_label(_caption(record, kind, list(kinds), weighed))
    return page.figure


def _small(record: xr.Dataset) -> xr.Dataset:
    """What maps are drawn of, with a picture that is no finer than they show."""
    step = max(1, min(record.sizes["y"], record.sizes["x"]) // FINE)
    image = record["image"].isel(y=slice(None, None, step), x=slice(None, None, step))
    return record[list(MAPS)].drop_dims(["y", "x"], errors="ignore").assign(image=image)


class _Bars:
    """Bars that are drawn at once, which is faster than one by one."""

    def __init__(self) -> None:
        self._corners, self._colours = [], []

    def add(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Take one up; left and upper edge and size in mm."""
        self._corners.append([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])
        self._colours.append(colour)

    def draw(self, page: Axes) -> None:
        """Draw them."""
        bars = PolyCollection(self._corners, facecolors=self._colours, linewidths=0)
        page.add_collection(bars, autolim=False)


def _draw_head(
    page: Axes, record: xr.Dataset, colours: dict[str, str], aspect: float, bars: _Bars, width: float
) -> None:
    """Draw the picture, the places that are cued, and what the colours mean."""
    wide = PICTURE / aspect
    place_picture(page, record["image"].values[0], LEFT, TOP, wide, PICTURE)
    for number in range(record.sizes["prior"]):
        draw_place(page, record.isel(prior=[number]), (LEFT, TOP, wide, PICTURE))
    x, room = LEFT + wide + 4, width - LEFT - wide - 6
    keys = [(STYLE.unknown, "without the cue"), *((colour, plain(name)) for name, colour in colours.items())]
    page.text(x, TOP + 2.5, shortened("probabilities", room))
    for number, (colour, text) in enumerate(keys):
        y = TOP + 5 + 4 * number
        bars.add(x, y, 4, 2.2, colour)
        page.text(x + 6, y + 2, shortened(text, room - 6))


def _heading(prior: str, one: xr.Dataset) -> str:
    """What is looked for, in words."""
    if prior == NO_CUE:
        return "takes no such cue"
    kind, category = str(one["kind"].values[0]), plain(str(one["category"].values[0]))
    if kind == "sentence":
        return plain(f'told: "{one["sentence"].values[0]}"')
    words = [word for word, of in ((category, "class"), ("the place", "place")) if of in kind]
    return f"cue: {' in '.join(words) or kind}"


def _draw_map(page: Axes, one: xr.Dataset, kind: str, box: tuple[float, float, float, float]) -> str:
    """Draw a map of one observer and cue in the last pass; say which map it is, and the ends of its scale."""
    image, cue = one["image"].values[0], str(one["prior"].values[0])
    of = next((of for of in (kind, *MAPS) if not np.isnan(one[of].values[-1]).all()), kind)
    values = signature_layout.map_in_pixels(one, Column("", cue, -1, of, 0))
    ends = _ends(values)
    place_picture(page, overlay(image, values, ends), *box)
    draw_place(page, one, box)
    low, high = (0.0 if abs(end) < 0.005 * max(map(abs, ends)) else end for end in ends)
    told = f"{KINDS[of]} {two_digits(low)} to {two_digits(high)}"
    return "it has no places" if np.isnan(values).all() else told


def _ends(values: np.ndarray) -> tuple[float, float]:
    """Smallest and largest value of a map; 0 and 1 of none."""
    return (0.0, 1.0) if np.isnan(values).all() else (float(np.nanmin(values)), float(np.nanmax(values)))


def _draw_answers(page: Axes, rows: pd.DataFrame, colours: dict[str, str], bars: _Bars, box: Box) -> None:
    """Draw, for each kind, a grey strip without the cue above one with it; the box is left, top and width."""
    x, top, width = box
    values = zip(rows["kind"], rows["without"], rows["with"], strict=True)
    for number, (kind, before, after) in enumerate(values):
        y, colour = top + BAR * number, colours.get(kind, STYLE.ink)
        page.text(x, y + 2.4, shortened(plain(kind), width - 2 * NUMBER))
        page.text(x + width - NUMBER, y + 2.4, number_text(before), ha="right", color=STYLE.unknown)
        page.text(x + width, y + 2.4, number_text(after), ha="right")
        for line, (value, fill) in enumerate(((before, STYLE.unknown), (after, colour))):
            _draw_bar(bars, [(value, fill)], (x, y + 3.1 + line * STRIP, width, STRIP))


def _draw_shares(page: Axes, rows: pd.DataFrame, colours: dict[str, str], bars: _Bars, box: Box) -> None:
    """Draw, without a cue and with each, the shares of the competing kinds behind each other."""
    x, top, width = box
    first = next(iter(colours))
    page.text(x, top + 1.2, shortened(f"share of {plain(first)}", width))
    for number, prior in enumerate(rows["prior"].unique()):
        y, of = top + LINE + BAR * number, rows[rows["prior"] == prior].set_index("kind")["share"]
        page.text(x, y + 2.4, shortened(prior if prior == NO_CUE else f"cue: {plain(prior)}", width - NUMBER))
        page.text(x + width, y + 2.4, number_text(of[first]), ha="right")
        parts = [(of[kind], colour) for kind, colour in colours.items()]
        _draw_bar(bars, parts, (x, y + 3.1, width, 2 * STRIP))


def _draw_bar(bars: _Bars, parts: Sequence[tuple[float, str]], box: tuple[float, ...]) -> None:
    """Draw values with their colours behind each other, on a track whose full length is 1."""
    x, y, width, height = box
    bars.add(x, y, width, height, STYLE.track)
    for value, colour in parts:
        if not np.isnan(value):
            bars.add(x, y, width * value, height, colour)
            x += width * value


def _caption(record: xr.Dataset, kind: str, kinds: Sequence[str], weighed: pd.DataFrame) -> str:
    names, told = record["model"].values.tolist(), record["prior"].values.tolist()
    untaken = [
        f"{name} ({prior})"
        for name, takes in zip(names, record["taken"].values, strict=True)
        for prior, taken in zip(told, takes, strict=True)
        if not taken
    ]
    empty = weighed[weighed["weighs_nothing"]]
    nothing = [f"{row.model} ({row.prior})" for row in empty.itertuples()]
    other = next(of for of in MAPS if of != kind)
    return (
        f"One picture (n = 1) as seen by {', '.join(names)} in pass {int(record['iteration'].values[-1]) + 1} under "
        f"the cue {' or '.join(told)}: {KINDS[kind]} ({KINDS[other]} where there is none), each with the ends of its "
        "scale below; probabilities of the kinds that compete and of the likeliest others, without the cue (grey) and "
        f"with it; and shares of {', '.join(map(plain, kinds))} in the probability of all of these."
        + (f" Not told, since they take no such cue: {', '.join(untaken)}." if untaken else "")
        + (f" No evidence, so that the prior weighs nothing: {', '.join(nothing)}." if nothing else "")
    )
