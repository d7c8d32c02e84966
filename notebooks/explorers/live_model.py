"""Live models: any network or observer, loaded once, on a device that is there, and stopped once nobody waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from threading import Lock

import ipywidgets as widgets

from absvit.distributed import device_here
from absvit.models.zoo import VARIANTS, locations
from absvit.networks import Network, load_network, network_of
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
    """Make the controls that say which model looks: model, which may be any network's name, checkpoint and device.

    A model that is none of the zoo's is offered first.
    """
    names = list(dict.fromkeys([*({model} - {*model_names()}), *model_names(feedback)]))
    return {
        "model": labelled(widgets.Combobox, "model", options=names, value=model, continuous_update=False),
        "checkpoint": labelled(widgets.Combobox, "checkpoint", placeholder="default weights", continuous_update=False),
        "device": labelled(widgets.Dropdown, "device", options=DEVICES, value=device_here()),
    }


def given(model: object) -> tuple[str, dict[str, Network | Observer]]:
    """Give the name of what an explorer shows first and, by its name, the object itself, where it is no name."""
    if isinstance(model, str):
        return model, {}
    found = model if isinstance(model, Observer) else network_of(model)
    return found.name, {found.name: found}


def code_of(model: str, checkpoint: str = "", device: str = "cpu") -> str:
    """Write the expression that loads a network, or HOST+MECHANISM; the checkpoint "" is its default weights."""
    if "+" in model:
        chosen = f", [{checkpoint.strip()!r}]" if checkpoint.strip() else ""
        return f"experiments.load_observers({model!r}{chosen}, device={device!r})[0]"
    words = ", ".join(map(repr, filter(None, (model, checkpoint.strip()))))
    if model in model_names():
        return f"absvit.load_model({words})" + (f".to({device!r})" if device != "cpu" else "")
    return f"absvit.networks.load_network({words}" + (f", device={device!r})" if device != "cpu" else ")")


def fit_gain(slider: widgets.FloatSlider, model: Network | Observer, kind: str = "class") -> None:
    """Set the slider of a gain to the default of a model for a kind of cue, and let it go beyond.

    A network that looks bottom-up takes 1, which does nothing.
    """
    gain = observer_of(model).gains.get(kind, 1.0)
    slider.max = max(LARGEST_GAIN, 1.5 * gain)
    slider.value = gain


class Models:
    """Networks by name, checkpoint and device; the latest stay in memory, each with what it made of its last picture.

    Parameters
    ----------
    check : called before every part of a pass that has weights; it raises an exception to give the pass up.
    remembered : how many stay in memory.
    given : those that are there already, by name.
    """

    def __init__(
        self, check: Callable[[], None], remembered: int = 3, given: Mapping[str, Network | Observer] | None = None
    ) -> None:
        self._check, self._given = check, dict(given or {})
        self._load = lru_cache(remembered)(self._loaded)
        self._locks: dict[tuple[str, str, str], Lock] = {}

    def __call__(self, model: str, checkpoint: str = "", device: str = "cpu") -> Network | Observer:
        """Load a network, or HOST+MECHANISM, or give the one that is there already; from any thread.

        The checkpoint is "" for its default weights, a tag of bundled ones, a file, an address or "untrained".

        Raises
        ------
        FileNotFoundError, ValueError : as ``absvit.networks.load_network``; or there is no such device.
        """
        what = (model, checkpoint.strip(), device)
        with self._locks.setdefault(what, Lock()):  # asked for twice at once, it is loaded once
            return self._load(*what)

    def fit(self, controls: dict[str, widgets.Widget]) -> Network | Observer:
        """Load the model that controls say, and offer its bundled checkpoints."""
        controls["checkpoint"].options = tuple(locations.bundled_tags(controls["model"].value.partition("+")[0]))
        return self(*(controls[name].value for name in WHO))

    def named(self, controls: dict[str, widgets.Widget]) -> Callable[[], Network | Observer]:
        """Give what loads the model that controls say now; it may be called from any thread."""
        return partial(self, *(controls[name].value for name in WHO))

    def _loaded(self, model: str, checkpoint: str, device: str) -> Network | Observer:
        if model in self._given:
            found = self._given[model]
            return found.remembering() if isinstance(found, Network) else found
        if "+" in model:
            chosen = [checkpoint] if checkpoint else []
            return load_observers(model, chosen, device=device_here(device), batches=1)[0]
        loaded = load_network(model, checkpoint, device_here(device)).remembering()
        observer_of(loaded)  # finds its places by passes that nobody gives up
        for part in loaded.module.modules():
            if any(True for _ in part.parameters(recurse=False)):
                part.register_forward_pre_hook(lambda *_: self._check())
        return loaded
