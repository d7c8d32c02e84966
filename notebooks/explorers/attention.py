"""AttentionExplorer: steer a live model's attention on a picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import ipywidgets as widgets
import numpy as np
import xarray as xr
from torch import nn

import absvit
from absvit.images import read_photograph
from absvit.models import sources
from absvit.models.zoo import VARIANTS
from experiments import competing, measures
from experiments.figures.attention import KINDS, attention
from experiments.figures.drawing import Figure
from experiments.looking import CUES, Cue, fitted, look
from experiments.observers import class_names
from notebooks.explorers.explorer import Explorer, labelled, readable
from notebooks.explorers.place import PlacePicker

__all__ = ["AttentionExplorer", "AttentionSelection"]

FILE = "a file"
PICTURES = ("halves", "overlay", "morph", "pairs", "objects", FILE)
IMPORTS = """import absvit
from absvit.images import read_photograph
from experiments import competing, looking
from experiments.figures.attention import attention
"""


@dataclass(frozen=True)
class AttentionSelection:
    """What an ``AttentionExplorer`` shows.

    Parameters
    ----------
    model : name of the model.
    checkpoint : "" for its default weights; a tag of bundled ones, a file or an address.
    source : family of embedded pictures, or "a file".
    number : which embedded picture.
    path : the file.
    prior : kind of cue, one of ``looking.CUES``.
    category : name of the class.
    x, y : place, as fractions of width and height.
    width : standard deviation of the spotlight, as a fraction of the picture's width.
    gain : factor on the cue's weights.
    iterations : feedback passes.
    kind : map.
    layer : block.
    head : -1 for the mean over heads.
    opacity : weight of the map over the picture.
    """

    model: str
    checkpoint: str
    source: str
    number: int
    path: str
    prior: str
    category: str
    x: float
    y: float
    width: float
    gain: float
    iterations: int
    kind: str
    layer: int
    head: int
    opacity: float

    @property
    def cue(self) -> Cue:
        """What the model is told to look for."""
        return Cue(self.prior, self.category, (self.x, self.y), self.width, self.gain)


class AttentionExplorer(Explorer):
    """Steer a model's attention: a picture, a cue, and what it does to the maps and the answer.

    Parameters
    ----------
    model : model that is shown first.
    folder : where uploads are kept and figures are saved.
    """

    def __init__(self, model: str = "absvit_micro", folder: Path | str = "outputs") -> None:
        self._load = lru_cache(3)(_load)
        self._pixels = lru_cache(16)(self._read)
        self._looked = lru_cache(32)(self._look)
        self._fitted_to: tuple[str, str, str] | None = None
        slider = {"continuous_update": True}
        controls = {
            "model": labelled(widgets.Dropdown, "model", options=[v.name for v in VARIANTS], value=model),
            "checkpoint": labelled(
                widgets.Combobox, "checkpoint", placeholder="default weights", continuous_update=False
            ),
            "source": labelled(widgets.Dropdown, "picture", options=PICTURES),
            "number": labelled(widgets.BoundedIntText, "number", value=3, min=0, max=10_000),
            "path": labelled(widgets.Text, "file", placeholder="picture.jpg", continuous_update=False),
            "prior": labelled(widgets.Dropdown, "cue", options=CUES, value="class"),
            "category": labelled(widgets.Combobox, "class", placeholder="type to search", continuous_update=False),
            "x": labelled(widgets.FloatSlider, "x", value=0.25, min=0, max=1, step=0.01, **slider),
            "y": labelled(widgets.FloatSlider, "y", value=0.5, min=0, max=1, step=0.01, **slider),
            "width": labelled(widgets.FloatSlider, "width", value=0.15, min=0.02, max=1, step=0.01, **slider),
            "gain": labelled(widgets.FloatSlider, "gain", value=2, min=0, max=60, step=0.25, **slider),
            "iterations": labelled(widgets.IntSlider, "iterations", value=1, min=0, max=8, **slider),
            "kind": labelled(widgets.Dropdown, "map", options=[(v, k) for k, v in KINDS.items()]),
            "layer": labelled(widgets.IntSlider, "layer", value=1, min=0, max=3, **slider),
            "head": labelled(widgets.Dropdown, "head", options=[("mean", -1)]),
            "opacity": labelled(widgets.FloatSlider, "opacity", value=0.56, min=0, max=1, step=0.02, **slider),
        }
        controls["kind"].value = measures.DEFAULT_MAP
        self.upload = widgets.FileUpload(
            multiple=False, description="upload a picture", layout=widgets.Layout(width="180px")
        )
        self.upload.observe(self._uploaded, "value")
        self.place = PlacePicker(self._clicked)
        super().__init__(controls, AttentionSelection, "attention", folder)
        self.update()

    def panel(self) -> list[widgets.Widget]:
        """List the widgets of the left side, in order."""
        rows = list(self.controls.values())
        return [*rows[:5], self.upload, *rows[5:7], self.place, *rows[7:]]

    def prepare(self) -> None:
        """Fit classes, layers, heads, checkpoints and the default gain to the model, and what is shown to the cue."""
        at = {name: control.value for name, control in self.controls.items()}
        where = at["prior"] in ("place", "class and place")
        for widget in (self.place, *(self.controls[name] for name in ("x", "y", "width"))):
            widget.layout.display = "" if where else "none"
        for name, needed in (("path", at["source"] == FILE), ("number", at["source"] != FILE)):
            self.controls[name].layout.display = "" if needed else "none"
        self.controls["checkpoint"].options = tuple(sources.bundled_tags(at["model"]))
        model = self._load(at["model"], at["checkpoint"])
        fitted_to = (at["model"], at["checkpoint"], at["prior"])
        if fitted_to != self._fitted_to:
            if self._fitted_to is None or fitted_to[:2] != self._fitted_to[:2]:
                self._fit(model)
            kind = {"none": "learned", "class and place": "class"}.get(at["prior"], at["prior"])
            self.controls["gain"].value = getattr(model, "prior_gains", {}).get(kind, 1.0)
            self._fitted_to = fitted_to
        if where:
            self.place.show(self._pixels(at["model"], at["checkpoint"], at["source"], at["number"], at["path"]))

    def move(self, selection: AttentionSelection) -> None:
        """Move the controls to a selection, the model first: the others depend on it.

        Parameters
        ----------
        selection : where to.
        """
        for name in ("model", "checkpoint", "prior", "source", "number", "path"):
            self.controls[name].value = getattr(selection, name)
        self.prepare()
        super().move(selection)

    def draw(self, selection: AttentionSelection) -> tuple[xr.Dataset, Figure]:
        """Look, and draw what is seen.

        Parameters
        ----------
        selection : what the controls say.
        """
        s = selection
        record = self._looked(s.model, s.checkpoint, s.source, s.number, s.path, s.cue, s.iterations)
        return record, attention(record, s.kind, s.layer, None if s.head < 0 else s.head, s.opacity)

    def code(self, selection: AttentionSelection) -> str:
        """Write the lines that make the same figure.

        Parameters
        ----------
        selection : what the controls say.
        """
        s = selection
        checkpoint = f", {s.checkpoint!r}" if s.checkpoint else ""
        picture = f"competing.picture({s.source!r}, {s.number}, model)"
        if s.source == FILE:
            picture = f"looking.fitted(read_photograph({s.path!r}), model)"
        place = f", place=({s.x}, {s.y}), width={s.width}" if "place" in s.prior else ""
        category = f", category={s.category!r}" if "class" in s.prior else ""
        return (
            f"{IMPORTS}\nmodel = absvit.load_model({s.model!r}{checkpoint})\n"
            f"picture = {picture}\n"
            f"cue = looking.Cue({s.prior!r}{category}{place}, gain={s.gain})\n"
            f'record = looking.look(model, picture, {{"cue": cue}}, iterations={s.iterations})\n'
            f"figure = attention(record, {s.kind!r}, layer={s.layer}, "
            f"head={None if s.head < 0 else s.head}, opacity={s.opacity})\n"
        )

    def _look(self, model, checkpoint, source, number, path, cue: Cue, iterations: int) -> xr.Dataset:
        loaded = self._load(model, checkpoint)
        pixels = self._pixels(model, checkpoint, source, number, path)
        return look(loaded, pixels, {"cue": cue}, iterations)

    def _read(self, model: str, checkpoint: str, source: str, number: int, path: str) -> np.ndarray:
        loaded = self._load(model, checkpoint)
        if source != FILE:
            return competing.picture(source, number, loaded)
        if not path:
            raise ValueError("no picture is chosen: upload one, or write its path into the field file")
        return fitted(read_photograph(path), loaded)

    def _fit(self, model: nn.Module) -> None:
        """Give the controls the classes, layers and heads of a model."""
        names = class_names(model)
        self.controls["category"].options = tuple(names)
        if self.controls["category"].value not in names:
            self.controls["category"].value = "star" if "star" in names else names[0]
        layer, depth = self.controls["layer"], len(model.blocks)
        layer.max = depth - 1
        layer.value = depth - 3
        heads = model.blocks[0].attn.num_heads
        self.controls["head"].options = [("mean", -1), *((str(head), head) for head in range(heads))]

    def _clicked(self, x: float, y: float) -> None:
        self._quiet = True
        self.controls["x"].value, self.controls["y"].value = x, y
        self._quiet = False
        self._moved(None)

    def _uploaded(self, change: dict) -> None:
        """Keep an upload as a file, so that the code finds it again, and show it."""
        if not change["new"]:
            return
        try:
            upload = change["new"][0]
            path = self.folder / "uploads" / Path(upload["name"]).name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes(upload["content"]))
        except OSError as error:
            self.message = readable(error)
            return
        self._pixels.cache_clear()  # a file of this name may have been another picture
        self._looked.cache_clear()
        self._views.cache_clear()
        self._quiet = True
        self.controls["source"].value, self.controls["path"].value = FILE, str(path)
        self._quiet = False
        self._moved(None)


def _load(model: str, checkpoint: str) -> nn.Module:
    return absvit.load_model(model, checkpoint.strip() or None)
