"""Choosing a picture: embedded, photographs of a class folder, a file or an upload; and what a model sees first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ipywidgets as widgets
import numpy as np

from absvit.models.class_names import class_indices
from absvit.networks import Network
from experiments.live import pictures
from notebooks.explorers.explorer import labelled, readable
from stimuli.families.objects import CATEGORIES

__all__ = [
    "FILE", "PictureChooser", "bundled_for", "code_of_folder", "code_of_picture", "folder_control", "read_picture",
    "show_known",
]  # fmt: skip

FILE = "a file"
BUNDLED = Path(__file__).parents[1] / "pictures"  # photographs, named by what they show


def bundled_for(model: Network) -> str:
    """Give the photographs that a model is shown first: the bundled ones, where it knows these alone.

    Returns
    -------
    Their folder, seen from the working directory if it lies in there; "" for a model that knows embedded
    objects, or none of the photographs' classes.
    """
    shown = [path.stem for path in BUNDLED.glob("*.*")]
    if not shown or (class_indices(model, CATEGORIES) >= 0).any() or (class_indices(model, shown) < 0).any():
        return ""
    return str(BUNDLED.relative_to(Path.cwd()) if BUNDLED.is_relative_to(Path.cwd()) else BUNDLED)


def show_known(controls: dict[str, widgets.Widget], family: str, model: Network) -> None:
    """Let a model that has just been chosen see pictures of what it knows, unless somebody's own are shown."""
    folder, first, shown = controls["photographs"], bundled_for(model), controls[family]
    if folder.value.strip() and Path(folder.value).resolve() != BUNDLED.resolve():
        return
    folder.value = first
    if first and shown.value not in (FILE, "photographs"):
        shown.value = "halves"
    elif not first and shown.value in pictures.FAMILIES and "photographs" in shown.options:
        known = class_indices(model, CATEGORIES) >= 0
        shown.value = shown.value if known.any() else "photographs"


def folder_control() -> widgets.Text:
    """Make the control that names photographs to take instead of the embedded objects."""
    return labelled(widgets.Text, "photographs", placeholder="class folder", continuous_update=False)


def code_of_folder(photographs: str) -> str:
    """Write the argument that names photographs; nothing where there are none."""
    return f", folder=Path({photographs.strip()!r})" if photographs.strip() else ""


def read_picture(source: str, number: int, path: str, photographs: str, model: Network) -> np.ndarray:
    """Read a picture, (y, x, channel) uint8, at the size that a model takes.

    The source is one of ``pictures.PICTURES``, whose pictures are numbered, or ``FILE`` with a path;
    two paths with a semicolon between them are put side by side. Photographs are a class folder for the
    pictures of two readings, "" for the embedded objects.

    Raises
    ------
    FileNotFoundError, ValueError : no file is chosen, there is none, or it is no picture; there are no
        photographs.
    """
    if source in pictures.FAMILIES and photographs.strip():
        return pictures.picture(source, number, model, folder=Path(photographs.strip()))
    if source != FILE:
        return pictures.picture(source, number, model)
    if not path.strip():
        raise ValueError("no picture is chosen: upload one, or write its path into the field file")
    return pictures.photographed(_paths(path), model)


def _paths(text: str) -> list[str]:
    """The path that is written in a field, or the paths with semicolons between them."""
    return [text.strip()] if Path(text.strip()).exists() else [path.strip() for path in text.split(";") if path.strip()]


def code_of_picture(source: str, number: int, path: str, photographs: str) -> str:
    """Write the expression that reads a picture (``read_picture``), of a model that is called ``model``."""
    if source == FILE:
        return f"pictures.photographed({_paths(path)!r}, model)"
    folder = code_of_folder(photographs) if source in pictures.FAMILIES else ""
    return f"pictures.picture({source!r}, {number}, model{folder})"


class PictureChooser:
    """Controls for a picture, and an upload that becomes a file, so that the code finds it again.

    Parameters
    ----------
    first : source that is shown first.
    """

    def __init__(self, first: str) -> None:
        self.controls = {
            "source": labelled(widgets.Dropdown, "picture", options=(*pictures.PICTURES, FILE), value=first),
            "number": labelled(widgets.BoundedIntText, "number", value=3, min=0, max=10_000),
            "path": labelled(widgets.Text, "file", placeholder="picture.jpg; another.jpg", continuous_update=False),
            "photographs": folder_control(),
        }
        self.upload = widgets.FileUpload(
            multiple=True, description="upload one or two", layout=widgets.Layout(width="180px")
        )

    def fit(self) -> None:
        """Show the fields that the source needs."""
        source = self.controls["source"].value
        is_file, has_readings = source == FILE, source in pictures.FAMILIES
        for name, needed in (("path", is_file), ("number", not is_file), ("photographs", has_readings)):
            self.controls[name].layout.display = "" if needed else "none"

    def keep_uploads(self, folder: Path, kept: Callable[[str], None], refused: Callable[[str], None]) -> None:
        """Write uploads into a folder and say so, with their paths as they are written into the field, or why not."""

        def uploaded(change: dict) -> None:
            if not change["new"]:
                return
            try:
                paths = [folder / "uploads" / Path(upload["name"]).name for upload in change["new"]]
                for path, upload in zip(paths, change["new"], strict=True):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(bytes(upload["content"]))
            except OSError as error:
                refused(readable(error))
                return
            kept("; ".join(map(str, paths)))

        self.upload.observe(uploaded, "value")
