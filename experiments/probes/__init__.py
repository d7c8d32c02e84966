"""Probes, each a folder: ``probe.py`` declares it, ``summary.py`` tabulates its records, the others draw them."""

from stimuli.foundation.registry import Registry

__all__ = ["PROBES"]

PROBES = Registry("experiments.probe:Probe", "absvit.probes", ("experiments.probes",))
