"""Selection: which of two competing objects a model sees, and where its maps lie.

Every measure takes a record in memory or on disk, keeps leading dims such as ``model`` and ``seed``, and
gives one value per stimulus, which ``bootstrap`` averages. Two priors that cue object 1 and object 2 in the
same way make a kind of cue ("class", "place", ...): measures of cueing average over the two, and their
``prior`` holds the kinds. Maps that are NaN, as the prior weights of iteration 0, give NaN. What the record
lacks, such as a class that the model does not know, a map, or a kind that cues both objects, is named in a
ValueError.
"""

from __future__ import annotations

import numpy as np
import scipy
import xarray as xr

from experiments.measures.localisation import (
    DEFAULT_MAP,
    MAPS,
    described,
    map_of,
    mean_share,
    over_map,
    roc_auc,
    tokens_of,
)

__all__ = [
    "DEFAULT_MAP", "MAPS", "absent_probability", "accuracy", "attention_auc", "attention_share", "classes_known",
    "cue_decides", "cued_probability", "object_1_share", "other_probability", "probabilities", "selection_index",
    "written",
]  # fmt: skip


def written(record: xr.Dataset) -> xr.Dataset:
    """Keep the stimuli that the probe has finished, in case it was stopped or still runs.

    Parameters
    ----------
    record : bistable record.

    Returns
    -------
    The record without the stimuli whose ``done`` is 0.

    Raises
    ------
    ValueError : no stimulus is done.

    Examples
    --------
    >>> measures.written(record).sizes["stimulus"]
    4
    """
    done = np.ones(record.sizes["stimulus"], bool) if "done" not in record else record["done"].values == 1
    if not done.any():
        raise ValueError(f"none of the record's {done.size} stimuli is done yet: resume the probe")
    return record if done.all() else record.isel(stimulus=np.flatnonzero(done))


def classes_known(record: xr.Dataset, name: str) -> np.ndarray:
    """Tell the stimuli whose class is known to the model.

    Parameters
    ----------
    record : bistable record.
    name : "class_1", "class_2" or "absent_class".

    Returns
    -------
    (stimulus,) bool.

    Examples
    --------
    >>> measures.classes_known(record, "class_1")
    array([ True,  True,  True,  True])
    """
    return record[name].values >= 0 if name in record.coords else np.zeros(record.sizes["stimulus"], bool)


def probabilities(record: xr.Dataset) -> xr.DataArray:
    """Class probabilities p = exp(logit) / sum over classes of exp(logit).

    Parameters
    ----------
    record : bistable record.

    Returns
    -------
    (..., iteration, prior, stimulus, class) in [0, 1], sum 1 over class.

    Examples
    --------
    >>> float(measures.probabilities(record).sum("class").mean().round(3))
    1.0
    """
    logits = record["logits"].astype(np.float32)
    exponentials = np.exp(logits - logits.max("class"))
    return described(exponentials / exponentials.sum("class"), "class probability")


def object_1_share(record: xr.Dataset) -> xr.DataArray:
    """Share of object 1 in the two objects' probability, p(class 1) / (p(class 1) + p(class 2)).

    Computed as the logistic function of the difference of the two logits: the same, and never 0 / 0.

    Parameters
    ----------
    record : bistable record.

    Returns
    -------
    (..., iteration, prior, stimulus) in [0, 1]; .5 where both objects are equally probable.

    Examples
    --------
    >>> measures.object_1_share(record).dims
    ('iteration', 'prior', 'stimulus')
    """
    return described(scipy.special.expit(_evidence(record)), "share of object 1 in the two objects' probability")


def selection_index(record: xr.Dataset) -> xr.DataArray:
    """Selection index p(cued) / (p(class 1) + p(class 2)), mean over the two cues of a kind.

    Parameters
    ----------
    record : bistable record.

    Returns
    -------
    (..., iteration, prior, stimulus) in [0, 1], chance .5, 1 = only the cued object is seen; .5 at
    iteration 0, which no cue has reached. ``prior`` holds the kinds of cue.

    Examples
    --------
    >>> round(float(measures.selection_index(record).sel(prior="class").isel(iteration=-1).mean()), 2)
    0.99
    """
    evidence = _evidence(record)
    index = (scipy.special.expit(_under(1, evidence)) + scipy.special.expit(-_under(2, evidence))) / 2
    return described(index, "selection index")


def cue_decides(record: xr.Dataset) -> xr.DataArray:
    """Whether the cue decides which object wins: p1 > p2 under cue 1 and p2 > p1 under cue 2.

    Parameters
    ----------
    record : bistable record.

    Returns
    -------
    (..., iteration, prior, stimulus) bool; ``prior`` holds the kinds of cue. A cue without effect decides no
    stimulus, coin flips decide a quarter.

    Examples
    --------
    >>> measures.cue_decides(record).sel(prior="class").isel(iteration=-1).values.ravel()
    array([ True,  True,  True,  True])
    """
    evidence = _evidence(record)
    wins = (_under(1, evidence) > 0) & (_under(2, evidence) < 0)
    return described(wins, "the cue decides which object wins")


def cued_probability(record: xr.Dataset) -> xr.DataArray:
    """Probability of the cued object's class, mean over the two cues of a kind.

    Parameters
    ----------
    record : bistable record.

    Returns
    -------
    (..., iteration, prior, stimulus) in [0, 1]; ``prior`` holds the kinds of cue.

    Examples
    --------
    >>> round(float(measures.cued_probability(record).sel(prior="class").isel(iteration=-1).mean()), 2)
    0.92
    """
    p_1, p_2 = _shown_probabilities(record)
    return described((_under(1, p_1) + _under(2, p_2)) / 2, "probability of the cued object's class")


def other_probability(record: xr.Dataset) -> xr.DataArray:
    """Probability of the object that is not cued, mean over the two cues of a kind.

    Parameters
    ----------
    record : bistable record.

    Returns
    -------
    (..., iteration, prior, stimulus) in [0, 1]; ``prior`` holds the kinds of cue.

    Examples
    --------
    >>> round(float(measures.other_probability(record).sel(prior="class").isel(iteration=-1).mean()), 2)
    0.01
    """
    p_1, p_2 = _shown_probabilities(record)
    return described((_under(1, p_2) + _under(2, p_1)) / 2, "probability of the other object's class")


def absent_probability(record: xr.Dataset) -> xr.DataArray:
    """Probability of a class that is not shown, under the prior that cues it and without a cue.

    Parameters
    ----------
    record : bistable record with a prior "absent class".

    Returns
    -------
    (..., iteration, prior, stimulus) in [0, 1]; ``prior`` holds "absent class" and, where it was run, "none".
    Iteration 0 is the bottom-up probability.

    Examples
    --------
    >>> measures.absent_probability(record).dims
    ('iteration', 'prior', 'stimulus')
    """
    priors = list(record["prior"].values)
    if "absent class" not in priors:
        raise ValueError(f'expected a prior "absent class", the record holds {priors}')
    chosen = record.sel(prior=[name for name in ("absent class", "none") if name in priors])
    absent = _of_class(probabilities(chosen), chosen, "absent_class")
    return described(absent, "probability of the absent class")


def accuracy(record: xr.Dataset) -> xr.DataArray:
    """Whether the most probable class is the one shown, for records of single objects.

    Parameters
    ----------
    record : record whose stimuli show one object: ``class_1`` is its class, ``class_2`` is -1 or left out.

    Returns
    -------
    (..., iteration, prior, stimulus) bool.

    Raises
    ------
    ValueError : a stimulus shows two objects, or its class is not known.

    Examples
    --------
    >>> shown = experiments.run("recognition", model, n=4)
    >>> measures.accuracy(shown).dims
    ('iteration', 'prior', 'stimulus')
    """
    if classes_known(record, "class_2").any():
        raise ValueError("accuracy is for stimuli of one object; these show two: use selection_index instead")
    correct = record["logits"].argmax("class") == _classes(record, "class_1")
    return described(correct, "the most probable class is the one shown")


def attention_auc(record: xr.Dataset, kind: str = DEFAULT_MAP, against: str = "other") -> xr.DataArray:
    """Area under the ROC of a map, cued object's tokens against others, mean over the two cues of a kind.

    Parameters
    ----------
    record : bistable record.
    kind : one of ``MAPS``.
    against : "other", the tokens of the other object, or "rest", all tokens that are not the cued object's.

    Returns
    -------
    (..., iteration, prior, stimulus) in [0, 1], chance .5; ``prior`` holds the kinds of cue. NaN where the
    map is NaN or an object covers no token. See ``object_tokens`` and ``roc_auc``.

    Examples
    --------
    >>> round(float(measures.attention_auc(record).sel(prior="class").isel(iteration=-1).mean()), 2)
    1.0
    """
    if against not in ("other", "rest"):
        raise ValueError(f'against must be "other" or "rest", got {against!r}')
    tokens_1, tokens_2 = tokens_of(record[["mask_1", "mask_2"]])
    others_1, others_2 = (tokens_2, tokens_1) if against == "other" else (~tokens_1, ~tokens_2)
    area = _over_maps(roc_auc, record, kind, ((tokens_1, others_1), (tokens_2, others_2)))
    return described(area, f"AUC of the map {kind}, cued object against {against}")


def attention_share(record: xr.Dataset, kind: str = DEFAULT_MAP) -> xr.DataArray:
    """Share of the cued object in a map, m(cued) / (m(cued) + m(other)), mean over the two cues of a kind.

    m is the map's mean over an object's tokens, so that a larger object has no larger share.

    Parameters
    ----------
    record : bistable record.
    kind : one of ``MAPS``; none of these is negative.

    Returns
    -------
    (..., iteration, prior, stimulus) in [0, 1], chance .5, as where the map is 0 on both objects; ``prior``
    holds the kinds of cue. NaN where the map is NaN or an object covers no token.

    Examples
    --------
    >>> round(float(measures.attention_share(record).sel(prior="class").isel(iteration=-1).mean()), 2)
    0.9
    """
    tokens_1, tokens_2 = tokens_of(record[["mask_1", "mask_2"]])
    share = _over_maps(mean_share, record, kind, ((tokens_1, tokens_2), (tokens_2, tokens_1)))
    return described(share, f"share of the cued object in the map {kind}")


def _classes(record: xr.Dataset, name: str) -> xr.Variable:
    """Class indices (stimulus), all of them known."""
    if not classes_known(record, name).all():
        raise ValueError(
            f"expected a class index in {name} for every stimulus, some are unknown: name the classes when "
            "the probe is run, or measure the maps only"
        )
    return record[name].variable.load()


def _of_class(values: xr.DataArray, record: xr.Dataset, name: str) -> xr.DataArray:
    """Values (..., stimulus, class) at one class per stimulus (..., stimulus)."""
    return values.isel({"class": _classes(record, name)}).drop_vars("class", errors="ignore")


def _evidence(record: xr.Dataset) -> xr.DataArray:
    """Evidence for object 1 against object 2: log(p1 / p2), the difference of their logits."""
    logits = record["logits"].astype(np.float32)
    return _of_class(logits, record, "class_1") - _of_class(logits, record, "class_2")


def _shown_probabilities(record: xr.Dataset) -> list[xr.DataArray]:
    """Probabilities of class 1 and of class 2 (..., iteration, prior, stimulus)."""
    p = probabilities(record)
    return [_of_class(p, record, name) for name in ("class_1", "class_2")]


def _under(cue: int, values: xr.DataArray) -> xr.DataArray:
    """Values under the priors that cue this object, one per kind that can cue both."""
    places: dict[str, dict[int, int]] = {}
    for position, (kind, cued) in enumerate(zip(values["kind"].values, values["cue"].values, strict=True)):
        places.setdefault(str(kind), {}).setdefault(int(cued), position)
    both = {kind: found[cue] for kind, found in places.items() if {1, 2} <= set(found)}
    if not both:
        raise ValueError(f"expected priors that cue object 1 and 2, got {list(values['prior'].values)}")
    kinds = xr.Variable("prior", np.array(list(both), object), {"long_name": "kind of cue"})
    return values.isel(prior=list(both.values())).drop_vars(["cue", "kind"]).assign_coords(prior=kinds)


def _over_maps(measure, record: xr.Dataset, kind: str, tokens) -> xr.DataArray:
    """Mean over both cues of measure(map, cued tokens, other tokens)."""
    values = map_of(record, kind)
    by_cue = [over_map(measure, _under(cue, values), *masks) for cue, masks in zip((1, 2), tokens, strict=True)]
    return (by_cue[0] + by_cue[1]) / 2
