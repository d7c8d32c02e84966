"""Read-outs: how probable each option of a task is to an observer, of its logits.

Each gives the ``read_out`` of a Task: a function of (logits, stimuli, options).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import scipy
import xarray as xr

__all__ = ["by_category", "by_presence", "by_template"]

ReadOut = Callable[[xr.DataArray, xr.Dataset, tuple[str, ...]], np.ndarray]


def by_category(logits: xr.DataArray, stimuli: xr.Dataset, options: tuple[str, ...]) -> np.ndarray:
    """Give the softmax over the options, which are classes: who chooses among these leaves out all others.

    A ValueError names an option that is no class of the observer.
    """
    chosen = [_place(logits, option) for option in options]
    return scipy.special.softmax(logits.values[:, chosen].astype(float), axis=1)


def by_presence(name: str = "class_1") -> ReadOut:
    """Read out "present" or "absent", the first and the second option, of the evidence for a class.

    The evidence is ln p / (1 - p) of the class that the variable ``name`` of the stimuli names. Present is as
    probable as the evidence by which it exceeds a criterion, in log odds. The criterion is the median
    over all stimuli of the study under this instruction: an observer says present about as often as
    absent, as people do who are told that half of the displays hold what they look for.
    """
    return partial(_present, name)


def _present(name: str, logits: xr.DataArray, stimuli: xr.Dataset, options: tuple[str, ...]) -> np.ndarray:
    values = logits.values.astype(float)
    own = np.array([_place(logits, word) for word in stimuli[name].values])[:, None]
    others = np.where(np.arange(values.shape[1]) == own, -np.inf, values)
    evidence = np.take_along_axis(values, own, 1)[:, 0] - scipy.special.logsumexp(others, axis=1)
    present = scipy.special.expit(evidence - np.median(evidence))
    return np.column_stack([present, 1 - present])


def by_template(name: str, among: tuple[str, str]) -> ReadOut:
    """Read out what is no class of the observer by matching its logits to templates.

    An option's template is the mean pattern, logits minus their mean, over the stimuli whose variable
    ``name`` is the option, of those whose variable among[0] has the value among[1]; the stimulus itself
    is left out (Haxby et al. 2001, Science 293). An option is as probable as the pattern under a Gaussian
    around its template whose variance, the same in all directions, is that of these stimuli around their
    templates.
    """
    return partial(_alike, name, among)


def _alike(
    name: str, among: tuple[str, str], logits: xr.DataArray, stimuli: xr.Dataset, options: tuple[str, ...]
) -> np.ndarray:
    x = logits.values.astype(float)
    x = x - x.mean(1, keepdims=True)
    of, kept = stimuli[name].values.astype(str), stimuli[among[0]].values == among[1]
    distance = np.stack([_from_template(x, kept & (of == option), option) for option in options], 1)
    own = distance[kept, [options.index(word) for word in of[kept]]]
    return scipy.special.softmax(-distance * x.shape[1] / (2 * own.mean()), axis=1)


def _from_template(x: np.ndarray, members: np.ndarray, option: str) -> np.ndarray:
    """Squared distance (stimulus,) of patterns (stimulus, class) from the mean of the other members."""
    if members.sum() < 2:
        there = int(members.sum())
        raise ValueError(f"a template of {option!r} needs two stimuli of it alone, the study has {there}")
    inside = members[:, None]
    template = (x[members].sum(0) - np.where(inside, x, 0)) / (members.sum() - inside)
    return ((x - template) ** 2).sum(1)


def _place(logits: xr.DataArray, option: str) -> int:
    """Place of an option among the classes."""
    classes = logits["class"].values.tolist()
    if option not in classes:
        raise ValueError(f"the observer knows no class {option!r}: let it answer in categories")
    return classes.index(option)
