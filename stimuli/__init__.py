"""Stimulus sets: drawn by a family, written as a folder that other programs read, corrupted, and made again.

>>> import stimuli
>>> list(stimuli.FAMILIES)
>>> halves = stimuli.draw("halves", n=8, seed=0)
>>> stimuli.write(halves, "outputs/halves")

What the page names is loaded when it is first asked for. The command line is ``python -m stimuli``.
"""

import importlib
import warnings

import lazy_loader

_load, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "corruptions": ["CORRUPTIONS", "corrupt"],
        "families": ["FAMILIES", "Family"],
        "families.by_name": ["draw", "frames", "make"],
        "families.check": ["check_family"],
        "sets.format": ["read", "write"],
    },
)

# Modules of release 0.1.0, that lie elsewhere now.
_FORMER = {
    "corruptions": {
        "corruption_blurs": "blur", "corruption_noises": "noise", "corruption_processing": "digital",
        "corruption_weather": "weather", "corrupted": "folder_check", "corrupting": "folder_job",
        "frost_textures": "frost_textures", "moving": "motion_blur",
    },
    "drawing": dict.fromkeys(("backgrounds", "clutter", "letters", "reversible_figures", "shapes", "surfaces")),
    "families": {
        **dict.fromkeys(("ambiguous", "contours", "crowding", "cueing", "halves", "hybrid", "morph", "navon")),
        **dict.fromkeys(("objects", "overlay", "scenes", "search")),
        "bistable": "halves", "natural": "cutout_scenes", "whole": "single_photographs",
    },
    "foundation": {
        **dict.fromkeys(("addresses", "command_line", "options", "picture_files", "processes", "terminal", "texts")),
        "counterbalance": "design", "digests": "files",
    },
    "pictures": {
        **dict.fromkeys(("class_folders", "cutouts", "photographs")),
        "example_pictures": "examples", "ten_classes": "cifar10_in_imagenet",
    },
    "sets": {
        **dict.fromkeys(("luminance", "reading", "resizing", "sheet", "variables", "writing")),
        "making": "job", "recipes": "remake", "replacing": "in_place", "stimulus_set": "format",
        "verification": "verify", "viewing": "viewing_distance",
    },
}  # fmt: skip


def __getattr__(name: str):
    for room, modules in _FORMER.items():
        if name in modules:
            home = f"{__name__}.{room}.{modules[name] or name}"
            warnings.warn(f"stimuli.{name} is {home} from version 0.2 on", DeprecationWarning, stacklevel=2)
            return importlib.import_module(home)
    return _load(name)
