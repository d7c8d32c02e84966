"""Trainings: recipes, tasks and the loop that they share. ``absvit.training.train("micro_cued", ...)`` trains one."""

from importlib import import_module

PAGE = {"RECIPES": "recipe", "Recipe": "recipe", "RunOptions": "run_options", "Task": "task", "train": "loop"}

__all__ = list(PAGE)


def __getattr__(name: str):
    if name not in PAGE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{PAGE[name]}"), name)


def __dir__() -> list[str]:
    return __all__
