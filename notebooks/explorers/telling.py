"""MechanismExplorer: tell a network in words what to look for in a picture, by mechanisms of attention."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache, partial
from pathlib import Path

import ipywidgets as widgets
import numpy as np
import xarray as xr

from absvit import AbSViT
from absvit.mechanisms import MECHANISMS
from absvit.networks import Network
from absvit.networks.suggesting import Suggestion, suggested
from experiments.figures.page import Figure
from experiments.figures.style import Style
from experiments.live.look import Cue, painted, written
from experiments.live.look_figure import KINDS
from experiments.live.rivalry import weights
from experiments.live.tell import MAPS, tell
from experiments.live.tell_figure import rivals
from experiments.observers import Observer, load_observers, observer_of
from notebooks.explorers.explorer import Explorer, labelled
from notebooks.explorers.live_model import LARGEST_GAIN, WHO, Models, given, model_controls
from notebooks.explorers.picture_controls import FILE, PictureChooser, code_of_picture, read_picture, show_known
from notebooks.explorers.place_picker import PlacePicker
from notebooks.explorers.word_controls import SentenceField, WordChooser

__all__ = ["MechanismExplorer", "MechanismSelection"]

PICTURE = ("source", "number", "path", "photographs")
CUES = ("class", "place", "class and place", "sentence")
SHAPES = ("spotlight", "brush")
FIRST = ("decision_bias", "evidence_gate")  # mechanisms that any host with places takes
ALONE = "no mechanism"
SUGGESTED = 8
IMPORTS = """from dataclasses import replace
from pathlib import Path

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
    beside : names of other observers, HOST or HOST+MECHANISM, with spaces between them; "" for none.
    source : kind of embedded pictures, or "a file".
    number : which embedded picture.
    path : the file.
    photographs : class folder for pictures of two readings; "" for the embedded objects.
    prior : kind of cue, "class", "place", "class and place" or "sentence".
    category : the kinds that are looked for, in words.
    other : others that are looked for instead, beside them; "" for none.
    sentence : what is told in plain language.
    shape : of a cued place, "spotlight" or "brush".
    x, y : the spotlight's centre, as fractions of width and height.
    width : standard deviation of the spotlight, as a fraction of the picture's width.
    cells : that are painted, as ``look.written`` writes them.
    gain : factor on the default gain of whoever looks; times the strength of a mechanism it is the dose.
    iterations : passes under the cue.
    kind : map.
    """

    model: str
    checkpoint: str
    device: str
    mechanisms: tuple[str, ...]
    beside: str
    source: str
    number: int
    path: str
    photographs: str
    prior: str
    category: str
    other: str
    sentence: str
    shape: str
    x: float
    y: float
    width: float
    cells: str
    gain: float
    iterations: int
    kind: str

    @property
    def cues(self) -> list[Cue]:
        """What is looked for, one after the other."""
        where = {}
        if self.prior == "sentence":
            return [Cue(self.prior, times=self.gain, sentence=self.sentence)]
        if "place" in self.prior and self.shape == "brush":
            mask = painted(self.cells)
            if not mask.any():
                raise ValueError("no cell is painted: paint where to look, or take the spotlight")
            where = {"cells": tuple(map(tuple, np.argwhere(mask).tolist())), "painted": mask.shape}
        elif "place" in self.prior:
            where = {"place": (self.x, self.y), "width": self.width}
        if "class" not in self.prior:
            return [Cue(self.prior, times=self.gain, **where)]
        words = dict.fromkeys(word.strip() for word in (self.category, self.other) if word.strip())
        return [Cue(self.prior, word, times=self.gain, **where) for word in words]


class MechanismExplorer(Explorer):
    """Look for something in a picture, by several mechanisms of attention: what each weighs, sees, and decides.

    Words for kinds are completed, and chosen from where several may be meant; what is seen bottom-up stands ready
    as a cue. The kind that was looked for before a suggestion is taken is then the other one.

    Parameters
    ----------
    model : network that is shown first: any name that ``absvit.networks.load_network`` takes, or a network,
        a module or a function (``network_of`` tells what it has to know of these).
    folder : where uploads are kept and figures are saved.
    beside : names of other observers that are told the same, with spaces between them, such as an AbSViT of the
        same classes and size.
    """

    leading = (*WHO, "prior", *PICTURE)

    def __init__(
        self, model: str | Network | Callable = "cnn_micro", folder: Path | str = "outputs", beside: str = ""
    ) -> None:
        name, self._given = given(model)
        self.models = Models(lambda: None, given=self._given)  # each look is given up as a whole
        self._observer = lru_cache(16)(self._observed)
        self._pixels = lru_cache(16)(self._read)
        self._told = lru_cache(32)(self._tell)
        self._suggested = lru_cache(32)(self._suggest)
        self._others = lru_cache(4)(lambda names: load_observers(names.split(), batches=1))
        self._fitted_to: tuple[str, ...] | None = None
        self.chooser, self.words, self.told = PictureChooser("halves"), WordChooser(self._set), SentenceField()
        slider, share = {"continuous_update": True}, {"min": 0, "max": 1, "step": 0.01}
        gains = {"value": 1, "min": 0, "max": LARGEST_GAIN, "step": 0.25}
        rows = {"rows": len(MECHANISMS), "value": FIRST}
        named = {"value": beside, "placeholder": "HOST+MECHANISM ...", "continuous_update": False}
        controls = {
            **model_controls(name),
            "mechanisms": labelled(widgets.SelectMultiple, "mechanisms", options=tuple(MECHANISMS), **rows),
            "beside": labelled(widgets.Text, "beside", **named),
            **self.chooser.controls,
            "prior": labelled(widgets.Dropdown, "cue", options=CUES),
            **self.words.controls,
            "sentence": self.told.control,
            "shape": labelled(widgets.Dropdown, "shape", options=SHAPES),
            "x": labelled(widgets.FloatSlider, "x", value=0.25, **share, **slider),
            "y": labelled(widgets.FloatSlider, "y", value=0.5, **share, **slider),
            "width": labelled(widgets.FloatSlider, "width", value=0.15, min=0.02, max=1, step=0.01, **slider),
            "cells": labelled(widgets.Text, "cells", continuous_update=False),
            "gain": labelled(widgets.FloatSlider, "gain", **gains, **slider),
            "iterations": labelled(widgets.IntSlider, "iterations", value=1, min=0, max=8, **slider),
            "kind": labelled(widgets.Dropdown, "map", options=[(KINDS[kind], kind) for kind in MAPS[::-1]]),
        }
        self.place = PlacePicker(self._clicked, self._dragged, self._brushed)
        super().__init__(controls, MechanismSelection, "mechanisms", folder)
        self.chooser.keep_uploads(self.folder, self._uploaded, lambda text: setattr(self, "message", text))
        self.update()

    def panel(self) -> list[widgets.Widget]:
        """List the widgets of the left side, in order."""
        rows = list(self.controls.values())
        chosen = [self.words.meant, self.told.reading, self.words.suggestions, self.place]
        return [*rows[:9], self.chooser.upload, *rows[9:13], *chosen, *rows[13:]]

    def needs(self) -> Callable[[], object]:
        """Give what loads the network and puts the mechanisms on it."""
        at = {name: self.controls[name].value for name in (*WHO, "mechanisms", "beside")}
        who, load = tuple(at[name] for name in WHO), self.models.named(self.controls)

        def loaded() -> None:
            load()
            for name in at["mechanisms"]:
                self._can_have(*who, name)
            self._others(at["beside"])

        return loaded

    def prepare(self) -> None:
        """Fit words, checkpoints, picture and mechanisms to the network, and what is shown to the cue."""
        at = {name: control.value for name, control in self.controls.items()}
        where, brush = "place" in at["prior"], at["shape"] == "brush"
        for name in ("x", "y", "width", "cells"):
            self.controls[name].layout.display = "" if where and (name == "cells") == brush else "none"
        for widget in (self.place, self.controls["shape"]):
            widget.layout.display = "" if where else "none"
        self.words.show("class" in at["prior"])
        self.told.show(at["prior"] == "sentence")
        self.models.fit(self.controls)
        who = tuple(at[name] for name in WHO)
        if who != self._fitted_to:
            self._fit(*who)
        self.chooser.fit()
        if "class" in at["prior"]:
            self.words.understand(self._observer(*who, ""))
        if where:
            pixels = self._pixels(*who, *(self.controls[name].value for name in PICTURE))
            if brush and not self.controls["cells"].value.strip():
                self.controls["cells"].value = self._around_spotlight(self._observer(*who, "").locations)
            self.place.show(pixels, painted(self.controls["cells"].value) if brush else None)

    def _fit(self, *who: str) -> None:
        """Give the controls the words and mechanisms of a network, and a picture of what it knows."""
        alone = self._observer(*who, "")
        show_known(self.controls, "source", alone)
        self.words.fit(alone, partial(self._first, who))
        shown, network = self.controls["mechanisms"], self.models(*who)
        if self._fitted_to is None and isinstance(getattr(network, "module", None), AbSViT):
            shown.value = ("feedback", *shown.value)
        shown.value = tuple(name for name in shown.value if self._can_have(*who, name))
        self._fitted_to = who

    def _first(self, who: tuple) -> list[str]:
        """Kinds to look for first: those that are seen bottom-up, where that is known."""
        try:
            seen = self._suggested(who, tuple(self.controls[name].value for name in PICTURE))
        except (ValueError, OSError):  # there is no such picture, which is said later
            seen = []
        return [one.category for one in seen]

    def draw(self, selection: MechanismSelection, style: Style) -> tuple[xr.Dataset, Figure]:
        """Tell the network what to look for by each mechanism, and draw what is seen."""
        s = selection
        who, picture = (s.model, s.checkpoint, s.device), tuple(getattr(s, name) for name in PICTURE)
        record = self._told(who, s.mechanisms, s.beside.strip(), picture, tuple(s.cues), s.iterations)
        offered = [asdict(one) for one in self._suggested(who, picture)]
        record = record.assign_attrs(suggestions=json.dumps(offered))
        return record, rivals(record, s.kind, style)

    def shown(self) -> None:
        """Offer the kinds that are seen bottom-up, and say where a prior finds no evidence."""
        self.words.suggest([Suggestion(**one) for one in json.loads(self.record.attrs["suggestions"])])
        self.told.tell(self.record)
        empty = weights(self.record).query("weighs_nothing")
        if len(empty):
            first = empty.iloc[0]
            self.message = f"no evidence for {first['prior']}: the prior of {first['model']} weighs nothing"

    def _around_spotlight(self, grid: tuple[int, int]) -> str:
        """Cells within a standard deviation of the spotlight's centre: a brush begins where it stood."""
        x, y, width = (self.controls[name].value for name in ("x", "y", "width"))
        rows, columns = ((np.arange(n) + 0.5) / n for n in grid)
        near = np.hypot(columns - x, rows[:, None] - y) <= max(width, 1 / min(grid))
        return written(np.argwhere(near).tolist(), grid)

    def code(self, selection: MechanismSelection, style: str) -> str:
        """Write the lines that make the same figure."""
        s = selection
        words = ", ".join(map(repr, (s.model, s.checkpoint.strip() or "default", s.device)))
        here = "network_of(given)  # what the explorer was given"
        told = ", ".join(map(_code_of, s.cues))
        beside = "".join(f", {name!r}" for name in s.beside.split())
        return (
            f"{IMPORTS}\nnetwork = {here if s.model in self._given else f'load_network({words})'}\n"
            f"model = replace(observer_of(network, {ALONE!r}), kinds=())\n"
            f"mechanisms = {[*s.mechanisms]}\n"
            "told = [observer_of(network, name, mechanism=MECHANISMS[name]) for name in mechanisms]\n"
            f"picture = {code_of_picture(s.source, s.number, s.path, s.photographs)}\n"
            f"cues = [{told}]\n"
            f"record = tell([model, *told{beside}], picture, cues, iterations={s.iterations})\n"
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

    def _tell(
        self,
        who: tuple,
        mechanisms: tuple[str, ...],
        beside: str,
        picture: tuple,
        cues: tuple[Cue, ...],
        iterations: int,
    ) -> xr.Dataset:
        observers = [*(self._observer(*who, name) for name in ("", *mechanisms)), *self._others(beside)]
        return tell(observers, self._pixels(*who, *picture), cues, iterations)

    def _suggest(self, who: tuple, picture: tuple) -> list[Suggestion]:
        """What is seen bottom-up; nothing where an observer, and no network, looks."""
        network = self.models(*who)
        if not isinstance(network, Network):
            return []
        return suggested(network, self._observer(*who, "").images(self._pixels(*who, *picture)[None]), SUGGESTED)

    def _read(self, model: str, checkpoint: str, device: str, *picture):
        return read_picture(*picture, self._observer(model, checkpoint, device, ""))

    def _clicked(self, x: float, y: float) -> None:
        self._set(shape="spotlight", x=round(x, 2), y=round(y, 2))

    def _dragged(self, left: float, top: float, right: float, bottom: float) -> None:
        spread = max(0.02, (right - left + bottom - top) / 8)  # two standard deviations reach the edges
        centre = {"x": round((left + right) / 2, 2), "y": round((top + bottom) / 2, 2)}
        self._set(shape="spotlight", **centre, width=round(spread, 2))

    def _brushed(self, cells: np.ndarray) -> None:
        self._set(cells=written(np.argwhere(cells).tolist(), cells.shape))

    def _uploaded(self, path: str) -> None:
        """Forget pictures, since a file of this name may have been another one, and show the upload."""
        for cache in (self._pixels, self._told, self._suggested, self._views):
            cache.cache_clear()
        self._set(source=FILE, path=path)


def _code_of(cue: Cue) -> str:
    """The expression that makes a cue, without what it is by default."""
    told = [(of.name, getattr(cue, of.name)) for of in fields(Cue)[1:] if getattr(cue, of.name) != of.default]
    return f"Cue({', '.join([repr(cue.kind), *(f'{name}={value!r}' for name, value in told)])})"
