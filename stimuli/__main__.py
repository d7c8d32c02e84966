"""``python -m stimuli FAMILY [parameters] --n --seed --out FOLDER``: make a stimulus set."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import tyro

from stimuli import bistable, command_line, objects, stimulus_set


@dataclass(frozen=True)
class Request:
    """What every family takes.

    Parameters
    ----------
    out : folder to write, new or empty.
    n : number of stimuli.
    seed : seed of the set.
    """

    out: Path
    n: int = 24
    seed: int = 0


def make_objects(
    request: tyro.conf.OmitArgPrefixes[Request], parameters: tyro.conf.OmitArgPrefixes[objects.Objects]
) -> None:
    """Scenes of one or more objects on 1/f noise.

    Parameters
    ----------
    request : how many, and where to.
    parameters : what to draw.
    """
    _make(request, partial(objects.draw, parameters))


def make_bistable(
    request: tyro.conf.OmitArgPrefixes[Request], parameters: tyro.conf.OmitArgPrefixes[bistable.Halves]
) -> None:
    """Half/half images of two objects.

    Parameters
    ----------
    request : how many, and where to.
    parameters : what to draw.
    """
    _make(request, partial(bistable.draw, parameters))


FAMILIES = {"objects": make_objects, "bistable": make_bistable}


def _make(request: Request, draw: Callable) -> None:
    """Draw a stimulus set and write it; a folder that holds something is refused before anything is drawn."""
    stimulus_set.check_folder(request.out)
    stimulus_set.write(draw(request.n, request.seed), request.out)
    print(f"{request.n} stimuli in {request.out} (stimuli.csv, stimuli.json)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : words after the program's name; those of the process if left out.

    Returns
    -------
    Exit code: 0, or 2 after one line on standard error.
    """
    return command_line.run(FAMILIES, "python -m stimuli", arguments)


if __name__ == "__main__":
    sys.exit(main())
