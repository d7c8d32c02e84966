"""Choosing a picture: an embedded one, a file, or an upload."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ipywidgets as widgets
import numpy as np
from torch import nn

from absvit.images import read_photograph
from experiments import competing
from experiments.looking import fitted
from notebooks.explorers.explorer import labelled, readable

__all__ = ["FILE", "PictureChooser", "code_of_picture", "read_picture"]

FILE = "a file"


def read_picture(source: str, number: int, path: str, model: nn.Module) -> np.ndarray:
    """Read a picture at the size that a model takes.

    Parameters
    ----------
    source : one of ``competing.PICTURES``, or ``FILE``.
    number : which of them.
    path : the file.
    model : gives the size.

    Returns
    -------
    (y, x, channel) uint8.

    Raises
    ------
    FileNotFoundError, ValueError : no file is chosen, there is none, or it is no picture.
    """
    if source != FILE:
        return competing.picture(source, number, model)
    if not path.strip():
        raise ValueError("no picture is chosen: upload one, or write its path into the field file")
    return fitted(read_photograph(path.strip()), model)


def code_of_picture(source: str, number: int, path: str) -> str:
    """Write the expression that reads a picture, of a model that is called ``model``.

    Parameters
    ----------
    source, number, path : as for ``read_picture``.
    """
    if source == FILE:
        return f"looking.fitted(read_photograph({path.strip()!r}), model)"
    return f"competing.picture({source!r}, {number}, model)"


class PictureChooser:
    """Controls for a picture, and an upload that becomes a file, so that the code finds it again.

    Parameters
    ----------
    first : source that is shown first.
    """

    def __init__(self, first: str) -> None:
        self.controls = {
            "source": labelled(widgets.Dropdown, "picture", options=(*competing.PICTURES, FILE), value=first),
            "number": labelled(widgets.BoundedIntText, "number", value=3, min=0, max=10_000),
            "path": labelled(widgets.Text, "file", placeholder="picture.jpg", continuous_update=False),
        }
        self.upload = widgets.FileUpload(
            multiple=False, description="upload a picture", layout=widgets.Layout(width="180px")
        )

    def fit(self) -> None:
        """Show the field that the source needs."""
        is_file = self.controls["source"].value == FILE
        for name, needed in (("path", is_file), ("number", not is_file)):
            self.controls[name].layout.display = "" if needed else "none"

    def keep_uploads(self, folder: Path, kept: Callable[[str], None], refused: Callable[[str], None]) -> None:
        """Write uploads into a folder.

        Parameters
        ----------
        folder : where they are kept.
        kept : called with the path of an upload.
        refused : called with the reason where it cannot be kept.
        """

        def uploaded(change: dict) -> None:
            if not change["new"]:
                return
            try:
                upload = change["new"][0]
                path = folder / "uploads" / Path(upload["name"]).name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(bytes(upload["content"]))
            except OSError as error:
                refused(readable(error))
                return
            kept(str(path))

        self.upload.observe(uploaded, "value")
