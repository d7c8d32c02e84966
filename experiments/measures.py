"""Measures: numbers of a bistable record, from the record alone; nothing here runs a model or plots.

Every measure takes a record in memory or on disk, keeps leading dims such as ``model`` and ``seed``, and
gives one value per stimulus, which ``bootstrap`` averages. Two priors that cue object 1 and object 2 in the
same way make a kind of cue ("class", "place", ...): measures of cueing average over the two, and their
``prior`` holds the kinds. Maps that are NaN, as the prior weights of iteration 0, give NaN.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from scipy import special

from experiments.intervals import bootstrap, interval_text
from experiments.localisation import mean_share, object_tokens, roc_auc

__all__ = [
    "DEFAULT_MAP", "MAPS", "absent_probability", "accuracy", "attention_auc", "attention_share", "bootstrap",
    "cue_decides", "cued_probability", "interval_text", "object_1_share", "object_tokens",
    "other_probability", "probabilities", "roc_auc", "selection_index", "summary", "summary_text", "written",
]  # fmt: skip

MAPS = ("prior_weights", "feedback_norm", "value_norm", "token_norm", "class_attention")
DEFAULT_MAP = "prior_weights"


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
    """
    done = np.ones(record.sizes["stimulus"], bool) if "done" not in record else record["done"].values == 1
    if not done.any():
        raise ValueError(f"none of the record's {done.size} stimuli is done yet: resume the probe")
    return record if done.all() else record.isel(stimulus=np.flatnonzero(done))


def probabilities(record: xr.Dataset) -> xr.DataArray:
    """Class probabilities p = exp(logit) / sum over classes of exp(logit).

    Parameters
    ----------
    record : bistable record.

    Returns
    -------
    (..., iteration, prior, stimulus, class) in [0, 1], sum 1 over class.
    """
    logits = record["logits"].astype(np.float32)
    exponentials = np.exp(logits - logits.max("class"))
    return _described(exponentials / exponentials.sum("class"), "class probability")


def object_1_share(record: xr.Dataset) -> xr.DataArray:
    """Share of object 1 in the two objects' probability, p(class 1) / (p(class 1) + p(class 2)).

    Computed as the logistic function of the difference of the two logits: the same, and never 0 / 0.

    Parameters
    ----------
    record : bistable record.

    Returns
    -------
    (..., iteration, prior, stimulus) in [0, 1]; .5 where both objects are equally probable.

    Raises
    ------
    ValueError : the classes of the objects are not known.
    """
    return _described(special.expit(_evidence(record)), "share of object 1 in the two objects' probability")


def selection_index(record: xr.Dataset) -> xr.DataArray:
    """Selection index p(cued) / (p(class 1) + p(class 2)), mean over the two cues of a kind.

    Parameters
    ----------
    record : bistable record.

    Returns
    -------
    (..., iteration, prior, stimulus) in [0, 1], chance .5, 1 = only the cued object is seen; exactly .5 at
    iteration 0, which no cue has reached. ``prior`` holds the kinds of cue.

    Raises
    ------
    ValueError : the classes are not known, or no kind of prior cues both objects.
    """
    evidence = _evidence(record)
    index = (special.expit(_under(1, evidence)) + special.expit(-_under(2, evidence))) / 2
    return _described(index, "selection index")


def cue_decides(record: xr.Dataset) -> xr.DataArray:
    """Whether the cue decides which object wins: p1 > p2 under cue 1 and p2 > p1 under cue 2.

    Parameters
    ----------
    record : bistable record.

    Returns
    -------
    (..., iteration, prior, stimulus) bool; ``prior`` holds the kinds of cue. A cue without effect decides no
    stimulus, coin flips decide a quarter.

    Raises
    ------
    ValueError : the classes are not known, or no kind of prior cues both objects.
    """
    evidence = _evidence(record)
    wins = (_under(1, evidence) > 0) & (_under(2, evidence) < 0)
    return _described(wins, "the cue decides which object wins")


def cued_probability(record: xr.Dataset) -> xr.DataArray:
    """Probability of the cued object's class, mean over the two cues of a kind.

    Parameters
    ----------
    record : bistable record.

    Returns
    -------
    (..., iteration, prior, stimulus) in [0, 1]; ``prior`` holds the kinds of cue.

    Raises
    ------
    ValueError : the classes are not known, or no kind of prior cues both objects.
    """
    p_1, p_2 = _shown_probabilities(record)
    return _described((_under(1, p_1) + _under(2, p_2)) / 2, "probability of the cued object's class")


def other_probability(record: xr.Dataset) -> xr.DataArray:
    """Probability of the object that is not cued, mean over the two cues of a kind.

    Parameters
    ----------
    record : bistable record.

    Returns
    -------
    (..., iteration, prior, stimulus) in [0, 1]; ``prior`` holds the kinds of cue.

    Raises
    ------
    ValueError : the classes are not known, or no kind of prior cues both objects.
    """
    p_1, p_2 = _shown_probabilities(record)
    return _described((_under(1, p_2) + _under(2, p_1)) / 2, "probability of the other object's class")


def absent_probability(record: xr.Dataset) -> xr.DataArray:
    """Probability of a class that is not shown, under the prior that cues it and without a cue.

    Parameters
    ----------
    record : bistable record with a prior "absent class".

    Returns
    -------
    (..., iteration, prior, stimulus) in [0, 1]; ``prior`` holds "absent class" and, where it was run, "none".
    Iteration 0 is the bottom-up probability.

    Raises
    ------
    ValueError : no prior cues an absent class, or the class is not known.
    """
    priors = list(record["prior"].values)
    if "absent class" not in priors:
        raise ValueError(f'expected a prior "absent class", the record holds {priors}')
    chosen = record.sel(prior=[name for name in ("absent class", "none") if name in priors])
    absent = _of_class(probabilities(chosen), chosen, "absent_class")
    return _described(absent, "probability of the absent class")


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
    """
    if _known(record, "class_2").any():
        raise ValueError("accuracy is for stimuli of one object; these show two: use selection_index instead")
    correct = record["logits"].argmax("class") == _classes(record, "class_1")
    return _described(correct, "the most probable class is the one shown")


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

    Raises
    ------
    ValueError : the record lacks this map, ``against`` is unknown, or no kind of prior cues both objects.
    """
    if against not in ("other", "rest"):
        raise ValueError(f'against must be "other" or "rest", got {against!r}')
    tokens_1, tokens_2 = object_tokens(record)
    others_1, others_2 = (tokens_2, tokens_1) if against == "other" else (~tokens_1, ~tokens_2)
    area = _over_maps(roc_auc, record, kind, ((tokens_1, others_1), (tokens_2, others_2)))
    return _described(area, f"AUC of the map {kind}, cued object against {against}")


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

    Raises
    ------
    ValueError : the record lacks this map, or no kind of prior cues both objects.
    """
    tokens_1, tokens_2 = object_tokens(record)
    share = _over_maps(mean_share, record, kind, ((tokens_1, tokens_2), (tokens_2, tokens_1)))
    return _described(share, f"share of the cued object in the map {kind}")


def summary(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate the last iteration: means over the finished stimuli with 95 % bootstrap intervals.

    Parameters
    ----------
    record : bistable record; without known classes the columns on classes are left out.
    n : bootstrap resamples.
    seed : seed of the resampling.

    Returns
    -------
    DataFrame with a row per model, seed (where several were run) and prior: a kind of cue, or a prior that
    cues neither object. Columns: model, seed, prior, n (stimuli), then selection_index, cue_decides, p_cued,
    p_other, attention_auc and attention_share (of ``DEFAULT_MAP``) and p_absent, each followed by its
    ``_low`` and ``_high``. A prior that cues neither object has object 1's share as selection_index; p_absent
    stands in the rows "absent class" and "none".
    """
    record = written(record)
    last = record.isel(iteration=[-1])
    columns = {}
    if _known(last, "class_1").all() and _known(last, "class_2").all():
        neither = object_1_share(last).isel(prior=np.flatnonzero(last["cue"].values < 1))
        columns = {
            "selection_index": xr.concat([_bare(selection_index(last)), _bare(neither)], "prior"),
            "cue_decides": cue_decides(last),
            "p_cued": cued_probability(last),
            "p_other": other_probability(last),
        }
    columns |= {"attention_auc": attention_auc(last), "attention_share": attention_share(last)}
    if "absent class" in last["prior"].values and _known(last, "absent_class").all():
        columns["p_absent"] = absent_probability(last)
    rows = list(dict.fromkeys(name for values in columns.values() for name in values["prior"].values))
    cells = {}
    for name, values in columns.items():
        interval = bootstrap(_bare(values.isel(iteration=0)), n=n, seed=seed).reindex(prior=rows)
        for end, suffix in (("estimate", ""), ("low", "_low"), ("high", "_high")):
            cells[name + suffix] = interval[end]
    leading = [dim for dim in cells["attention_auc"].dims if dim != "prior"]
    frame = xr.Dataset(cells).to_dataframe(dim_order=[*leading, "prior"]).reset_index()
    if "model" not in frame:
        frame.insert(0, "model", record.attrs.get("model", "model"))
    frame.insert(frame.columns.get_loc("prior") + 1, "n", record.sizes["stimulus"])
    return frame


def summary_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Write each mean of a summary with its interval in one cell, for a terminal or a paper.

    Parameters
    ----------
    frame : what ``summary`` gives.

    Returns
    -------
    DataFrame of the same rows, with cells such as ``.97 [.96, .98]``, empty where there is no number.
    """
    measures = [name.removesuffix("_low") for name in frame if name.endswith("_low")]
    text = frame.drop(columns=[name + suffix for name in measures for suffix in ("", "_low", "_high")])
    for name in measures:
        cells = frame[[name, f"{name}_low", f"{name}_high"]].to_numpy()
        text[name] = [interval_text(*cell) for cell in cells]
    return text


def _described(values: xr.DataArray, long_name: str) -> xr.DataArray:
    """Name the values, and let the dims of one stimulus stand last."""
    order = [dim for dim in ("iteration", "prior", "stimulus", "class") if dim in values.dims]
    values = values.transpose(..., *order).rename(None)
    values.attrs = {"long_name": long_name, "units": "1"}
    return values


def _bare(values: xr.DataArray) -> xr.DataArray:
    """Values with nothing but the coordinates of their own dims."""
    return values.drop_vars([name for name in values.coords if name not in values.dims])


def _known(record: xr.Dataset, name: str) -> np.ndarray:
    """Stimuli whose class of this name is known."""
    return record[name].values >= 0 if name in record.coords else np.zeros(record.sizes["stimulus"], bool)


def _classes(record: xr.Dataset, name: str) -> xr.Variable:
    """Class indices (stimulus), all of them known."""
    if not _known(record, name).all():
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
    """Mean over both cues of measure(map, cued tokens, other tokens), maps flattened to (..., token)."""
    if kind not in record:
        present = [name for name in MAPS if name in record]
        raise ValueError(f"expected one of the record's maps {present}, got {kind!r}")

    def flat(*arrays: np.ndarray) -> np.ndarray:
        return measure(*(array.reshape(*array.shape[:-2], -1) for array in arrays))

    by_cue = [
        xr.apply_ufunc(
            flat, _under(cue, record[kind]), *masks, input_core_dims=[("token_y", "token_x")] * 3,
            dask="parallelized", output_dtypes=[float], dask_gufunc_kwargs={"allow_rechunk": True},
        )
        for cue, masks in zip((1, 2), tokens, strict=True)
    ]  # fmt: skip
    return (by_cue[0] + by_cue[1]) / 2
