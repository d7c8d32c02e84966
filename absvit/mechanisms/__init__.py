"""Mechanisms of attention: how a prior changes what a network sees. ``mechanism.py`` is the contract.

A mechanism is a frozen dataclass; another package's is found by the entry point ``absvit.mechanisms``.
"""

import lazy_loader

from stimuli.foundation.registry import Registry

__all__ = ["MECHANISMS", "Mechanism", "Told", "check_mechanism", "together"]

MECHANISMS = Registry("absvit.mechanisms.mechanism:Mechanism", "absvit.mechanisms", ("absvit.mechanisms",))

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={"check": ["check_mechanism"], "mechanism": ["Mechanism", "Told"], "in_series": ["together"]},
)
