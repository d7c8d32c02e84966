"""A few pictures under a few cues, as a record in memory; what an explorer and a script call."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
import xarray as xr
from torch import Tensor, nn

from absvit import maps, priors
from absvit.models.kind_words import Kinds, kinds_of
from absvit.models.perceive import Trajectory
from absvit.records import provenance
from absvit.records.vocabulary import described
from experiments.assemble import PLACES, assembled, condition_coordinates, token_centres
from experiments.instructed import meanings
from experiments.observers import Observer, observer_of
from experiments.probe import Condition

__all__ = ["CUES", "MAPS", "Cue", "look", "of_observers", "painted", "stamped", "written"]

CueKind = Literal["none", "learned", "class", "place", "class and place", "sentence"]
CUES = get_args(CueKind)
REQUESTS = {  # what perceive has to record for a map
    "prior_weights": "", "feedback_norm": "feedback_norms", "token_norm": "token_norms", "value_norm": "value_norms",
    "class_attention": "attention", "rollout": "attention", "class_activation": "class_activation",
}  # fmt: skip
MAPS = tuple(REQUESTS)
PIXELS = ("place_x", "place_y", "place_sd", "box_left", "box_top", "box_right", "box_bottom")


@dataclass(frozen=True)
class Cue:
    """What to look for, in the words of an experimenter.

    Parameters
    ----------
    kind : "none" looks bottom-up only; "learned" is the model's own prompt; "class and place" multiplies the
        two.
    category : name of the class, or words for one or several as ``absvit.models.kind_words.kinds_of`` reads
        them.
    place : x and y of the spotlight's centre, as fractions of the picture's width and height, in [0, 1].
    width : standard deviation of the spotlight, as a fraction of the picture's width, above 0.
    gain : factor on the weights; None for the model's default of this kind. Of a product it is the class's,
        the place having gain 1.
    box : left, top, right and bottom as fractions of the picture: a box instead of the spotlight.
    cells : row and column of each cell that is painted, of a grid of ``painted`` rows and columns over the
        picture: these instead of the spotlight.
    times : factor on the gain, also on the default of whoever looks.
    sentence : of an instruction, as ``absvit.priors.instruction`` reads it, under the kind "sentence".
    """

    kind: CueKind = "learned"
    category: str = ""
    place: tuple[float, float] = (0.5, 0.5)
    width: float = 0.15
    gain: float | None = None
    box: tuple[float, float, float, float] | None = None
    cells: tuple[tuple[int, int], ...] = ()
    painted: tuple[int, int] = (1, 1)
    times: float = 1.0
    sentence: str = ""

    def __post_init__(self) -> None:
        if self.kind not in CUES:
            raise ValueError(f"a cue is one of {', '.join(CUES)}; got {self.kind!r}")
        if not all(0 <= at <= 1 for at in self.place) or not 0 < self.width <= 2:
            raise ValueError(f"place lies in [0, 1] and width in (0, 2], got {self.place} and {self.width}")
        if self.box is not None:
            left, top, right, bottom = self.box
            if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
                raise ValueError(f"a box has 0 <= left < right <= 1 and 0 <= top < bottom <= 1, got {self.box}")
        rows, columns = self.painted
        if wrong := [(row, column) for row, column in self.cells if not (0 <= row < rows and 0 <= column < columns)]:
            raise ValueError(f"a grid of {rows} x {columns} cells has no cell {wrong[0]}")

    def prior(self, observer: Observer) -> priors.Prior:
        """Give the prior that this cue means to an observer.

        Raises
        ------
        ValueError : the observer has no class of this name, the nearest are given; or the words may mean several.
        """
        if self.kind in ("none", "learned"):
            return priors.LearnedPrior(self._gain(observer, "learned"))
        if self.kind == "sentence":
            return priors.instruction(self.sentence, self._gain(observer, "class"))
        if self.kind == "place":
            return self._place(observer, self._gain(observer, "place"))
        of_class = priors.class_prior(self.category, observer, self._gain(observer, "class"))
        return of_class if self.kind == "class" else of_class * self._place(observer, 1.0)

    def kinds(self, observer: Observer) -> Kinds | None:
        """Give the classes that it names among an observer's; None, where it names none.

        Raises
        ------
        ValueError : as :func:`~absvit.models.kind_words.kinds_of`.
        """
        return kinds_of(self.category, observer) if "class" in self.kind else None

    def known_to(self, observer: Observer) -> Cue:
        """Give the same cue with its class called as an observer calls it."""
        kinds = self.kinds(observer)
        return replace(self, category=kinds.name) if kinds else self

    def condition(self, name: str, size: tuple[int, int]) -> Condition:
        """Give the condition that the cue is, under a name and in pictures of a height and width."""
        pixels = self._pixels(size) if "place" in self.kind else [np.nan] * len(PIXELS)
        levels = {"category": self.category, **dict(zip(PIXELS, pixels, strict=True))}
        if self.kind == "sentence":
            reading = priors.instruction(self.sentence).reading
            levels |= {"sentence": reading.sentence, "reading": str(reading)}
        if self.cells and "place" in self.kind:
            levels["cells"] = written(self.cells, self.painted)
        return Condition(name, 0, self.kind, lambda trial: self.prior(trial.observer), levels)

    def _gain(self, observer: Observer, kind: str) -> float | None:
        """Gain of a kind of prior; None for the observer's default."""
        if self.times == 1:
            return self.gain
        return self.times * (observer.gains.get(kind, 1.0) if self.gain is None else self.gain)

    def _place(self, observer: Observer, gain: float | None) -> priors.SpatialPrior:
        size, grid = observer.size, observer.locations
        if self.cells:
            mask = torch.from_numpy(painted(written(self.cells, self.painted)))
            pixels = F.interpolate(mask[None, None].float(), size, mode="nearest")[0, 0]
            return priors.SpatialPrior.from_mask(pixels, grid, gain=gain)
        x, y, sd, *edges = self._pixels(size)
        if self.box is not None:
            return priors.SpatialPrior.box(tuple(edges), size, grid, gain=gain)
        return priors.SpatialPrior.gaussian((x, y), sd, size, grid, gain=gain)

    def _pixels(self, size: tuple[int, int]) -> list[float]:
        """The spotlight's x, y and standard deviation, and the box's edges; NaN where one is not used."""
        spot = (np.nan,) * 3 if self.box or self.cells else (*self.place, self.width)
        height, width = size
        sides = (width, height, width, width, height, width, height)
        return [at * side for at, side in zip((*spot, *(self.box or (np.nan,) * 4)), sides, strict=True)]


def written(cells: Sequence[tuple[int, int]], grid: tuple[int, int]) -> str:
    """Write painted cells in a line, ``24x24: 3,4 3,5``: rows and columns of the grid, then those of each cell."""
    return f"{grid[0]}x{grid[1]}: {' '.join(f'{row},{column}' for row, column in sorted(cells))}"


def painted(text: str) -> np.ndarray:
    """Give the cells that a line of :func:`written` tells, (row, column) bool, or refuse what is none."""
    grid, _, cells = text.partition(":")
    try:
        mask = np.zeros([int(n) for n in grid.split("x")], bool)
        for cell in cells.split():
            row, column = (int(n) for n in cell.split(","))
            if min(row, column) < 0:
                raise ValueError
            mask[row, column] = True
    except (ValueError, IndexError):
        raise ValueError(f"cannot read the cells {text!r}: expected such as '24x24: 3,4 3,5'") from None
    return mask


def look(
    model: nn.Module | Observer,
    pictures: np.ndarray,
    cues: Mapping[str, Cue],
    iterations: int = 1,
    kinds: Sequence[str] = MAPS,
) -> xr.Dataset:
    """Look at pictures under each of several cues and keep the maps.

    Parameters
    ----------
    model : AbSViT or another observer; one that takes no priors has the bottom-up pass and the cue "none"
        only.
    pictures : (stimulus, y, x, channel), or one picture (y, x, channel), uint8, of the model's size.
    cues : what to look for, by name.
    iterations : feedback passes, at least 0; a cue "none" has no effect on them, its passes are all
        bottom-up.
    kinds : maps to keep, of ``MAPS``; fewer take less time.

    Returns
    -------
    Record in memory: logits (iteration, prior, stimulus, class) and the maps of ``MAPS``: prior_weights and
    rollout and class_activation (iteration, prior, stimulus, token_y, token_x), the norms with a dimension
    layer, class_attention with layer and head. Maps that the observer does not have are left out.

    Raises
    ------
    ValueError : as ``absvit.perceive``; an unknown class; a cue for a model without feedback.

    Examples
    --------
    >>> from experiments.live.look import Cue
    >>> pictures = stimuli.draw("halves", n=1)["image"].values
    >>> looked = experiments.look(model, pictures, {"ring": Cue("class", "ring")})
    >>> looked["prior"].values
    array(['ring'], dtype=object)
    """
    pictures = np.asarray(pictures)
    pictures = pictures[None] if pictures.ndim == 3 else pictures
    observer, given, steps = observer_of(model), None, 0
    cues = {name: cue.known_to(observer) for name, cue in cues.items()}
    if observer.kinds:
        given, steps = [cue.prior(observer) for cue in cues.values()], iterations
    elif any(cue.kind != "none" for cue in cues.values()):
        raise ValueError(
            f"{observer.name} takes no priors, having no feedback path: choose the cue none, an AbSViT or a mechanism"
        )
    wanted = {REQUESTS[kind] for kind in kinds} - {""}
    seen = observer.seen(observer.images(pictures), given, steps, sorted(wanted))
    values = _values(seen, len(cues), observer, kinds)
    for place, cue in enumerate(cues.values()):
        if cue.kind == "none":  # nothing is fed back: every pass is the first one
            for name, (_, array) in values.items():
                array[1:, place] = np.nan if name in ("prior_weights", "feedback_norm") else array[:1, place]
    n, height, width, channels = pictures.shape
    record = assembled(
        [{name: array for name, (_, array) in values.items()}],
        [observer],
        {name: dims for name, (dims, _) in values.items()},
        condition_coordinates([cue.condition(name, (height, width)) for name, cue in cues.items()]) | {
            "iteration": np.arange(len(seen.logits)),
            "stimulus": np.arange(n),
            "class": np.array(observer.categories, object),
            "y": np.arange(height) + 0.5,
            "x": np.arange(width) + 0.5,
            "channel": np.arange(channels),
            **token_centres(observer.locations, (height, width)),
        },
        {"image": (("stimulus", "y", "x", "channel"), pictures)},
    )  # fmt: skip
    about = {"cues": {name: asdict(cue) for name, cue in cues.items()}, "iterations": steps}
    return of_observers(record, "looking", {observer.name: observer}, about, cues)


def of_observers(
    record: xr.Dataset,
    title: str,
    observers: Mapping[str, Observer],
    parameters: Mapping,
    cues: Mapping[str, Cue] | None = None,
) -> xr.Dataset:
    """Say of a record in memory who looked, by name, with which weights, where, how, and in which categories.

    What sentences among the cues were taken for is said as well.
    """
    told = meanings([*observers.values()], [cue.sentence for cue in (cues or {}).values()])
    files, digests = zip(*(observer.weights() for observer in observers.values()), strict=True)
    read_outs = {name: of.facts["read_out"] for name, of in observers.items() if "read_out" in of.facts}
    return described(record).assign_attrs(
        title=title,
        model=", ".join(observers),
        checkpoint=", ".join(files),
        checkpoint_sha256=", ".join(digests),
        device=next(iter(observers.values())).device,
        parameters=json.dumps(parameters),
        **({"read_out": json.dumps(read_outs)} if read_outs else {}),
        **told,
    )


def stamped(record: xr.Dataset) -> xr.Dataset:
    """Add to a record in memory what one on disk tells of its origin: versions, commit, command, time."""
    about = provenance(record.attrs["title"], 0, json.loads(record.attrs["parameters"]), record.attrs["device"])
    return record.assign_attrs(about | record.attrs)


def _values(
    seen: Trajectory, n_cues: int, observer: Observer, kinds: Sequence[str]
) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Logits and maps with their dims; NaN where a map does not exist bottom-up."""
    outer, depth = ("iteration", "prior", "stimulus"), observer.layers

    def of_layers(of) -> Tensor:
        return torch.stack([of(seen, layer) for layer in range(depth)], dim=3)

    def later(values: Callable[[], Tensor], *middle: int) -> Tensor:
        """Maps that exist from the first feedback on."""
        none = seen.logits.new_full((1, *seen.logits.shape[1:3], *middle, *seen.grid), torch.nan)
        return torch.cat([none, values()]) if len(seen.logits) > 1 else none

    def to_patches() -> Tensor:
        return seen.attention[..., 0, seen.num_prefix_tokens :].unflatten(-1, seen.grid)

    made = {
        "token_norm": ((*outer, "layer", *PLACES), lambda: of_layers(maps.token_norm_map)),
        "value_norm": ((*outer, "layer", *PLACES), lambda: of_layers(maps.value_norm_map)),
        "class_attention": ((*outer, "layer", "head", *PLACES), to_patches),
        "rollout": ((*outer, *PLACES), lambda: maps.attention_rollout(seen)),
        "class_activation": ((*outer, *PLACES), lambda: maps.class_activation_map(seen)),
        "prior_weights": ((*outer, *PLACES), lambda: later(lambda: maps.prior_weight_map(seen))),
        "feedback_norm": ((*outer, "layer", *PLACES), lambda: later(lambda: of_layers(maps.feedback_norm_map), depth)),
    }
    needed = {kind: {REQUESTS[kind]} - {""} for kind in made}
    needed |= {"class_attention": {"attention", "class_attention"}, "rollout": {"attention", "class_attention"}}
    without = [kind for kind in made if not (observer.grid and needed[kind] <= set(observer.records))]
    found = {"logits": ((*outer, "class"), seen.logits)}
    found |= {kind: (made[kind][0], made[kind][1]()) for kind in made if kind in kinds and kind not in without}
    return {
        name: (dims, value.float().expand(-1, n_cues, *value.shape[2:]).cpu().numpy().copy())
        for name, (dims, value) in found.items()
    }
