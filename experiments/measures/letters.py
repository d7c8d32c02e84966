"""Letters: which letter of a compound figure a model's answer is like, for models that know no letters."""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr

__all__ = ["letter_evidence"]


def letter_evidence(record: xr.Dataset, level: Literal["global", "local"] = "global") -> xr.DataArray:
    """Evidence for a figure's global or local letter, by matching the pattern of its logits to templates.

    The template of a letter is the mean pattern over the congruent figures made of it, the figure itself left
    out, and a pattern the logits minus their mean. The evidence is the squared distance to the nearest other
    letter's template minus that to this letter's: the nearest-mean rule, by which figures are told right
    where it is positive (leave-one-out template matching: Haxby et al. 2001, Science 293).

    Parameters
    ----------
    record : Navon record; for each letter at least two congruent figures.
    level : whose letter.

    Returns
    -------
    (..., iteration, prior, stimulus); of an incongruent figure of two letters, the global letter's is the
    negative of the local letter's: positive = the large letter decides.

    Raises
    ------
    ValueError : no compound letters, or too few congruent figures.
    """
    if "congruency" not in record.coords or level not in ("global", "local"):
        raise ValueError(f'expected a Navon record and "global" or "local", got {level!r}')
    congruent = record["congruency"].values == "congruent"
    whole, own = record["global_letter"].values, record[f"{level}_letter"].values
    letters = sorted({str(letter) for letter in [*whole, *record["local_letter"].values]})
    logits = record["logits"].load().astype(np.float64)
    pattern = (logits - logits.mean("class")).transpose(..., "stimulus", "class")
    x = pattern.values
    distances = []
    for letter in letters:
        members = congruent & (whole == letter)
        if members.sum() < 2:
            raise ValueError(f"a template of {letter!r} needs two congruent figures, the record holds {members.sum()}")
        total = x[..., members, :].sum(-2, keepdims=True)
        inside = members[:, None]  # a figure is no part of its own template
        template = (total - np.where(inside, x, 0)) / (members.sum() - inside)
        distances.append(((x - template) ** 2).sum(-1))
    distances = np.stack(distances)
    is_own = np.array([own == letter for letter in letters])
    at = is_own.reshape(len(letters), *[1] * (x.ndim - 2), -1)
    evidence = np.where(at, np.inf, distances).min(0) - np.where(at, distances, np.inf).min(0)
    found = pattern.isel({"class": 0}, drop=True).copy(data=evidence)
    return found.rename(None).assign_attrs(long_name=f"evidence for the {level} letter", units="1")
