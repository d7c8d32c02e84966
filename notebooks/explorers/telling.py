"""MechanismExplorer: tell a network what to look for by mechanisms of attention, on one picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import ipywidgets as widgets
import xarray as xr

from absvit.mechanisms import MECHANISMS
from absvit.networks import Network
from experiments.figures.page import Figure
from experiments.figures.style import Style
from experiments.live.look import Cue
from experiments.live.look_figure import KINDS
from experiments.live.tell import MAPS, tell
from experiments.live.tell_figure import rivals
from experiments.observers import Observer, observer_of
from notebooks.explorers.explorer import Explorer, labelled
from notebooks.explorers.live_model import LARGEST_GAIN, WHO, Models, given, model_controls
from notebooks.explorers.picture_controls import FILE, PictureChooser, code_of_picture, read_picture, show_known
from notebooks.explorers.place_picker import PlacePicker

__all__ = ["MechanismExplorer", "MechanismSelection"]

PICTURE = ("source", "number", "path", "photographs")
CUES = ("class", "place", "class and place")
FIRST = ("decision_bias", "evidence_gate")  # mechanisms that any host with places takes
FIRST_CUES = ("star", "cat")  # what the first pictures show
ALONE = "no mechanism"
IMPORTS = """from dataclasses import replace
from pathlib import Path

from absvit.images import read_photograph
from absvit.mechanisms import MECHANISMS
from absvit.networks import load_network, network_of
from experiments.live import pictures
from experiments.live.look import Cue
from experiments.live.tell import tell
from experiments.live.tell_figure import rivals
from experiments.observers import observer_of
"""


@dataclass(frozen=True)
class MechanismSelection:
    """What a ``MechanismExplorer`` shows.

    Parameters
    ----------
    model : name of the network.
    checkpoint : "" for its default weights; a tag of bundled ones, a file, an address, or "untrained".
    device : where it computes.
    mechanisms : names of those that it is told by, each beside the network alone.
    source : kind of embedded pictures, or "a file".
    number : which embedded picture.
    path : the file.
    photographs : class folder for pictures of two readings; "" for the embedded objects.
    prior : kind of cue, "class", "place" or "class and place".
    category : name of the class.
    x, y : the spotlight's centre, as fractions of width and height.
    width : standard deviation of the spotlight, as a fraction of the picture's width.
    gain : of the cue; times the strength of a mechanism it is the dose.
    iterations : passes under the cue.
    kind : map.
    """

    model: str
    checkpoint: str
    device: str
    mechanisms: tuple[str, ...]
    source: str
    number: int
    path: str
    photographs: str
    prior: str
    category: str
    x: float
    y: float
    width: float
    gain: float
    iterations: int
    kind: str

    @property
    def cue(self) -> Cue:
        """What is looked for."""
        return Cue(self.prior, self.category, (self.x, self.y), self.width, self.gain)


class MechanismExplorer(Explorer):
    """Switch mechanisms of attention on one picture under one cue: what each makes of it, maps and answers.

    Parameters
    ----------
    model : network that is shown first: any name that ``absvit.networks.load_network`` takes, or a network,
        a module or a function (``network_of`` tells what it has to know of these).
    folder : where uploads are kept and figures are saved.
    """

    leading = (*WHO, "prior", *PICTURE)

    def __init__(self, model: str | Network | Callable = "cnn_micro", folder: Path | str = "outputs") -> None:
        name, self._given = given(model)
        self.models = Models(lambda: None, given=self._given)  # each look is given up as a whole
        self._observer = lru_cache(16)(self._observed)
        self._pixels = lru_cache(16)(self._read)
        self._told = lru_cache(32)(self._tell)
        self._fitted_to: tuple[str, ...] | None = None
        self.chooser = PictureChooser("halves")
        slider, share = {"continuous_update": True}, {"min": 0, "max": 1, "step": 0.01}
        gains = {"value": 1, "min": 0, "max": LARGEST_GAIN, "step": 0.25}
        typed = {"placeholder": "type to search", "continuous_update": False}
        rows = {"rows": len(MECHANISMS), "value": FIRST}
        controls = {
            **model_controls(name),
            "mechanisms": labelled(widgets.SelectMultiple, "mechanisms", options=tuple(MECHANISMS), **rows),
            **self.chooser.controls,
            "prior": labelled(widgets.Dropdown, "cue", options=CUES),
            "category": labelled(widgets.Combobox, "class", **typed),
            "x": labelled(widgets.FloatSlider, "x", value=0.25, **share, **slider),
            "y": labelled(widgets.FloatSlider, "y", value=0.5, **share, **slider),
            "width": labelled(widgets.FloatSlider, "width", value=0.15, min=0.02, max=1, step=0.01, **slider),
            "gain": labelled(widgets.FloatSlider, "gain", **gains, **slider),
            "iterations": labelled(widgets.IntSlider, "iterations", value=1, min=0, max=8, **slider),
            "kind": labelled(widgets.Dropdown, "map", options=[(KINDS[kind], kind) for kind in MAPS]),
        }
        self.place = PlacePicker(self._clicked, self._dragged)
        super().__init__(controls, MechanismSelection, "mechanisms", folder)
        self.chooser.keep_uploads(self.folder, self._uploaded, lambda text: setattr(self, "message", text))
        self.update()

    def panel(self) -> list[widgets.Widget]:
        """List the widgets of the left side, in order."""
        rows = list(self.controls.values())
        return [*rows[:8], self.chooser.upload, *rows[8:10], self.place, *rows[10:]]

    def needs(self) -> Callable[[], object]:
        """Give what loads the network."""
        return self.models.named(self.controls)

    def prepare(self) -> None:
        """Fit classes, checkpoints, picture and mechanisms to the network, and what is shown to the cue."""
        at = {name: control.value for name, control in self.controls.items()}
        where = "place" in at["prior"]
        for widget in (self.place, *(self.controls[name] for name in ("x", "y", "width"))):
            widget.layout.display = "" if where else "none"
        self.models.fit(self.controls)
        who = tuple(at[name] for name in WHO)
        if who != self._fitted_to:
            alone = self._observer(*who, "")
            show_known(self.controls, "source", alone)
            category, names = self.controls["category"], alone.categories
            category.options = names
            if category.value not in names:
                category.value = next((name for name in FIRST_CUES if name in names), names[0])
            shown = self.controls["mechanisms"]
            shown.value = tuple(name for name in shown.value if self._can_have(*who, name))
            self._fitted_to = who
        self.chooser.fit()
        if where:
            self.place.show(self._pixels(*who, *(self.controls[name].value for name in PICTURE)))

    def draw(self, selection: MechanismSelection, style: Style) -> tuple[xr.Dataset, Figure]:
        """Tell the network what to look for by each mechanism, and draw what is seen."""
        s = selection
        picture = tuple(getattr(s, name) for name in PICTURE)
        record = self._told((s.model, s.checkpoint, s.device), s.mechanisms, picture, s.cue, s.iterations)
        return record, rivals(record, s.kind, style)

    def code(self, selection: MechanismSelection, style: str) -> str:
        """Write the lines that make the same figure."""
        s = selection
        words = ", ".join(map(repr, (s.model, s.checkpoint.strip() or "default", s.device)))
        here = "network_of(given)  # what the explorer was given"
        place = f", place=({s.x}, {s.y}), width={s.width}" if "place" in s.prior else ""
        category = f", category={s.category!r}" if "class" in s.prior else ""
        return (
            f"{IMPORTS}\nnetwork = {here if s.model in self._given else f'load_network({words})'}\n"
            f"model = replace(observer_of(network, {ALONE!r}), kinds=())\n"
            f"mechanisms = {[*s.mechanisms]}\n"
            "told = [observer_of(network, name, mechanism=MECHANISMS[name]) for name in mechanisms]\n"
            f"picture = {code_of_picture(s.source, s.number, s.path, s.photographs)}\n"
            f"cue = Cue({s.prior!r}{category}{place}, gain={s.gain})\n"
            f"record = tell([model, *told], picture, cue, iterations={s.iterations})\n"
            f"figure = rivals(record, {s.kind!r}{style})\n"
        )

    def _observed(self, model: str, checkpoint: str, device: str, mechanism: str) -> Observer:
        """A network under a mechanism; without one it is told nothing, not even by feedback of its own."""
        network = self.models(model, checkpoint, device)
        if mechanism:
            found = observer_of(network, mechanism, mechanism=MECHANISMS[mechanism])
        else:
            found = replace(observer_of(network, ALONE), kinds=())
        return replace(found, look=partial(self._looked, found.look))

    def _looked(self, look: Callable, *told):
        """What is seen, unless nobody waits for it any more."""
        self.check()
        return look(*told)

    def _can_have(self, model: str, checkpoint: str, device: str, mechanism: str) -> bool:
        try:
            self._observer(model, checkpoint, device, mechanism)
        except ValueError:
            return False
        return True

    def _tell(self, who: tuple, mechanisms: tuple[str, ...], picture: tuple, cue: Cue, iterations: int):
        observers = [self._observer(*who, name) for name in ("", *mechanisms)]
        return tell(observers, self._pixels(*who, *picture), cue, iterations)

    def _read(self, model: str, checkpoint: str, device: str, *picture):
        return read_picture(*picture, self._observer(model, checkpoint, device, ""))

    def _clicked(self, x: float, y: float) -> None:
        self._set(x=round(x, 2), y=round(y, 2))

    def _dragged(self, left: float, top: float, right: float, bottom: float) -> None:
        spread = max(0.02, (right - left + bottom - top) / 8)  # two standard deviations reach the edges
        self._set(x=round((left + right) / 2, 2), y=round((top + bottom) / 2, 2), width=round(spread, 2))

    def _uploaded(self, path: str) -> None:
        """Forget pictures, since a file of this name may have been another one, and show the upload."""
        for cache in (self._pixels, self._told, self._views):
            cache.cache_clear()
        self._set(source=FILE, path=path)
