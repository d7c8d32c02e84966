"""Observers: who looks. ``observer.py`` is the contract, ``named.py`` finds them by their names."""

import lazy_loader

from absvit.models.zoo.published import list_models
from stimuli.foundation.registry import Registry

__all__ = [
    "OBSERVERS", "Observer", "answering_in", "check_observer", "load_observers", "observer_of", "permuted_decoders",
]  # fmt: skip

OBSERVERS = Registry(
    "experiments.observers.observer:Observer", "absvit.observers", ("experiments.observers",), list_models
)

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "by_category": ["answering_in"],
        "check": ["check_observer"],
        "models": ["observer_of", "permuted_decoders"],
        "named": ["load_observers"],
        "observer": ["Observer"],
    },
)
