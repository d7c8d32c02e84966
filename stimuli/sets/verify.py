"""Check a stimulus set against its recipe."""

from __future__ import annotations

from pathlib import Path

from stimuli.foundation.files import file_sha256
from stimuli.foundation.texts import some
from stimuli.sets.reading import RECIPE, read_table, recipe_of

__all__ = ["faults", "verify"]

NAMED = 5


def faults(folder: Path) -> dict[str, list[str]]:
    """Find files that are missing, extra and changed by the recipe; hidden ones are no concern."""
    folder = Path(folder)
    wanted = recipe_of(folder)["sha256"]
    files = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    found = {path.as_posix() for path in files if not path.name.startswith(".")} - {RECIPE}
    changed = [name for name in sorted(found & set(wanted)) if file_sha256(folder / name) != wanted[name]]
    return {"missing": sorted(set(wanted) - found), "extra": sorted(found - set(wanted)), "changed": changed}


def verify(folder: Path) -> str:
    """Check every file, its hash, and the number of stimuli; say in one line what was checked.

    Raises
    ------
    FileNotFoundError : the folder holds no stimulus set.
    ValueError : a file is missing, extra or changed, or the number of stimuli is not the recipe's; they are
        named.
    """
    found = {kind: names for kind, names in faults(folder).items() if names}
    if found:
        text = "; ".join(f"{kind}: {some(names, NAMED)}" for kind, names in found.items())
        raise ValueError(f"{folder} is not what its recipe says. {text}")
    recipe = recipe_of(folder)
    table = read_table(Path(folder), recipe["variables"])
    if len(table) != recipe["n"] or table["image"].nunique() != recipe["n"]:
        raise ValueError(f"{folder} holds {len(table)} stimuli in stimuli.csv, its recipe says {recipe['n']}")
    return f"{folder}: {recipe['n']} stimuli of the family {recipe['family']}, {len(recipe['sha256'])} files as made"
