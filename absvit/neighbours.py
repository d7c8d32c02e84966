"""The packages beside this one, and a user's own files of the same name, which Python takes first."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path

__all__ = ["check_not_hidden", "hidden_by"]


def hidden_by(name: str) -> str:
    """Give what Python takes for a package of ours; "" where our own is found, or none at all."""
    found = importlib.util.find_spec(name)
    if found is None:
        return ""
    folders = [Path(folder).resolve() for folder in found.submodule_search_locations or ()]
    ours = Path(__file__).resolve().parents[1] / name
    return "" if ours in folders else found.origin or str(folders[0])


def check_not_hidden(name: str, needed: bool = True) -> None:
    """Refuse to go on where a user's own file hides a package of ours; warn where that is not needed now."""
    if not (file := hidden_by(name)):
        return
    text = f"{file} hides the package {name} that belongs to absvit: rename it, or start Python in another folder"
    if needed:
        raise ImportError(text, name=name, path=file)
    warnings.warn(text, stacklevel=3)
