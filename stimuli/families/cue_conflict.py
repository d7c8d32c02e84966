"""Cue conflict: pictures with the shape of one category and the texture of another (Geirhos et al. 2019, ICLR).

The pictures are made by style transfer and given as files whose names say both; these are shown, balanced over
shapes and textures. Those of the study are CC BY 4.0, 1,280 of sixteen categories, five of each pair.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stimuli.drawing.backgrounds import read_picture
from stimuli.families.displays import check_size
from stimuli.families.family import Family
from stimuli.families.timed.presentation import presented
from stimuli.foundation import picture_files
from stimuli.foundation.design import accompanied, crossed, generator
from stimuli.foundation.options import FileOrAddress
from stimuli.pictures import photographs
from stimuli.sets.format import stimulus_set

__all__ = ["CUE_CONFLICT", "CueConflict", "draw", "listed"]

STREAM = 50
LAYOUT = "FOLDER/SHAPE/SHAPEk-TEXTUREm (.jpg, .png ...), such as cat/cat7-bird2.png"
NAME = re.compile(r"([^\d-]+)\d*-([^\d-]+)\d*")


@dataclass(frozen=True)
class CueConflict:
    """Pictures in which shape and texture tell of different categories.

    Parameters
    ----------
    folder
        Pictures named by shape and texture: FOLDER/SHAPE/SHAPEk-TEXTUREm, such as cat/cat7-bird2.png.
    size
        Height and width in pixels that the pictures are brought to, at least 64.
    categories
        Categories whose shapes and textures are shown; all, if left out.
    agreeing
        Show those of one category in shape and texture, too. They are marked, and no conflict.
    """

    folder: FileOrAddress = ""
    size: tuple[int, int] = (224, 224)
    categories: tuple[str, ...] = ()
    agreeing: bool = False

    def __post_init__(self) -> None:
        check_size(self.size)
        if len(set(self.categories)) < len(self.categories) or len(self.categories) == 1:
            raise ValueError(f"categories must hold two names or more, each once, got {self.categories}")


@stimulus_set("cue_conflict")
def draw(parameters: CueConflict, indices: np.ndarray, seed: int) -> dict:
    """Show each picture once at most; object 0 is of the shape's category, object 1 of the texture's.

    ``picture`` (stimulus,) names the file, ``conflict`` says whether the two differ. In each run of as many
    stimuli as there are categories every shape and every texture comes once, and every pair once before
    any comes again, as long as the folder holds pictures of them. Both objects' masks are the whole
    image, since both are everywhere.

    Raises
    ------
    FileNotFoundError : there is no such folder.
    ValueError : a file is not named by shape and texture, a category has no pictures, or more stimuli are
        asked for than there are pictures.
    """
    files = listed(parameters.folder, parameters.categories, parameters.agreeing)
    names = tuple(sorted(parameters.categories or {name for pair in files for name in pair}))
    chosen = _chosen(files, names, parameters.agreeing, seed, int(indices[0]), len(indices))
    classes = np.array([[names.index(name) for name in pair] for pair, _ in chosen], np.int16)
    pictures = np.array([f"{path.parent.name}/{path.name}" for _, path in chosen], object)
    return dict(
        arrays={
            "image": np.stack([photographs.fitted(read_picture(path), parameters.size) for _, path in chosen]),
            "object_class": classes,
            "object_mask": np.ones((len(chosen), 2, *parameters.size), bool),
        },
        categories=names,
        design={
            "picture": (pictures, "file that is shown", "1"),
            "conflict": (classes[:, 0] != classes[:, 1], "shape and texture are of different categories", "1"),
        },
        licence="that of the pictures",
        source=f"pictures in {parameters.folder}",
        factors={"shape": len(names), "texture": len(names) - (not parameters.agreeing)},
    )


def listed(
    folder: str | Path, categories: tuple[str, ...] = (), agreeing: bool = True
) -> dict[tuple[str, str], list[Path]]:
    """List pictures by the categories of their shape and their texture.

    Parameters
    ----------
    folder : of pictures in folders, all named as ``LAYOUT`` has it.
    categories : of which both have to be; any, if left out.
    agreeing : list pictures of one category, too.

    Raises
    ------
    FileNotFoundError : there is no such folder.
    ValueError : a file is named otherwise, or no pictures are left.
    """
    if not str(folder) or not Path(folder).is_dir():
        raise FileNotFoundError(f"no folder of cue-conflict pictures at {str(folder)!r}: give --folder, {LAYOUT}")
    found: dict[tuple[str, str], list[Path]] = {}
    for shape, paths in picture_files.by_class(Path(folder)).items():
        for path in paths:
            named = NAME.fullmatch(picture_files.normal(path.stem))
            if not named or named[1] != shape:
                raise ValueError(f"{path} is not named by its shape, {shape}, and a texture; expected {LAYOUT}")
            found.setdefault(named.groups(), []).append(path)
    known = {name for pair in found for name in pair}
    if unknown := [name for name in categories if name not in known]:
        raise ValueError(f"{folder} has no pictures of {unknown[0]}; its categories are {', '.join(sorted(known))}")
    kept = {pair: of for pair, of in found.items() if set(pair) <= set(categories or known)}
    kept = {pair: of for pair, of in kept.items() if agreeing or pair[0] != pair[1]}
    if not kept:
        raise ValueError(f"{folder} holds no pictures whose shape and texture differ: there is no conflict to show")
    return kept


def _chosen(
    files: Mapping[tuple[str, str], list[Path]], names: tuple[str, ...], agreeing: bool, seed: int, first: int, n: int
) -> list[tuple[tuple[str, str], Path]]:
    """Pair and file of n stimuli: one of each pair in random order, then a second one of each, as far as they go."""
    sizes = np.array([len(of) for of in files.values()])
    if first + n > sizes.sum():
        raise ValueError(f"there are {sizes.sum()} such pictures, too few for stimuli {first} to {first + n - 1}")
    ends = np.cumsum((sizes[:, None] > np.arange(sizes.max())).sum(0))  # of the rounds
    rounds = range(int(np.searchsorted(ends, first, "right")), int(np.searchsorted(ends, first + n - 1, "right")) + 1)
    shown = [each for number in rounds for each in _round(files, names, agreeing, seed, number)]
    skipped = first - (int(ends[rounds[0] - 1]) if rounds[0] else 0)
    return shown[skipped : skipped + n]


def _round(
    files: Mapping[tuple[str, str], list[Path]], names: tuple[str, ...], agreeing: bool, seed: int, number: int
) -> list[tuple[tuple[str, str], Path]]:
    """Pictures of a round over all pairs of categories: of each pair another one than in the rounds before."""
    count = len(names)
    turns = np.arange(size := count * (count - (not agreeing))) + number * size
    pairs = (
        crossed(turns, (count, count), seed, STREAM) if agreeing else accompanied(turns, (), count, 1, seed, STREAM)[1]
    )
    found = []
    for shape, texture in pairs.tolist():
        of_pair = files.get(pair := (names[shape], names[texture]), ())
        if number < len(of_pair):
            order = generator(seed, STREAM, shape * count + texture).permutation(len(of_pair))
            found.append((pair, of_pair[order[number]]))
    return found


CUE_CONFLICT = Family(
    "cue_conflict", "pictures with the shape of one category and the texture of another", CueConflict, draw,
    needs=("folder",), course=presented,
)  # fmt: skip
