"""Sources: the stimuli that a command asks for, embedded, from a stimulus set, or made of photographs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from torch import nn

from absvit.images import class_folder, read_photograph
from experiments.families import FAMILIES, drawn
from experiments.known_classes import known_of_folder, known_of_set
from experiments.naming import called, known_as
from experiments.probe import Stimuli
from stimuli.families import halves as bistable
from stimuli.families import objects, overlay, single_photographs
from stimuli.foundation.files import fingerprint
from stimuli.pictures.photographs import Pictures
from stimuli.sets import format
from stimuli.sets.reading import fingerprint_of, read_parts
from stimuli.sets.resizing import set_resized

__all__ = ["Source", "halves", "morphs", "set_of", "single_objects", "two_readings"]


@dataclass(frozen=True)
class Source:
    """Where the stimuli come from; the embedded objects, if nothing is given.

    Parameters
    ----------
    n
        Number of stimuli; two photographs give two, a stimulus set at most all of its own. Single photographs of a
        class folder are shown once each.
    seed
        Seed of the stimuli, 0 to 2**32 - 1; models are trained on others.
    stimuli
        Folder that ``python -m stimuli`` wrote; or a family that is drawn here: objects, scenes, halves, overlay,
        morph, ambiguous, cueing, search, navon, contours or crowding.
    folder
        Class folder of photographs, one folder a class.
    photographs
        Two photographs.
    classes
        Names of what the two photographs show, as the model calls them, or parts of such a name.
    squeeze
        Squeeze photographs to the shape of a half or of the picture, as in the paper's figure, instead of cutting
        their middle out.
    resize
        Resize the pictures of a stimulus set to the size that the model takes.
    """

    n: int = 200
    seed: int = 0
    stimuli: Path | None = None
    folder: Path | None = None
    photographs: tuple[Path, Path] | None = None
    classes: tuple[str, str] | None = None
    squeeze: bool = False
    resize: bool = False

    def __post_init__(self) -> None:
        given = [name for name in ("stimuli", "folder", "photographs") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"give one of --stimuli, --folder and --photographs, got {' and '.join(given)}")
        if self.classes is not None and self.photographs is None:
            raise ValueError("--classes names what two photographs show: give --photographs with it")
        if self.squeeze and self.folder is None and self.photographs is None:
            raise ValueError("--squeeze is about photographs: give --folder or --photographs with it")
        if self.resize and self.stimuli is None:
            raise ValueError("--resize is about the pictures of a stimulus set: give --stimuli with it")
        format.check_request(self.n, self.seed)

    @property
    def family(self) -> str | None:
        """The family to draw, where ``stimuli`` names one and no folder."""
        name = str(self.stimuli)
        return name if name in FAMILIES and not self.stimuli.exists() else None


def halves(source: Source, model: nn.Module) -> Stimuli:
    """Give bistable stimuli of the size that a model takes.

    Parameters
    ----------
    source : where they come from.
    model : gives the size in pixels.

    Raises
    ------
    FileNotFoundError, ValueError : files that are missing, unreadable, or of another size.
    """
    size = tuple(model.patch_embed.img_size)
    if source.stimuli is not None:
        return set_of(source, size, model)
    if source.photographs is not None:
        pictures, names = _pair(source, model)
        made_from = Pictures(photographs=source.photographs, classes=names, squeeze=source.squeeze)
        made = bistable.from_photographs(*pictures, names, bistable.HALVES.sized(size, pictures=made_from))
        return replace(Stimuli.of(made), pictures=_of_pair(source))
    if source.folder is not None:
        made_from = bistable.HALVES.sized(size, pictures=Pictures(source.folder, squeeze=source.squeeze))
        draw = partial(bistable.from_class_folder, *_by_class(source.folder, model, 2), made_from)
        return Stimuli(lambda first, n: draw(n, source.seed, first), source.n, _of_folder(source.folder))
    return drawn("halves", source.n, source.seed, size)


def two_readings(family: str, source: Source, model: nn.Module) -> Stimuli:
    """Give stimuli of two readings of the size that a model takes.

    Parameters
    ----------
    family : "halves"; "overlay", two objects, or photographs, at one place, at every mix; or "ambiguous", reversible
        figures.
    source : where they come from.
    model : gives the size in pixels.

    Raises
    ------
    FileNotFoundError, ValueError : as ``halves``, or a source that the family cannot be made of.
    """
    size = tuple(model.patch_embed.img_size)
    if family == "halves":
        return halves(source, model)
    if source.stimuli is not None or source.folder is not None:
        raise ValueError(f"the family {family} is drawn here: leave out --stimuli and --folder, or leave out --family")
    if source.photographs is not None:
        if family != "overlay":
            raise ValueError(f"no photographs make the family {family}: leave out --photographs")
        pictures, names = _pair(source, model)
        made_from = Pictures(photographs=source.photographs, classes=names, squeeze=source.squeeze)
        graded = overlay.Overlay(replace(overlay.Overlay().scene, size=size), pictures=made_from)
        return replace(Stimuli.of(overlay.from_photographs(*pictures, names, graded)), pictures=_of_pair(source))
    return drawn(family, source.n, source.seed, size)


def morphs(source: Source, model: nn.Module, steps: int) -> Stimuli:
    """Give pairs of morph sequences, up and down, of the size that a model takes.

    Parameters
    ----------
    source : number of sequences, even, and seed, or a stimulus set of whole sequences.
    model : gives the size in pixels.
    steps : pictures of a sequence that is drawn.

    Raises
    ------
    FileNotFoundError, ValueError : photographs or an odd number of sequences are asked for, or a stimulus set is
        missing or of another size.
    """
    size = tuple(model.patch_embed.img_size)
    if source.folder is not None or source.photographs is not None:
        raise ValueError("a morph joins embedded objects: leave out --folder and --photographs")
    if source.n % 2:
        raise ValueError(f"sequences go up and down: expected an even --n, got {source.n}")
    if source.stimuli is not None and source.family != "morph":
        made = json.loads(set_of(source, size).part(0, 1).attrs["parameters"])
        return set_of(replace(source, n=source.n * made.get("steps", 1)), size)
    return drawn("morph", source.n * steps, source.seed, size, steps=steps)


def single_objects(source: Source, model: nn.Module, look: objects.Objects) -> Stimuli:
    """Give stimuli of one embedded object, or of one photograph, of the size that a model takes.

    Parameters
    ----------
    source : number and seed, a stimulus set, or a class folder of photographs.
    model : gives the size in pixels.
    look : what is drawn; its size is replaced by the model's.

    Raises
    ------
    FileNotFoundError, ValueError : two photographs are asked for, or files are missing, unreadable or of another size.
    """
    size = tuple(model.patch_embed.img_size)
    if source.photographs is not None:
        raise ValueError("two photographs make no single objects: leave out --photographs, or give a --folder")
    if source.squeeze:
        raise ValueError("single photographs are never squeezed, their middle is shown: leave out --squeeze")
    if source.folder is not None:
        files, *others = _by_class(source.folder, model)
        made_from = single_photographs.WholePhotographs(size, source.folder.name)
        shown = partial(single_photographs.from_class_folder, files, *others, made_from)
        n = min(source.n, sum(map(len, files)))
        return Stimuli(lambda first, n: shown(n, source.seed, first), n, _of_folder(source.folder))
    if source.stimuli is not None and source.family != "objects":
        return set_of(source, size, model)
    draw = partial(objects.draw, replace(look, size=size))
    return Stimuli(lambda first, n: draw(n, source.seed, first), source.n)


def _by_class(folder: Path, model: nn.Module, least: int = 1) -> tuple[list[list[Path]], Callable, list[str]]:
    """Photographs of each class of a folder, how to read them, and the names of the classes."""
    files, names = known_of_folder(folder, model, least)
    return files, read_photograph, names


def _of_folder(folder: Path) -> Callable[[], str]:
    """Digest of the photographs of a class folder, all of which the choice depends on."""
    return lambda: fingerprint((path for path, _ in class_folder(folder)[0]), folder)


def _of_pair(source: Source) -> Callable[[], str]:
    """Digest of two photographs, wherever they lie."""
    return lambda: " ".join(fingerprint([path], path.parent) for path in source.photographs)


def _pair(source: Source, model: nn.Module) -> tuple[list[np.ndarray], tuple[str, str]]:
    """Two photographs and the names of what they show."""
    if source.classes is None:
        names = called([path.stem for path in source.photographs], model)
    else:
        names = [known_as(name, model) for name in source.classes]
        if names[0] == names[1]:
            raise ValueError(f"--classes names two different classes, got {names[0]!r} twice")
    return [np.asarray(read_photograph(path)) for path in source.photographs], tuple(names)


def set_of(source: Source, size: tuple[int, int], model: nn.Module | None = None) -> Stimuli:
    """Give the first stimuli of a stimulus set, or of a family.

    Parameters
    ----------
    source : folder of the set, or name of the family, and number of stimuli.
    size : height and width in pixels that the model takes.
    model : shows only what it knows, where it knows some of the classes; all is shown, if left out.

    Raises
    ------
    FileNotFoundError, ValueError : the set is missing, unreadable or of another size.
    """
    if source.family is not None:
        return drawn(source.family, source.n, source.seed, size)
    part, n = read_parts(source.stimuli) if model is None else known_of_set(source.stimuli, model)
    example = part(0, 1)
    found = (example.sizes["y"], example.sizes["x"])
    if found != size and not source.resize:
        raise ValueError(
            f"the stimuli in {source.stimuli} have (y, x) = {found} pixels, the model takes {size}: resize them with "
            f"--resize, or make the set with --size {size[0]} {size[1]}"
        )
    if found != size:
        whole_size, part = part, lambda first, n: set_resized(whole_size(first, n), size)
        part(0, 1)
    left_out = "number_in_set" in example  # then the first of the set are not those that are shown
    shown = min(n, source.n)
    return Stimuli(part, shown, partial(fingerprint_of, source.stimuli, None if left_out else shown))
