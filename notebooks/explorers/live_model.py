"""Live models: of the zoo, by any name or given, loaded once, and those of the zoo stopped once nobody waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from threading import Lock

import ipywidgets as widgets
from torch import nn

import absvit
from absvit.distributed import device_here
from absvit.models.zoo import VARIANTS, locations
from experiments.observers import Observer, load_observers, observer_of
from notebooks.explorers.explorer import labelled

__all__ = ["DEVICES", "LARGEST_GAIN", "WHO", "Models", "code_of", "fit_gain", "given", "model_controls", "model_names"]

DEVICES = ("cpu", "cuda", "mps")
WHO = ("model", "checkpoint", "device")
LARGEST_GAIN = 10.0  # of models whose default is small


def model_names(feedback: bool = False) -> list[str]:
    """List the models of the zoo."""
    return [variant.name for variant in VARIANTS if not feedback or variant.name.startswith("absvit")]


def model_controls(model: str, feedback: bool = False) -> dict[str, widgets.Widget]:
    """Make the controls that say which model looks: model, checkpoint and device.

    A model that is none of the zoo's is offered first.
    """
    names = list(dict.fromkeys([*([] if model in model_names() else [model]), *model_names(feedback)]))
    return {
        "model": labelled(widgets.Dropdown, "model", options=names, value=model),
        "checkpoint": labelled(widgets.Combobox, "checkpoint", placeholder="default weights", continuous_update=False),
        "device": labelled(widgets.Dropdown, "device", options=DEVICES, value=device_here()),
    }


def given(model: object) -> tuple[str, dict[str, Observer]]:
    """Give the name of what an explorer shows first, and the observer, by its name, where it is no name itself."""
    if isinstance(model, str):
        return model, {}
    observer = observer_of(model)
    return observer.name, {observer.name: observer}


def code_of(model: str, checkpoint: str = "", device: str = "cpu") -> str:
    """Write the expression that loads a model; the checkpoint "" is its default weights."""
    if model not in model_names():
        tags = f", [{checkpoint.strip()!r}]" if checkpoint.strip() else ""
        on = f", device={device!r}" if device != "cpu" else ""
        return f"experiments.load_observers({model!r}{tags}{on})[0]"
    words = ", ".join(map(repr, filter(None, (model, checkpoint.strip()))))
    return f"absvit.load_model({words})" + (f".to({device!r})" if device != "cpu" else "")


def fit_gain(slider: widgets.FloatSlider, model: nn.Module | Observer, kind: str = "class") -> None:
    """Set the slider of a gain to the default of a model for a kind of cue, and let it go beyond.

    A plain ViT takes 1, which does nothing.
    """
    gain = observer_of(model).gains.get(kind, 1.0)
    slider.max = max(LARGEST_GAIN, 1.5 * gain)
    slider.value = gain


class Models:
    """Models by name, checkpoint and device; the latest stay in memory.

    Parameters
    ----------
    check : called before every block of a pass; it raises an exception to give the pass up.
    remembered : how many stay in memory.
    given : observers that are there already, by name.
    load : function of name, checkpoint and device that loads another kind of thing.
    """

    def __init__(
        self,
        check: Callable[[], None],
        remembered: int = 3,
        given: Mapping[str, Observer] | None = None,
        load: Callable[[str, str, str], object] | None = None,
    ) -> None:
        self._check, self._given = check, dict(given or {})
        self._load = lru_cache(remembered)(load or self._loaded)
        self._locks: dict[tuple[str, str, str], Lock] = {}

    def __call__(self, model: str, checkpoint: str = "", device: str = "cpu") -> nn.Module | Observer:
        """Load a model of the zoo, or any other observer, or give the one that is loaded already; from any thread.

        The checkpoint is "" for its default weights, a tag of bundled ones, a file or an address.

        Raises
        ------
        FileNotFoundError, ValueError : as ``absvit.load_model``; or there is no such device.
        """
        what = (model, checkpoint.strip(), device)
        with self._locks.setdefault(what, Lock()):  # asked for twice at once, it is loaded once
            return self._load(*what)

    def fit(self, controls: dict[str, widgets.Widget]) -> nn.Module:
        """Load the model that controls say, and offer its bundled checkpoints."""
        host = controls["model"].value.partition("+")[0]
        controls["checkpoint"].options = tuple(locations.bundled_tags(host))
        return self(*(controls[name].value for name in WHO))

    def named(self, controls: dict[str, widgets.Widget]) -> Callable[[], nn.Module]:
        """Give what loads the model that controls say now; it may be called from any thread."""
        return partial(self, *(controls[name].value for name in WHO))

    def _loaded(self, model: str, checkpoint: str, device: str) -> nn.Module | Observer:
        if model in self._given:
            return self._given[model]
        if model not in model_names():
            return load_observers(model, [checkpoint] if checkpoint else [], device=device_here(device))[0]
        loaded = absvit.load_model(model, checkpoint).to(device_here(device))
        if not hasattr(loaded, "blocks"):
            return observer_of(loaded)
        for block in loaded.blocks:
            block.norm1.register_forward_pre_hook(lambda *_: self._check())
        return loaded
