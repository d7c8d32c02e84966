"""Items of an experiment: the stimuli of a set, with their design variables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from stimuli.sets.variables import columns_of

__all__ = ["factors_of", "items_of"]


def items_of(stimuli: xr.Dataset) -> pd.DataFrame:
    """Give the stimuli of a set as items: what is known of each but its pictures.

    Parameters
    ----------
    stimuli : stimulus set, as drawn or read.

    Returns
    -------
    DataFrame, a row a stimulus: ``item`` (FAMILY_00000), then the design variables and ``label``, then what
    is known of the objects (x_0 ..., category_0 ...), as in ``stimuli.csv``.
    """
    numbers, n_objects = stimuli["stimulus"].values, stimuli.sizes.get("object", 1)
    columns = {"item": [f"{stimuli.attrs['family']}_{number:05d}" for number in numbers]}
    for dims in (("stimulus",), ("stimulus", "object")):
        for name, variable in stimuli.data_vars.items():
            if variable.dims == dims and name != "object_class":
                values = variable.values.reshape(len(numbers), -1)
                columns |= dict(zip(columns_of(name, dims, n_objects), values.T, strict=True))
    if "object_class" in stimuli:
        words = np.array([*stimuli.attrs["categories"], ""], object)  # class -1: there is no object
        columns |= {f"category_{k}": words[classes] for k, classes in enumerate(stimuli["object_class"].values.T)}
    return pd.DataFrame(columns)


def factors_of(items: pd.DataFrame) -> list[str]:
    """Name the columns that are factors: those with two levels or more that come twice each, or more often."""
    counts = {name: items[name].nunique(dropna=False) for name in items.columns if name not in ("item", "phase")}
    return [name for name, count in counts.items() if 2 <= count <= len(items) / 2]
