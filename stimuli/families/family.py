"""The contract of a stimulus family: one object that says all that the programs need of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import xarray as xr

    from stimuli.sets.frames import Frame

__all__ = ["Family", "changed"]

P = TypeVar("P")


@dataclass(frozen=True)
class Family(Generic[P]):
    """A stimulus family.

    Parameters
    ----------
    name : word that calls it.
    shows : what its stimuli show, in a line.
    parameters : frozen dataclass of what can be varied; its fields are the options of the command.
    draw : function of (parameters, n, seed, first) that gives stimuli first .. first + n - 1 of the set as
        a stimulus set, the same whatever is drawn beside them; a module's function, so that other processes
        can take it over.
    for_models : parameters with which probes draw it, the defaults if left out. A micro model sees 14 x 14
        tokens and was trained on objects of 0.14 to 0.28 of the image height: items are as large as the
        displays hold.
    needs : parameters that have to be given, such as a folder of pictures.
    course : function of (parameters, stimuli, number) that gives what is shown one after the other when the
        stimulus at a place of a set is presented, made from the set alone; None shows the image. How it is
        asked for stands in :func:`stimuli.sets.frames.frames_of`.
    formerly : names under which sets that exist tell of it.

    Examples
    --------
    >>> halves = stimuli.FAMILIES["halves"]
    >>> halves.shows
    'two objects, or photographs, side by side'
    >>> halves.parameters().pictures.folder is None  # drawn, not photographed
    True
    """

    name: str
    shows: str
    parameters: type[P]
    draw: Callable[[P, int, int, int], xr.Dataset]
    for_models: P | None = None
    needs: tuple[str, ...] = ()
    course: Callable[[P, xr.Dataset, int], tuple[Frame, ...]] | None = None
    formerly: tuple[str, ...] = ()

    def sized(self, size: tuple[int, int], **changes) -> P:
        """Give the parameters for a model of an input size in pixels: ``for_models`` with changes."""
        chosen = self.parameters() if self.for_models is None else self.for_models
        return changed(chosen, size=size, **changes)


def changed(parameters: P, **changes) -> P:
    """Change some fields of parameters; those of a dataclass in them go by their own names, as in commands.

    A ValueError tells of a field that there is not, or of a value that is refused.
    """
    own = {field.name: getattr(parameters, field.name) for field in fields(parameters)}
    values = {name: changes.pop(name) for name in [*changes] if name in own}
    for name, value in own.items():
        if name not in values and is_dataclass(value):
            inner = {field.name: changes.pop(field.name) for field in fields(value) if field.name in changes}
            values |= {name: replace(value, **inner)} if inner else {}
    if changes:
        raise ValueError(f"{type(parameters).__name__} has no {', '.join(changes)}; expected of {', '.join(own)}")
    return replace(parameters, **values)
