"""Matched strengths: how much a cue helps, and how often it makes up what is not there, by its strength."""

from __future__ import annotations

import numpy as np
import xarray as xr

from experiments.measures.selection import classes_known, cued_probability, probabilities

__all__ = ["cue_benefit", "cue_false_alarms", "matched_strength"]

KINDS = ("class", "place")
FALSE = {"class": ("absent class",), "place": ("place 1", "place 2")}  # priors under which it is asked, by kind of cue


def cue_benefit(record: xr.Dataset) -> xr.DataArray:
    """Raise of the cued object's probability by a valid cue, mean over the two cues of a kind.

    Parameters
    ----------
    record : with priors that cue object 1 and 2, and a prior "none".

    Returns
    -------
    (..., iteration, prior, stimulus) in [-1, 1]; ``prior`` holds the kinds of cue.

    Examples
    --------
    >>> round(float(measures.cue_benefit(record).sel(prior="class").isel(iteration=-1).mean()), 2)
    0.47
    """
    p = probabilities(record.sel(prior=["none"])).isel(prior=0, drop=True)
    known = [record[name].variable.load() for name in ("class_1", "class_2")]
    uncued = sum(p.isel({"class": index}).drop_vars("class", errors="ignore") for index in known) / 2
    benefit = cued_probability(record) - uncued.drop_vars(["cue", "kind"], errors="ignore")
    return benefit.assign_attrs(long_name="raise of the cued object's probability by a valid cue", units="1")


def cue_false_alarms(record: xr.Dataset) -> xr.DataArray:
    """Whether a class that is not shown is the answer: under the class cue that names it, and under place cues.

    Parameters
    ----------
    record : with priors "absent class", "place 1" and "place 2"; some may lack.

    Returns
    -------
    (..., iteration, prior, stimulus) share of the cues, in [0, 1]; ``prior`` holds "class" and "place", those
    that there are.

    Examples
    --------
    >>> measures.cue_false_alarms(record).dims
    ('prior', 'iteration', 'stimulus')
    """
    answered = record["logits"].argmax("class") == record["absent_class"].variable.load()
    priors = set(record["prior"].values.tolist())
    told = {kind: list(names) for kind, names in FALSE.items() if priors >= set(names)}
    if not told:
        raise ValueError(f'expected priors "absent class" or "place 1" and "place 2", got {sorted(priors)}')
    found = [answered.sel(prior=names).mean("prior") for names in told.values()]
    joined = xr.concat(found, xr.Variable("prior", np.array(list(told), object)), coords="minimal", compat="override")
    return joined.assign_attrs(long_name="a class that is not shown is the answer", units="1")


def matched_strength(record: xr.Dataset, limit: float = 0.02) -> xr.Dataset:
    """Choose the strength at which a valid cue helps most under a stated rate of false alarms.

    Means over stimuli and trained models, in the last pass. Among the gains above 0 with false alarms of at
    most the limit, the one with the largest benefit is chosen; of several, the smallest. Where every gain has
    more, it is chosen among those with the fewest.

    Parameters
    ----------
    record : with a dim gain, and priors as :func:`cue_benefit` and :func:`cue_false_alarms` read them.
    limit : largest share of answers, in (0, 1), that name a class that is not shown.

    Returns
    -------
    For each kind of cue: ``class_benefit`` and ``class_false_alarms`` ([model,] gain), and ``class_strength``
    ([model,]): a gain; NaN where the cue changes nothing at all.

    Raises
    ------
    ValueError : the record has no gains above 0, or lacks a prior or a class.
    """
    if "gain" not in record.dims or not (record["gain"] > 0).any():
        raise ValueError("strengths are matched in a record of several gains: run match, or give --gains")
    if lacking := [name for name in ("class_1", "class_2", "absent_class") if not classes_known(record, name).all()]:
        raise ValueError(f"strengths are matched by classes that the observer knows, and {lacking[0]} is not known")
    last, found = record.isel(iteration=[-1]), {}
    curves = {"benefit": cue_benefit(last), "false_alarms": cue_false_alarms(last)}
    over = [dim for dim in ("seed", "stimulus") if dim in curves["benefit"].dims]
    for kind in KINDS:
        if not all(kind in values["prior"].values for values in curves.values()):
            continue
        means = {
            name: values.sel(prior=kind, drop=True).isel(iteration=0, drop=True).mean(over).astype(float)
            for name, values in curves.items()
        }
        found |= {f"{kind}_{name}": values for name, values in means.items()}
        found[f"{kind}_strength"] = _choice(means["benefit"], means["false_alarms"], limit)
    told = {f"{kind}_{name}": f"{words}, {kind} cues" for kind in KINDS for name, words in WORDS.items()}
    return xr.Dataset(
        {name: values.assign_attrs(long_name=told[name], units="1") for name, values in found.items()}
    ).drop_vars(["cue", "kind"], errors="ignore")


WORDS = {
    "benefit": "mean raise of the cued object's probability by a valid cue",
    "false_alarms": "share of answers that name the class that is not shown",
    "strength": "gain at which a valid cue helps most, within the limit of false alarms where one is",
}


def _choice(benefit: xr.DataArray, false_alarms: xr.DataArray, limit: float) -> xr.DataArray:
    """The chosen gain, by the rule of :func:`matched_strength`; NaN where no gain changes anything."""
    above = np.flatnonzero(benefit["gain"].values > 0)
    above = above[np.argsort(benefit["gain"].values[above])]
    helps, false = benefit.isel(gain=above), false_alarms.isel(gain=above)
    allowed = np.maximum(false.min("gain"), limit)
    best = helps.where(false <= allowed, -np.inf).argmax("gain")
    return best.copy(data=helps["gain"].values[best.values]).where((benefit != 0).any("gain"))
