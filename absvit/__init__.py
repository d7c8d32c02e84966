"""AbSViT: vision transformers that look twice, as observers for vision science.

A *prior* says what to look for, :func:`perceive` gives the *trajectory* of what the model does with it.
Pictures whose objects are known make a *stimulus set* (``python -m stimuli``), and a probe (``python -m
experiments``) leaves what models made of one in a *record*. Importing this package registers the variants
with timm, so that ``timm.create_model`` knows them too. What the page names is loaded when it is first asked
for.

>>> import absvit
>>> model = absvit.load_model("absvit_micro")
>>> looked = absvit.perceive(model, images, [absvit.priors.ClassPrior(3)])

Examples take as given: ``model``, as above; ``images``, four pictures of ``stimuli.draw("halves", n=4)``,
normalised; ``seen``, what the model made of them under its own prompt and under a cue for the first object of
each; ``record``, that of ``experiments.run("bistable", model, n=4, out="bistable.zarr")``; ``trials``, eight
answers to cue-conflict pictures, of a person and a model; and the packages by their names, ``np`` and ``xr``.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is loaded: busy threads starve those that work

import lazy_loader

from absvit.neighbours import check_not_hidden
from absvit.registration import register

check_not_hidden("stimuli")
for _name in ("experiments", "notebooks"):
    check_not_hidden(_name, needed=False)

register()

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["images", "mechanisms", "networks", "priors", "records"],
    submod_attrs={
        "closed_form": ["steerable_from"],
        "models": ["AbSViT", "Trajectory", "create_model", "list_models", "load_model", "maps", "topdown_from"],
        "models.course": ["follow"],
        "models.perceive": ["perceive"],
    },
)
