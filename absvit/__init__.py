"""AbSViT: vision transformers that look twice, as observers for vision science.

A *prior* says what to look for, :func:`perceive` gives the *trajectory* of what the model does with it. Pictures whose
objects are known make a *stimulus set* (``python -m stimuli``), and a probe (``python -m experiments``) leaves what
models made of one in a *record*. Importing this package registers the variants with timm, so that
``timm.create_model`` knows them too.

>>> import absvit
>>> model = absvit.load_model("absvit_micro")
>>> looked = absvit.perceive(model, images, [absvit.priors.ClassPrior(3)])
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is loaded: busy threads starve those that work

from absvit.neighbours import check_not_hidden

check_not_hidden("stimuli")
for _name in ("experiments", "notebooks"):
    check_not_hidden(_name, needed=False)

from absvit.models import AbSViT, Trajectory, create_model, load_model, maps, perceive, priors, topdown_from

__all__ = ["AbSViT", "Trajectory", "create_model", "load_model", "maps", "perceive", "priors", "topdown_from"]
