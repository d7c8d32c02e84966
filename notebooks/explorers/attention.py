"""AttentionExplorer: steer a live model's attention on a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import ipywidgets as widgets
import xarray as xr

from absvit.networks import Network
from experiments.figures.page import Figure
from experiments.figures.style import Style
from experiments.live.look import CUES, Cue, look
from experiments.live.look_figure import KINDS, attention
from experiments.observers import Observer, observer_of
from notebooks.explorers.explorer import Explorer, labelled
from notebooks.explorers.live_model import LARGEST_GAIN, WHO, Models, code_of, fit_gain, given, model_controls
from notebooks.explorers.picture_controls import FILE, PictureChooser, code_of_picture, read_picture, show_known
from notebooks.explorers.place_picker import PlacePicker
from notebooks.explorers.word_controls import SentenceField

__all__ = ["AttentionExplorer", "AttentionSelection"]

SHAPES = ("spotlight", "box")
PICTURE = ("source", "number", "path", "photographs")
GIVEN = "experiments.observer_of(given)  # what the explorer was given"
FIRST_MAP = "class_activation"  # which there is bottom-up, too
FIRST_CUES = ("star", "cat")  # what the first pictures show
IMPORTS = """from pathlib import Path

import absvit
import experiments
from experiments.live import pictures
from experiments.live.look import Cue, look
from experiments.live.look_figure import attention
"""


@dataclass(frozen=True)
class AttentionSelection:
    """What an ``AttentionExplorer`` shows.

    Parameters
    ----------
    model : name of the network.
    checkpoint : "" for its default weights; a tag of bundled ones, a file, an address or "untrained".
    device : where it computes.
    source : kind of embedded pictures, or "a file".
    number : which embedded picture.
    path : the file.
    photographs : class folder for pictures of two readings; "" for the embedded objects.
    prior : kind of cue, one of ``look.CUES``.
    category : name of the class.
    sentence : what is told in plain language.
    shape : of a cued place, "spotlight" or "box".
    x, y : the spotlight's centre, as fractions of width and height.
    width : standard deviation of the spotlight, as a fraction of the picture's width.
    across : left and right of the box, as fractions of the width.
    down : top and bottom of the box, as fractions of the height.
    gain : factor on the cue's weights.
    iterations : feedback passes.
    kind : map.
    layer : block.
    head : -1 for the mean over heads.
    opacity : weight of the map over the picture.
    """

    model: str
    checkpoint: str
    device: str
    source: str
    number: int
    path: str
    photographs: str
    prior: str
    category: str
    sentence: str
    shape: str
    x: float
    y: float
    width: float
    across: tuple[float, float]
    down: tuple[float, float]
    gain: float
    iterations: int
    kind: str
    layer: int
    head: int
    opacity: float

    @property
    def cue(self) -> Cue:
        """What the model is told to look for."""
        if self.prior == "sentence":
            return Cue(self.prior, gain=self.gain, sentence=self.sentence)
        box = (self.across[0], self.down[0], self.across[1], self.down[1]) if self.shape == "box" else None
        return Cue(self.prior, self.category, (self.x, self.y), self.width, self.gain, box)


class AttentionExplorer(Explorer):
    """Steer a model's attention: a picture, a cue, and what it does to the maps and the answer.

    Parameters
    ----------
    model : network that is shown first: a name, HOST+MECHANISM, or any network or observer itself.
    folder : where uploads are kept and figures are saved.
    """

    leading = (*WHO, "prior", *PICTURE)

    def __init__(self, model: str | object = "absvit_micro", folder: Path | str = "outputs") -> None:
        name, self._given = given(model)
        self.models = Models(self.check, given=self._given)
        self._pixels = lru_cache(16)(self._read)
        self._looked = lru_cache(32)(self._look)
        self._fitted_to: tuple[str, ...] | None = None
        self.chooser, self.told = PictureChooser("halves"), SentenceField()
        slider, share = {"continuous_update": True}, {"min": 0, "max": 1, "step": 0.01}
        controls = {
            **model_controls(name),
            **self.chooser.controls,
            "prior": labelled(widgets.Dropdown, "cue", options=CUES, value="class"),
            "category": labelled(widgets.Combobox, "class", placeholder="type to search", continuous_update=False),
            "sentence": self.told.control,
            "shape": labelled(widgets.Dropdown, "shape", options=SHAPES),
            "x": labelled(widgets.FloatSlider, "x", value=0.25, **share, **slider),
            "y": labelled(widgets.FloatSlider, "y", value=0.5, **share, **slider),
            "width": labelled(widgets.FloatSlider, "width", value=0.15, min=0.02, max=1, step=0.01, **slider),
            "across": labelled(widgets.FloatRangeSlider, "left, right", value=(0, 0.5), **share, **slider),
            "down": labelled(widgets.FloatRangeSlider, "top, bottom", value=(0, 1), **share, **slider),
            "gain": labelled(widgets.FloatSlider, "gain", value=2, min=0, max=LARGEST_GAIN, step=0.25, **slider),
            "iterations": labelled(widgets.IntSlider, "iterations", value=1, min=0, max=8, **slider),
            "kind": labelled(widgets.Dropdown, "map", options=[(v, k) for k, v in KINDS.items()]),
            "layer": labelled(widgets.IntSlider, "layer", value=1, min=0, max=3, **slider),
            "head": labelled(widgets.Dropdown, "head", options=[("mean", -1)]),
            "opacity": labelled(widgets.FloatSlider, "opacity", value=0.56, min=0, max=1, step=0.02, **slider),
        }
        controls["kind"].value = FIRST_MAP
        self.place = PlacePicker(self._clicked, self._dragged)
        super().__init__(controls, AttentionSelection, "attention", folder)
        self.chooser.keep_uploads(self.folder, self._uploaded, lambda text: setattr(self, "message", text))
        self.update()

    def panel(self) -> list[widgets.Widget]:
        """List the widgets of the left side, in order."""
        rows = list(self.controls.values())
        return [*rows[:7], self.chooser.upload, *rows[7:10], self.told.reading, self.place, *rows[10:]]

    def needs(self) -> Callable[[], object]:
        """Give what loads the model."""
        return self.models.named(self.controls)

    def prepare(self) -> None:
        """Fit classes, layers, heads, checkpoints, picture and gain to the model, and what is shown to the cue."""
        at = {name: control.value for name, control in self.controls.items()}
        self.told.show(at["prior"] == "sentence")
        where = at["prior"] in ("place", "class and place")
        needed = ("x", "y", "width") if at["shape"] == "spotlight" else ("across", "down")
        for name in ("x", "y", "width", "across", "down"):
            self.controls[name].layout.display = "" if where and name in needed else "none"
        for widget in (self.place, self.controls["shape"]):
            widget.layout.display = "" if where else "none"
        model = self.models.fit(self.controls)
        fitted_to = (at["model"], at["checkpoint"], at["prior"])
        if fitted_to != self._fitted_to:
            if self._fitted_to is None or fitted_to[:2] != self._fitted_to[:2]:
                self._fit(model)
            kind = {"none": "learned", "class and place": "class", "sentence": "class"}.get(at["prior"], at["prior"])
            fit_gain(self.controls["gain"], model, kind)
            self._fitted_to = fitted_to
        self.chooser.fit()
        if where:
            self.place.show(self._pixels(*(self.controls[name].value for name in (*WHO, *PICTURE))))

    def draw(self, selection: AttentionSelection, style: Style) -> tuple[xr.Dataset, Figure]:
        """Look, and draw what is seen."""
        s = selection
        picture = tuple(getattr(s, name) for name in PICTURE)
        record = self._looked((s.model, s.checkpoint, s.device), picture, s.cue, s.iterations)
        return record, attention(record, s.kind, s.layer, None if s.head < 0 else s.head, s.opacity, style)

    def shown(self) -> None:
        """Tell how a sentence was read."""
        self.told.tell(self.record)

    def code(self, selection: AttentionSelection, style: str) -> str:
        """Write the lines that make the same figure."""
        s = selection
        place = f", place=({s.x}, {s.y}), width={s.width}" if s.cue.box is None else f", box={s.cue.box}"
        place = place if "place" in s.prior else ""
        category = f", category={s.category!r}" if "class" in s.prior else ""
        category += f", sentence={s.sentence!r}" if s.prior == "sentence" else ""
        loaded = GIVEN if s.model in self._given else code_of(s.model, s.checkpoint, s.device)
        return (
            f"{IMPORTS}\nmodel = {loaded}\n"
            f"picture = {code_of_picture(s.source, s.number, s.path, s.photographs)}\n"
            f"cue = Cue({s.prior!r}{category}{place}, gain={s.gain})\n"
            f'record = look(model, picture, {{"cue": cue}}, iterations={s.iterations})\n'
            f"figure = attention(record, {s.kind!r}, layer={s.layer}, "
            f"head={None if s.head < 0 else s.head}, opacity={s.opacity}{style})\n"
        )

    def _look(self, who: tuple[str, str, str], picture: tuple, cue: Cue, iterations: int) -> xr.Dataset:
        return look(self.models(*who), self._pixels(*who, *picture), {"cue": cue}, iterations)

    def _read(self, model: str, checkpoint: str, device: str, *picture):
        return read_picture(*picture, self.models(model, checkpoint, device))

    def _fit(self, model: Network | Observer) -> None:
        """Give the controls the classes, layers and heads of a network, and a picture of what it knows."""
        show_known(self.controls, "source", model)
        names, depth = model.categories, observer_of(model).layers
        self.controls["category"].options = names
        if self.controls["category"].value not in names:
            self.controls["category"].value = next((name for name in FIRST_CUES if name in names), names[0])
        layer = self.controls["layer"]
        layer.max = max(0, depth - 1)
        layer.value = max(0, depth - 3)
        blocks = getattr(getattr(model, "module", None), "blocks", None)  # an observer does not tell its heads
        heads = blocks[0].attn.num_heads if blocks and depth else 0
        self.controls["head"].options = [("mean", -1), *((str(head), head) for head in range(heads))]

    def _clicked(self, x: float, y: float) -> None:
        self._set(shape="spotlight", x=round(x, 2), y=round(y, 2))

    def _dragged(self, left: float, top: float, right: float, bottom: float) -> None:
        self._set(shape="box", across=(round(left, 2), round(right, 2)), down=(round(top, 2), round(bottom, 2)))

    def _uploaded(self, path: str) -> None:
        """Forget pictures, since a file of this name may have been another one, and show the upload."""
        for cache in (self._pixels, self._looked, self._views):
            cache.cache_clear()
        self._set(source=FILE, path=path)
