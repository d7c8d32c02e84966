"""RecordExplorer: browse any record on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import ipywidgets as widgets
import xarray as xr

from experiments.figures.page import Figure
from experiments.figures.record_view import view_record
from experiments.figures.style import Style
from experiments.measures.view import MOST, PICTURE_DIMS, View, browsable
from notebooks.explorers.explorer import Explorer, labelled
from notebooks.explorers.stored_record import opener

__all__ = ["RecordExplorer", "RecordSelection"]

NONE = ("-", "")
VIEW = ("variable", "across", "colour", "facet", "average")


@dataclass(frozen=True)
class RecordSelection:
    """What a ``RecordExplorer`` shows.

    Parameters
    ----------
    path : the record.
    view : what is shown of it.
    """

    path: str
    view: View


class RecordExplorer(Explorer):
    """Choose a variable of a record, what lies on its axes, and where on all other dimensions; nothing else is read.

    Parameters
    ----------
    path : the record.
    folder : where figures are saved.
    """

    def __init__(self, path: str | Path = "", folder: Path | str = "outputs") -> None:
        self._open = opener("python -m experiments bistable")
        self._path = ""
        self._shape: tuple[str, str] | None = None
        controls = {
            "path": labelled(widgets.Text, "record", value=str(path), continuous_update=False),
            **{name: labelled(widgets.Dropdown, name, options=[]) for name in VIEW},
        }
        self.sliders: dict[str, widgets.IntSlider] = {}
        self._box = widgets.VBox()
        super().__init__(controls, RecordSelection, "record", folder)
        self.update()

    def panel(self) -> list[widgets.Widget]:
        """List the widgets of the left side, in order."""
        return [*self.controls.values(), self._box]

    @property
    def selection(self) -> RecordSelection:
        """Record and view."""
        at = {name: control.value for name, control in self.controls.items()}
        used = {at[name] for name in ("across", "colour", "facet", "average")}
        used |= {PICTURE_DIMS.get(at["across"] or "", "")} | ({"channel"} if at["across"] in PICTURE_DIMS else set())
        if at["across"] == "stimulus":
            used.remove("stimulus")  # its slider chooses whose picture is shown
        places = tuple((dim, slider.value) for dim, slider in self.sliders.items() if dim not in used)
        view = View(*(at[name] or "" for name in VIEW), at=places)
        return RecordSelection(at["path"].strip(), view)

    @selection.setter
    def selection(self, selection: RecordSelection) -> None:
        Explorer.selection.fset(self, selection)

    def move(self, selection: RecordSelection) -> None:
        """Move the controls to a selection: record, variable, then the rest."""
        self.controls["path"].value = selection.path
        self.prepare()
        self.controls["variable"].value = selection.view.variable
        self.prepare()
        for name in VIEW[1:]:
            self.controls[name].value = getattr(selection.view, name)
        for dim, place in selection.view.at:
            self.sliders[dim].value = place

    def prepare(self) -> None:
        """Fit variables and dimensions to the record, and show sliders for those that are free."""
        path = self.controls["path"].value.strip()
        if not path:
            raise ValueError(
                "no record is chosen: write its path, or make one with python -m experiments bistable --out FILE"
            )
        record = self._open(path)
        if path != self._path:
            names = browsable(record)
            self._path = path
            self.controls["variable"].options = names
            self.controls["variable"].value = "logits" if "logits" in names else names[0]
        values = record[self.controls["variable"].value]
        shape = (path, str(values.name))
        if shape != self._shape:
            self._fit(values)
            self._shape = shape
        free = dict(self.selection.view.at)
        self._box.children = [slider for dim, slider in self.sliders.items() if dim in free]

    def draw(self, selection: RecordSelection, style: Style) -> tuple[xr.Dataset, Figure]:
        """Read what is shown, and draw it."""
        record = self._open(selection.path)
        return record, view_record(record, selection.view, style)

    def code(self, selection: RecordSelection, style: str) -> str:
        """Write the lines that make the same figure."""
        return (
            "from absvit import records\nfrom experiments.measures.view import View\n"
            "from experiments.figures.record_view import view_record\n\n"
            f"record = records.load({selection.path!r})\n"
            f"view = {selection.view}\n"
            f"figure = view_record(record, view{style})\n"
        )

    def _fit(self, values: xr.DataArray) -> None:
        """Give the controls the dimensions of a variable, and a first view."""
        dims = [str(dim) for dim in values.dims]
        pictures = [dim for dim, down in PICTURE_DIMS.items() if dim in dims and down in dims]
        across = pictures[0] if pictures else dims[-1]
        rest = [dim for dim in dims if dim not in (across, PICTURE_DIMS.get(across), "channel")]
        fitting = [dim for dim in rest if dim != "stimulus" and 1 < values.sizes[dim] <= MOST]
        self.controls["across"].options = [dim for dim in dims if dim not in PICTURE_DIMS.values()]
        self.controls["across"].value = across
        for name in VIEW[2:]:
            self.controls[name].options = [NONE, *((dim, dim) for dim in dims)]
            self.controls[name].value = ""
        if fitting:
            self.controls["facet" if pictures else "colour"].value = fitting[-1]
        self.sliders = {dim: labelled(widgets.IntSlider, dim, min=0, max=values.sizes[dim] - 1) for dim in rest}
        if "iteration" in self.sliders:
            self.sliders["iteration"].value = self.sliders["iteration"].max
        for slider in self.sliders.values():
            slider.observe(self._moved, "value")
