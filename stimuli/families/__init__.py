"""The stimulus families, ours and those of installed packages, by name."""

from stimuli.families.family import Family
from stimuli.foundation.registry import Registry

__all__ = ["FAMILIES", "Family"]

FAMILIES: Registry[Family] = Registry("stimuli.families.family:Family", "absvit.families", ("stimuli.families",))
