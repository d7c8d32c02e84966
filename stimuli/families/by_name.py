"""Stimuli of a family that is named, or given as an object: drawn, made into a set, and made again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import xarray as xr

from stimuli.families import FAMILIES
from stimuli.families.family import Family, changed
from stimuli.sets import job
from stimuli.sets import remake as recipes
from stimuli.sets.frames import Frame, frames_of

__all__ = ["draw", "frames", "make", "remake"]


def draw(family: str | Family, n: int = 24, seed: int = 0, first: int = 0, **parameters) -> xr.Dataset:
    """Draw stimuli of a family.

    Parameters
    ----------
    family : its name, or the family itself.
    n : number of stimuli, at least 1.
    seed : of the set, 0 to 2**32 - 1.
    first : number of the first stimulus.
    parameters : what is not as usual, by the names that ``python -m stimuli FAMILY --help`` tells, such as
        ``size``.

    Returns
    -------
    Stimulus set: pictures, what they show, and in the attributes how they were made.

    Raises
    ------
    ValueError : there is no such family or parameter, or a value is refused.

    Examples
    --------
    >>> import stimuli
    >>> dict(stimuli.draw("halves", n=8, seed=0)["image"].sizes)
    {'stimulus': 8, 'y': 112, 'x': 112, 'channel': 3}
    """
    family = FAMILIES.of(family)
    return family.draw(changed(family.parameters(), **parameters), n, seed, first)


def frames(stimuli: xr.Dataset, number: int, durations: Mapping[str, float | None] | None = None) -> tuple[Frame, ...]:
    """Give what is shown one after the other when a stimulus of a set is presented.

    The family is the one that the set tells; errors are those of :func:`stimuli.sets.frames.frames_of`.

    Parameters
    ----------
    stimuli : a stimulus set.
    number : place of the stimulus in it, 0 for the first.
    durations : of all frames of a name in s, where they differ from the course's.

    Examples
    --------
    >>> import stimuli
    >>> cued = stimuli.draw("cueing", n=4, cue_stays=False, soas=(0.3,))
    >>> [(frame.name, frame.duration) for frame in stimuli.frames(cued, 0)]
    [('fixation', 0.5), ('cue', 0.1), ('interval', 0.2), ('target', None)]
    """
    return frames_of(FAMILIES[stimuli.attrs["family"]], stimuli, number, durations)


def make(family: str | Family, out: Path, n: int = 24, seed: int = 0, parameters=None, **request) -> Path:
    """Make a stimulus set of a family: a folder of pictures and tables, whose path is given back.

    Parameters
    ----------
    family : its name, or the family itself.
    out : folder to write.
    n : number of stimuli, at least 1.
    seed : of the set, 0 to 2**32 - 1.
    parameters : the family's dataclass; the defaults, if left out.
    request : further fields of :class:`stimuli.sets.job.Request`, such as ``jobs``.

    Raises
    ------
    ValueError : there is no such family; or as :func:`stimuli.sets.job.make`.

    Examples
    --------
    >>> folder = stimuli.make("objects", "objects", n=2)
    >>> stimuli.read(folder).sizes["stimulus"]
    2
    """
    family = FAMILIES.of(family)
    chosen = family.parameters() if parameters is None else parameters
    return job.make(partial(family.draw, chosen), job.Request(Path(out), n, seed, **request))


def remake(recipe: Path, out: Path, jobs: int = 1, overwrite: bool = False, resume: bool = False) -> str:
    """Make a stimulus set again from its recipe; say in one line that the bytes are the same.

    Raises
    ------
    ValueError : they are not, the recipe's family is not known here, or as :func:`stimuli.sets.job.make`.
    """
    told = recipes.load(recipe)
    if told["family"] not in FAMILIES:
        raise ValueError(f"{recipe} is of the family {told['family']!r}; this program makes {', '.join(FAMILIES)}")
    family = FAMILIES[told["family"]]
    request = recipes.request_of(told, out, jobs, overwrite, resume)
    job.make(partial(family.draw, recipes.instance(family.parameters, told["parameters"])), request)
    return recipes.compare(told, out)
