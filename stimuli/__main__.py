"""``python -m stimuli FAMILY [parameters] --n --seed --out FOLDER``: make a stimulus set."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import tyro

from stimuli import bistable, objects, stimulus_set


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


def make_objects(request: tyro.conf.OmitArgPrefixes[Request], parameters: tyro.conf.OmitArgPrefixes[objects.Objects]):
    """Scenes of one or more objects on 1/f noise.

    Parameters
    ----------
    request : how many, and where to.
    parameters : what to draw.
    """
    return request, partial(objects.draw, parameters, request.n, request.seed)


def make_bistable(request: tyro.conf.OmitArgPrefixes[Request], parameters: tyro.conf.OmitArgPrefixes[bistable.Halves]):
    """Half/half images of two objects.

    Parameters
    ----------
    request : how many, and where to.
    parameters : what to draw.
    """
    return request, partial(bistable.draw, parameters, request.n, request.seed)


FAMILIES = {"objects": make_objects, "bistable": make_bistable}


def _parsed(arguments: Sequence[str] | None) -> tuple[Request, Callable]:
    """What is asked for and the function that draws it; words that make no sense raise a ValueError of one line."""
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.extras.subcommand_cli_from_dict(FAMILIES, prog="python -m stimuli", args=arguments)
    except SystemExit as stop:
        if not stop.code:
            raise
        text = re.sub(r"[╭╮╰╯│]|\x1b\[[\d;]*m", " ", complaint.getvalue())  # a box, in colour on some terminals
        _, *sections = [" ".join(section.split()) for section in re.split("[─-]{3,}", text)]  # without its title
        raise ValueError(re.sub(r"^Error parsing __\S+ ", "", "; ".join(filter(None, sections)))) from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : words after the program's name; those of the process if left out.

    Returns
    -------
    Exit code: 0, or 2 after one line on standard error.
    """
    try:
        request, draw = _parsed(arguments)
        stimulus_set.check_folder(request.out)
        stimulus_set.write(draw(), request.out)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{request.n} stimuli in {request.out} (stimuli.csv, stimuli.json)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
