"""BistableExplorer: build a bistable picture and see which reading wins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import ipywidgets as widgets
import numpy as np
import xarray as xr

from experiments import measures
from experiments.figures.page import Figure
from experiments.figures.style import Style
from experiments.live.compete import compete
from experiments.live.compete_figure import competition, curves
from experiments.live.pictures import FAMILIES, GRADED
from notebooks.explorers.explorer import Explorer, labelled
from notebooks.explorers.live_model import LARGEST_GAIN, WHO, Models, code_of, fit_gain, model_controls
from notebooks.explorers.picture_controls import code_of_folder, folder_control, show_known
from notebooks.explorers.stored_record import opener

__all__ = ["BistableExplorer", "BistableSelection"]

MIXES = tuple(round(mix, 2) for mix in np.linspace(0, 1, 11).tolist())
MAPS = (("prior weight", measures.DEFAULT_MAP), ("attention rollout", "rollout"))


@dataclass(frozen=True)
class BistableSelection:
    """What a ``BistableExplorer`` shows.

    Parameters
    ----------
    model : name of the model.
    checkpoint : "" for its default weights; a tag of bundled ones, a file or an address.
    device : where it computes.
    photographs : class folder of photographs; "" for the embedded objects.
    family : family of pictures.
    number : which picture.
    mix : weight of the second reading.
    gain : gain of the class cues.
    iterations : feedback passes.
    kind : map.
    stored : record of many pictures with a mix, whose dominance is drawn as well; "" for none.
    """

    model: str
    checkpoint: str
    device: str
    photographs: str
    family: str
    number: int
    mix: float
    gain: float
    iterations: int
    kind: str
    stored: str


class BistableExplorer(Explorer):
    """Two readings compete in one picture: move their mix and the gain of the cues, see dominance and maps.

    Parameters
    ----------
    stored : record of many pictures to compare with; "" for none.
    model : model that is shown first; it has to know the embedded objects, or photographs: those of this
        repository come first where it knows them.
    folder : where figures are saved.
    """

    leading = WHO

    def __init__(self, stored: str = "", model: str = "absvit_micro", folder: Path | str = "outputs") -> None:
        self.models = Models(self.check)
        self._curves = lru_cache(8)(lambda path: curves(self._open(path)))
        self._open = opener("python -m experiments bistable --family overlay")
        self._competed = lru_cache(32)(self._compete)
        self._fitted_to: tuple[str, str] | None = None
        controls = {
            **model_controls(model, feedback=True),
            "photographs": folder_control(),
            "family": labelled(widgets.Dropdown, "family", options=FAMILIES, value="overlay"),
            "number": labelled(widgets.BoundedIntText, "number", value=3, min=0, max=10_000),
            "mix": labelled(widgets.SelectionSlider, "mix", options=MIXES, value=0.5),
            "gain": labelled(widgets.FloatSlider, "gain", value=2.0, min=0, max=LARGEST_GAIN, step=0.25),
            "iterations": labelled(widgets.IntSlider, "iterations", value=1, min=1, max=8),
            "kind": labelled(widgets.Dropdown, "map", options=MAPS),
            "stored": labelled(widgets.Text, "record", value=stored, placeholder="none", continuous_update=False),
        }
        super().__init__(controls, BistableSelection, "competition", folder)
        self.update()

    def needs(self) -> Callable[[], object]:
        """Give what loads the model."""
        return self.models.named(self.controls)

    def prepare(self) -> None:
        """Fit checkpoints, pictures and gain to the model; switch the mix off where the readings stand side by side."""
        model = self.models.fit(self.controls)
        fitted_to = (self.controls["model"].value, self.controls["checkpoint"].value)
        if fitted_to != self._fitted_to:
            show_known(self.controls, "family", model)
            fit_gain(self.controls["gain"], model)
            self._fitted_to = fitted_to
        self.controls["mix"].disabled = self.controls["family"].value not in GRADED

    def draw(self, selection: BistableSelection, style: Style) -> tuple[xr.Dataset, Figure]:
        """Let the readings compete at every mix, and draw one of them."""
        s = selection
        who = (s.model, s.checkpoint, s.device)
        record = self._competed(who, s.photographs.strip(), s.family, s.number, s.gain, s.iterations, s.kind)
        stored = self._curves(s.stored.strip()) if s.stored.strip() else None
        return record, competition(record, s.mix, s.kind, stored, style)

    def code(self, selection: BistableSelection, style: str) -> str:
        """Write the lines that make the same figure."""
        s = selection
        stored = f"records.load({s.stored.strip()!r})" if s.stored.strip() else "None"
        return (
            "from pathlib import Path\n\nimport absvit\nimport experiments\nfrom absvit import records\n"
            "from experiments.live.compete import compete\n"
            "from experiments.live.compete_figure import competition\n\n"
            f"model = {code_of(s.model, s.checkpoint, s.device)}\n"
            f"mixes = {_mixes(s.family)}\n"
            f"record = compete(model, {s.family!r}, {s.number}, mixes, {s.gain}, {s.iterations}, "
            f"kinds=({s.kind!r},){code_of_folder(s.photographs)})\n"
            f"figure = competition(record, {s.mix}, {s.kind!r}, {stored}{style})\n"
        )

    def _compete(self, who: tuple, photographs: str, family: str, number: int, gain: float, iterations: int, kind: str):
        folder = Path(photographs) if photographs else None
        return compete(self.models(*who), family, number, _mixes(family), gain, iterations, folder, (kind,))


def _mixes(family: str) -> tuple[float, ...]:
    """Mixes that are shown; halves have one."""
    return MIXES if family in GRADED else (0.5,)
