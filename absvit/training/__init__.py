"""Trainings: recipes, problems and the loop of all. ``absvit.training.train("micro_cued", ...)`` trains one."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "recipe": ["RECIPES", "Recipe"],
        "run_options": ["RunOptions"],
        "problem": ["Problem"],
        "loop": ["train"],
    },
)
