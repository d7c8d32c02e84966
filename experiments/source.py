"""Sources: the stimuli that a probe shows, drawn, from a stimulus set, or made of photographs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr

from absvit.images import class_folder, read_photograph
from absvit.models.class_names import called, known_as
from experiments.classes import known_of_folder, known_of_set
from experiments.command_options import StimulusOptions
from experiments.observers import Observer
from experiments.probe import Probe, Stimuli
from stimuli.families import FAMILIES, Family, cue_conflict, halves, overlay, single_photographs
from stimuli.families.photographed import mosaic
from stimuli.foundation.files import fingerprint
from stimuli.pictures.photographs import Pictures
from stimuli.sets.reading import fingerprint_of, read_parts
from stimuli.sets.resizing import set_resized

__all__ = ["shown"]


def shown(
    probe: Probe,
    parameters: object,
    source: StimulusOptions,
    observer: Observer,
    family: Family | str = "",
    changes: Mapping | None = None,
) -> Stimuli:
    """Give the stimuli that a probe shows, at the size that an observer takes.

    Parameters
    ----------
    probe : says which family is drawn, if nothing is given.
    parameters : of the probe.
    source : where the stimuli come from, and how many of them; trials of several pictures count once.
    observer : gives the size in pixels; of a set or a class folder, only what it knows is shown, if it knows
        some.
    family : drawn instead of the probe's, by name or as an object.
    changes : fields of the family's parameters.

    Raises
    ------
    FileNotFoundError, ValueError : files that are missing, unreadable or of another size; a source that the
        probe cannot show.
    """
    own = FAMILIES.of(probe.displays(parameters))
    drawn = FAMILIES.of(family) if family else own
    size = tuple(observer.size)
    given = next((name for name in ("folder", "photographs") if getattr(source, name) is not None), None)
    of_folder = given == "folder" and (drawn.name, given) not in OF_PICTURES
    if drawn != own and (source.stimuli or of_folder):
        raise ValueError(f"the family {family} is drawn here: leave out --stimuli and --folder, or leave out --family")
    if given or source.squeeze:
        if source.squeeze and drawn.name == "objects":
            raise ValueError("single photographs are never squeezed, their middle is shown: leave out --squeeze")
        if (drawn.name, given) not in OF_PICTURES:
            raise ValueError(_unfit(probe, drawn.name, given))
        return OF_PICTURES[drawn.name, given](source, observer, size)
    if source.stimuli is not None and source.family is None:
        of_pictures = drawn.name in {name for name, _ in OF_PICTURES}
        part, n, pictures = _of_set(source, size, observer if of_pictures else None)
    else:
        drawn = FAMILIES[source.family] if source.family else drawn
        varied = {field.name for field in fields(drawn.parameters)} if drawn == own else set()
        chosen = {name: value for name, value in (changes or {}).items() if name in varied}
        part, n, pictures = _drawing(drawn, source.seed, size, **chosen), None, None
    wanted = source.n * probe.pictures(part(0, 1), parameters)
    n = wanted if n is None else min(n, wanted)
    return Stimuli(part, n, pictures and partial(pictures, n))


def _drawing(family: Family, seed: int, size: tuple[int, int], **changes) -> Callable[[int, int], xr.Dataset]:
    """Function of (first, n) that draws stimuli of a family."""
    parameters = family.sized(size, **changes)
    return lambda first, n: family.draw(parameters, n, seed, first)


def _unfit(probe: Probe, family: str, given: str) -> str:
    """Say why photographs cannot be shown."""
    if family == "objects":
        return "two photographs make no single objects: leave out --photographs, or give a --folder"
    if family == "morph":
        return "a morph joins embedded objects: leave out --folder and --photographs"
    if family in probe.families:
        return f"no photographs make the family {family}: leave out --{given}"
    return (
        f"{probe.name} shows its own displays or a stimulus set: leave out --folder and --photographs, or make a set "
        "of photographed objects (python -m stimuli natural)"
    )


def _pairs_of_folder(
    family: Family, compose: Callable, source: StimulusOptions, observer: Observer, size: tuple[int, int]
) -> Stimuli:
    made_from = family.sized(size, pictures=Pictures(source.folder, squeeze=source.squeeze))
    files, names = known_of_folder(source.folder, observer, 2)
    draw = partial(compose, files, read_photograph, names, made_from)
    return Stimuli(lambda first, n: draw(n, source.seed, first), source.n, _of_folder(source.folder))


def _of_two(
    family: Family, compose: Callable, source: StimulusOptions, observer: Observer, size: tuple[int, int]
) -> Stimuli:
    pictures, names = _pair(source, observer)
    made_from = Pictures(photographs=source.photographs, classes=names, squeeze=source.squeeze)
    made = compose(*pictures, names, family.sized(size, pictures=made_from))
    return replace(Stimuli.of(made), pictures=_of_pair(source))


def _singles_of_folder(source: StimulusOptions, observer: Observer, size: tuple[int, int]) -> Stimuli:
    files, names = known_of_folder(source.folder, observer)
    made_from = single_photographs.WholePhotographs(size, source.folder.name)
    draw = partial(single_photographs.from_class_folder, files, read_photograph, names, made_from)
    n = min(source.n, sum(map(len, files)))
    return Stimuli(lambda first, n: draw(n, source.seed, first), n, _of_folder(source.folder))


def _conflict_of_folder(source: StimulusOptions, observer: Observer, size: tuple[int, int]) -> Stimuli:
    n = sum(map(len, cue_conflict.listed(source.folder, agreeing=False).values()))
    part = _drawing(cue_conflict.CUE_CONFLICT, source.seed, size, folder=str(source.folder))
    names = called(part(0, 1).attrs["categories"], observer)
    return Stimuli(
        lambda first, n: part(first, n).assign_attrs(categories=names), min(source.n, n), _of_folder(source.folder)
    )


OF_PICTURES = {
    ("halves", "folder"): partial(_pairs_of_folder, halves.HALVES, halves.from_class_folder),
    ("halves", "photographs"): partial(_of_two, halves.HALVES, halves.from_photographs),
    ("overlay", "folder"): partial(_pairs_of_folder, overlay.OVERLAY, overlay.from_class_folder),
    ("overlay", "photographs"): partial(_of_two, overlay.OVERLAY, overlay.from_photographs),
    ("mosaic", "folder"): partial(_pairs_of_folder, mosaic.MOSAIC, mosaic.from_class_folder),
    ("mosaic", "photographs"): partial(_of_two, mosaic.MOSAIC, mosaic.from_photographs),
    ("objects", "folder"): _singles_of_folder,
    ("cue_conflict", "folder"): _conflict_of_folder,
}


def _of_folder(folder: Path) -> Callable[[], str]:
    """Digest of the photographs of a class folder, all of which the choice depends on."""
    return lambda: fingerprint((path for path, _ in class_folder(folder)[0]), folder)


def _of_pair(source: StimulusOptions) -> Callable[[], str]:
    """Digest of two photographs, wherever they lie."""
    return lambda: " ".join(fingerprint([path], path.parent) for path in source.photographs)


def _pair(source: StimulusOptions, observer: Observer) -> tuple[list[np.ndarray], tuple[str, str]]:
    """Two photographs and the names of what they show."""
    if source.classes is None:
        names = called([path.stem for path in source.photographs], observer)
    else:
        names = [known_as(name, observer) for name in source.classes]
        if names[0] == names[1]:
            raise ValueError(f"--classes names two different classes, got {names[0]!r} twice")
    return [np.asarray(read_photograph(path)) for path in source.photographs], tuple(names)


def _of_set(
    source: StimulusOptions, size: tuple[int, int], observer: Observer | None
) -> tuple[Callable, int, Callable]:
    """Stimuli of a set, how many there are, and the digest of the first n of them."""
    part, n = read_parts(source.stimuli) if observer is None else known_of_set(source.stimuli, observer)
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
    return part, n, lambda shown: fingerprint_of(source.stimuli, None if left_out else shown)
