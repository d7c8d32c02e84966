"""What the signature figure shows, and where; ``experiments.probes.bistable.signature`` draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
import xarray as xr

from experiments import measures
from experiments.measures.localisation import object_tokens

__all__ = [
    "Column", "Grid", "MAP_NAMES", "SHOWN", "balanced", "classes_known", "columns_of", "first_run", "map_in_pixels",
    "map_range", "model_name", "object_extents", "shown_classes", "shown_probabilities",
]  # fmt: skip
MAP_NAMES = {
    "prior_weights": "prior weight",
    "feedback_norm": "feedback norm",
    "value_norm": "value norm",
    "token_norm": "token norm",
    "class_attention": "class attention",
}
SHOWN = MAP_NAMES | {"class_activation": "class activation"}  # which may be negative
NARROW = 120.0  # mm
BOTTOM_UP_MAPS = (
    "token_norm",
    "class_attention",
    "value_norm",
    "class_activation",
)  # shown bottom-up where a map needs feedback


@dataclass(frozen=True)
class Column:
    """A column of maps.

    Parameters
    ----------
    heading : text above it.
    prior : name of the prior.
    iteration : position on the record's iteration, 0 = bottom-up, -1 = last.
    kind : map, one of ``measures.MAPS``.
    cue : object that is cued, 1 or 2; 0 = none.
    """

    heading: str
    prior: str
    iteration: int
    kind: str
    cue: int


@dataclass(frozen=True)
class Grid:
    """Places in the signature figure, in mm from its upper left corner.

    Parameters
    ----------
    page : width of the figure in mm.
    n_columns : the stimulus and the maps.
    n_rows : stimuli.
    aspect : height of a picture over its width.
    """

    page: float
    n_columns: int
    n_rows: int
    aspect: float

    left, right, top, bottom = 5.0, 1.0, 6.0, 9.5
    gap, bar_gap, bar_width = 3.0, 1.5, 21.5

    @property
    def beside(self) -> bool:
        """Whether the bars stand beside the maps; in a narrow figure or one of many columns they stand below."""
        return self.n_columns <= 4 and self.page > NARROW

    @property
    def bars_beside(self) -> float:
        """Width that the bars take beside a map."""
        return self.beside * (self.bar_gap + self.bar_width)

    @property
    def width(self) -> float:
        """Width of a picture."""
        n_maps = self.n_columns - 1
        free = self.page - self.left - self.right - n_maps * (self.gap + self.bars_beside)
        return free / self.n_columns

    @property
    def pitch(self) -> float:
        """Distance between rows."""
        return self.width * self.aspect + (4.5 if self.beside else 18)

    @property
    def height(self) -> float:
        """Height of the figure."""
        return self.top + self.n_rows * self.pitch + self.bottom

    def x(self, column: int) -> float:
        """Left edge of a column in mm; column 0 is the stimulus."""
        return self.left + column * (self.width + self.gap) + max(column - 1, 0) * self.bars_beside

    def y(self, row: int) -> float:
        """Upper edge of a row in mm; row ``n_rows`` gives the lower edge of all."""
        return self.top + row * self.pitch

    def bars(self, column: int, row: int) -> tuple[float, float, float]:
        """Left edge, upper edge and width in mm of the bars that belong to a map; they are 13.2 mm high."""
        height = self.width * self.aspect
        if self.beside:
            return self.x(column) + self.width + self.bar_gap, self.y(row) + height / 2 - 6.6, self.bar_width
        return self.x(column), self.y(row) + height + 1, self.width


def first_run(record: xr.Dataset) -> xr.Dataset:
    """Keep the finished stimuli of the first model, seed and gain.

    The leading dims that the record had are scalar coordinates now; it is what all functions below take.
    """
    leading = record["logits"].dims[: record["logits"].get_axis_num("iteration")]
    return measures.written(record).isel(dict.fromkeys(leading, 0))


def model_name(record: xr.Dataset) -> str:
    """Name the model, with its seed where several were run, such as ``absvit_micro (seed 1)``."""
    name = str(record["model"].item()) if "model" in record.coords else record.attrs.get("model", "the model")
    return f"{name} (seed {record['seed'].item()})" if "seed" in record.coords else name


def columns_of(record: xr.Dataset, kind: str, place: bool) -> list[Column]:
    """List the columns of maps: bottom-up, then the cues.

    Bottom-up shows the kind of map where it exists there, else the first map of the bottom-up pass. Place
    cues are shown if asked for, and anyway where there are no class cues.

    Raises
    ------
    ValueError : the record lacks this map, has no map of the bottom-up pass, or no cues.
    """
    present = [name for name in SHOWN if name in record]
    if kind not in present:
        raise ValueError(f"expected one of the record's maps {present}, got {kind!r}")
    bottom_up = [name for name in (kind, *BOTTOM_UP_MAPS) if name in present and _exists_bottom_up(record[name])]
    if not bottom_up:
        raise ValueError(f"expected a map of the bottom-up pass, one of {BOTTOM_UP_MAPS}, the record has {present}")
    priors = [str(name) for name in record["prior"].values]
    cues = [name for name in ("class 1", "class 2") if name in priors]
    cues += [name for name in ("place 1", "place 2") if name in priors and (place or "class 1" not in priors)]
    if not cues:
        raise ValueError(f"expected priors that cue a class or a place, the record has {priors}")
    uncued = "none" if "none" in priors else priors[0]
    return [
        Column("bottom-up", uncued, 0, bottom_up[0], 0),
        *(Column(f"cue: {name}", name, -1, kind, int(name[-1])) for name in cues),
    ]


def classes_known(record: xr.Dataset) -> bool:
    """Tell whether the model knows the classes of all objects."""
    return all(measures.classes_known(record, name).all() for name in ("class_1", "class_2"))


def shown_classes(record: xr.Dataset) -> np.ndarray:
    """Classes (stimulus, 2) whose probabilities are shown: the two objects', else the two most probable
    bottom-up.
    """
    known = np.stack([record["class_1"].values, record["class_2"].values], axis=1)
    best = np.argsort(-_bottom_up(record), axis=1, kind="stable")[:, :2]
    return np.where((known >= 0).all(axis=1, keepdims=True), known, best)


def shown_probabilities(record: xr.Dataset, column: Column) -> np.ndarray:
    """Probabilities (stimulus, 2) of the shown classes in a column."""
    p = measures.probabilities(record.isel(iteration=column.iteration).sel(prior=column.prior))
    return np.take_along_axis(p.values, shown_classes(record), axis=1)


def balanced(record: xr.Dataset, n: int = 4) -> list[int]:
    """Choose the stimuli whose two objects compete best bottom-up.

    The rule: the n largest values of min(p1, p2) at iteration 0, in the order of the record. It knows nothing
    of what any cue does.

    Parameters
    ----------
    record : bistable record; of several models or seeds the first decides.
    n : number of stimuli, at least 1.

    Returns
    -------
    Their numbers, as in the coordinate ``stimulus``; all of them where the record holds fewer than n.

    Raises
    ------
    ValueError : n is below 1.

    Examples
    --------
    >>> experiments.figures.balanced(record, n=2)
    [0, 3]
    """
    if n < 1:
        raise ValueError(f"expected n >= 1 stimuli, got {n}")
    record = first_run(record)
    weaker = np.take_along_axis(_bottom_up(record), shown_classes(record), axis=1).min(axis=1)
    best = np.sort(np.argsort(-weaker, kind="stable")[:n])
    return [int(number) for number in record["stimulus"].values[best]]


def map_range(record: xr.Dataset, columns: Sequence[Column]) -> tuple[float, float]:
    """Smallest and largest value of the maps in columns of one kind; (0, 1) where every map is NaN."""
    values = np.stack([_map(record, column) for column in columns])
    return (0.0, 1.0) if np.isnan(values).all() else (float(np.nanmin(values)), float(np.nanmax(values)))


def map_in_pixels(record: xr.Dataset, column: Column) -> np.ndarray:
    """Interpolate a map to the pixels (y, x) of its one stimulus, by cubic splines within the range of its
    tokens.

    It is NaN everywhere where the map is not defined.
    """
    (values,) = _map(record, column)
    places = []
    for pixels, tokens in (("y", "token_y"), ("x", "token_x")):
        centres = record[tokens].values
        places.append(np.interp(record[pixels].values, centres, np.arange(len(centres))))
    smooth = scipy.ndimage.map_coordinates(values, np.meshgrid(*places, indexing="ij"), order=3, mode="nearest")
    return np.clip(smooth, values.min(), values.max())


def object_extents(record: xr.Dataset) -> list[tuple[float, float]]:
    """Left and right edge of objects 1 and 2 of one stimulus, as fractions of the picture's width.

    An object that covers no token has (0, 0).
    """
    edges = []
    for tokens in object_tokens(record):
        across = np.flatnonzero(tokens.any(("stimulus", "token_y")).values)
        edges.append((across[0], across[-1] + 1) if len(across) else (0, 0))
    return [(left / record.sizes["token_x"], right / record.sizes["token_x"]) for left, right in edges]


def _exists_bottom_up(values: xr.DataArray) -> bool:
    """Whether a map is a number in the bottom-up pass."""
    return bool(np.isfinite(values.isel(iteration=0, prior=0, stimulus=0).values).all())


def _bottom_up(record: xr.Dataset) -> np.ndarray:
    """Bottom-up probabilities (stimulus, class), the same for every prior."""
    return measures.probabilities(record.isel(iteration=0, prior=0)).values


def _map(record: xr.Dataset, column: Column) -> np.ndarray:
    """Map of a column (stimulus, token_y, token_x)."""
    values = record[column.kind].isel(iteration=column.iteration).sel(prior=column.prior)
    return values.values.astype(np.float32)
