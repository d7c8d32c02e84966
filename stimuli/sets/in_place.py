"""Where a stimulus set grows, and how it takes the place of another.

A set grows in a hidden folder beside the one asked for and is renamed when it is complete, so that whatever
stands in its place stays until then.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from stimuli.sets.reading import RECIPE, recipe_of

__all__ = ["check_free", "put_in_place", "staged"]


def staged(out: Path) -> Path:
    """Give the hidden folder in which a set grows that is to stand at ``out``."""
    return out.with_name(f".{out.name}.unfinished")


def check_free(out: Path, overwrite: bool = False) -> None:
    """Refuse a place that holds something; only a stimulus set may be replaced, if it is asked for."""
    _recover(out)
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not overwrite:
        raise ValueError(
            f"{out} exists already; expected a new or empty folder. Choose another, or replace a set with --overwrite"
        )
    if not (out / RECIPE).is_file():
        raise ValueError(f"{out} exists already and is no stimulus set, so it is not replaced: choose another folder")
    known = {RECIPE, *recipe_of(out)["sha256"]}
    files = [path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir()]
    if strange := sorted(name for name in files if name not in known and not Path(name).name.startswith(".")):
        raise ValueError(f"{out} holds files that are not the set's ({', '.join(strange[:5])}): move them away first")


def put_in_place(begun: Path, out: Path) -> None:
    """Rename a finished set to its place; one that stands there is removed after that."""
    former = _former(out)
    if out.exists():
        os.replace(out, former)
    os.replace(begun, out)
    shutil.rmtree(former, ignore_errors=True)


def _former(out: Path) -> Path:
    """Where a set that is being replaced lies for a moment."""
    return out.with_name(f".{out.name}.former")


def _recover(out: Path) -> None:
    """Put back a set whose replacement was killed between two renames; remove one that had been replaced."""
    former = _former(out)
    if former.exists() and not out.exists():
        os.replace(former, out)
    elif former.exists():
        shutil.rmtree(former)
