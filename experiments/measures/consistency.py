"""Consistency: whether observers err on the same trials, and whether shape or texture decides, from their answers.

Everything here takes trials as tables with the columns of model-vs-human: subj, session, trial, rt,
object_response, category, condition, imagename. It serves people and models alike. A trial of one observer is
compared with that of another on the same stimulus under the same condition; names are compared as they are
written.
"""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pandas as pd

__all__ = [
    "accuracy_by_observer", "cohens_kappa", "error_consistency", "is_cue_conflict", "is_person",
    "mean_error_consistency", "remarks", "shape_bias", "shape_decisions", "stimulus_of",
]  # fmt: skip

NO_ANSWER = "na"
PERSON = "subject-"  # how people are called in model-vs-human's files
IMAGENET = re.compile(r"(?:^|_)(n\d{8}_[^_]+)$")  # class and number of a picture
NAMED = re.compile(r"\d+_[^_]+_[^_]+_[^_]+_[^_]+_\d+_(.+)")  # trial, experiment, observer, condition, category, group

CONFLICT = r"([^\d-]+)\d*-([^\d.]+)\d*(?:\.\w+)?"  # category and number of the shape, then of the texture


def stimulus_of(imagename: str) -> str:
    """Name the stimulus of a trial; before it stand trial, experiment, observer, condition, category and a number.

    Parameters
    ----------
    imagename : as in the table: ``0001_edg_s01_0_oven_00_oven10.png`` shows oven10.png, and
        ``0001_cop_dnn_c05_dog_10_n02109525_2503.png`` ImageNet's n02109525_2503.png. Of names that are built
        otherwise it is what follows the last underscore.

    Examples
    --------
    >>> measures.stimulus_of("0001_cue_s01_c0_dog_10_dog10-bird2.png")
    'dog10-bird2.png'
    """
    if picture := IMAGENET.search(imagename):
        return picture[1]
    named = NAMED.fullmatch(imagename)
    return named[1] if named else imagename.rpartition("_")[2]


def is_person(observer: str) -> bool:
    """Whether an observer is a person by the name, subject-...; all others are models.

    Parameters
    ----------
    observer : as in the table.

    Examples
    --------
    >>> measures.is_person("subject-01"), measures.is_person("vit_micro")
    (True, False)
    """
    return observer.startswith(PERSON)


def is_cue_conflict(imagename: str) -> bool:
    """Whether a stimulus is named after its shape and its texture, SHAPEn-TEXTUREm, for example ``dog10-bird2.png``.

    Parameters
    ----------
    imagename : as in the table.

    Examples
    --------
    >>> measures.is_cue_conflict("dog10-bird2.png"), measures.is_cue_conflict("dog10.png")
    (True, False)
    """
    return re.fullmatch(CONFLICT, stimulus_of(imagename)) is not None


def accuracy_by_observer(trials: pd.DataFrame) -> pd.Series:
    """Share of trials whose answer is the category; trials without an answer count as errors.

    Parameters
    ----------
    trials : of one or more observers.

    Returns
    -------
    Series over subj, in [0, 1].

    Examples
    --------
    >>> measures.accuracy_by_observer(trials).to_dict()
    {'subject-01': 0.75, 'vit_micro': 0.5}
    """
    return _correct(trials).groupby(trials["subj"]).mean()


def cohens_kappa(first: np.ndarray, second: np.ndarray) -> float:
    """Agreement beyond chance, (c_obs - c_exp) / (1 - c_exp) (Cohen 1960; of errors: Geirhos et al. 2020, NeurIPS).

    Parameters
    ----------
    first : (trial,) bool, whether an observer was right.
    second : (trial,) bool, whether another was, in the same trials.

    Returns
    -------
    kappa in [-1, 1]: 0 = as independent observers of these accuracies, 1 = the same errors; NaN without
    trials, or where both are always right or both always wrong (model-vs-human's code gives 1 there).

    Examples
    --------
    >>> measures.cohens_kappa(np.array([1, 1, 0, 0]), np.array([1, 1, 0, 0]))
    1.0
    """
    first, second = np.asarray(first, bool), np.asarray(second, bool)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"expected answers to the same trials, got {first.shape} and {second.shape}")
    if not first.size:
        return float("nan")
    p, q = first.mean(), second.mean()
    expected = p * q + (1 - p) * (1 - q)
    return float(((first == second).mean() - expected) / (1 - expected)) if expected < 1 else float("nan")


def error_consistency(trials: pd.DataFrame) -> pd.DataFrame:
    """Cohen's kappa of the errors of every pair of observers, in each condition, and its mean over conditions.

    Over conditions at once, those that are easy for both and hard for both would count as agreement (Geirhos,
    Meding and Wichmann 2020, NeurIPS, take conditions one by one).

    Parameters
    ----------
    trials : of two or more observers; each shows a stimulus once in a condition.

    Returns
    -------
    DataFrame with a row per pair: first, second, n (trials of either that have a partner), kappa, conditions
    (how many it is the mean of; those whose kappa is NaN do not count), alike (how many these are: both
    always right, or both always wrong), and unmatched (trials of both without a partner).

    Raises
    ------
    ValueError : fewer than two observers, no two that have a stimulus in common, or a stimulus shown twice to
        one.

    Examples
    --------
    >>> measures.error_consistency(trials)["kappa"].tolist()
    [0.5]
    """
    by_observer = _by_observer(trials)
    if len(by_observer) < 2:
        raise ValueError(f"error consistency needs at least two observers, got {list(by_observer)}")
    rows = []
    for first, second in combinations(by_observer, 2):
        both = pd.concat([by_observer[first], by_observer[second]], axis=1, join="inner")
        groups = both.groupby(level="condition", observed=True)
        kappas = pd.Series([cohens_kappa(*of_one.to_numpy().T) for _, of_one in groups], dtype=float)
        alone = len(by_observer[first]) + len(by_observer[second]) - 2 * len(both)
        rows.append((first, second, len(both), kappas.mean(), kappas.count(), kappas.isna().sum(), alone))
    pairs = pd.DataFrame(rows, columns=["first", "second", "n", "kappa", "conditions", "alike", "unmatched"])
    if not pairs["n"].any():
        raise ValueError("no two observers have a stimulus in common: " + " ".join(_unmatched(by_observer)))
    return pairs


def remarks(trials: pd.DataFrame) -> list[str]:
    """Say what of the trials does not enter a comparison as it may seem to: no partner, no kappa, no answer.

    Parameters
    ----------
    trials : of one or more observers.

    Returns
    -------
    Sentences; none where all observers saw the same stimuli in the same conditions and gave categories as
    answers, and no two were always right, or always wrong, in a condition.

    Examples
    --------
    >>> measures.remarks(trials)
    ["2 of 8 answers are none of the categories and count as errors: 'bird' (2); of vit_micro."]
    """
    by_observer = _by_observer(trials)
    return [*_unmatched(by_observer), *_undefined(trials, by_observer), *_strange_answers(trials)]


def mean_error_consistency(trials: pd.DataFrame, of: list[str] | None = None, among: list[str] | None = None) -> float:
    """Mean kappa over pairs of observers.

    Parameters
    ----------
    trials : of two or more observers.
    of : only pairs with one of these, such as models; all pairs, if left out.
    among : whose other member is one of these, such as people.

    Returns
    -------
    kappa in [-1, 1]; NaN pairs are left out.

    Examples
    --------
    >>> measures.mean_error_consistency(trials)
    0.5
    """
    pairs = error_consistency(trials)
    if of is not None:
        others = sorted({*pairs["first"], *pairs["second"]} - set(of)) if among is None else among
        across = [(a in of and b in others) or (b in of and a in others) for a, b in pairs[["first", "second"]].values]
        pairs = pairs[across]
    return float(pairs["kappa"].mean())


def shape_decisions(trials: pd.DataFrame) -> pd.DataFrame:
    """Which of the answers to cue-conflict stimuli are the shape's; those to neither shape nor texture are left out.

    Parameters
    ----------
    trials : cue-conflict trials, whose stimuli are named SHAPEn-TEXTUREm, for example ``dog10-bird2.png``.
        Trials whose shape and texture agree are left out.

    Returns
    -------
    DataFrame with subj and shape, True where the answer is the shape's category, False where it is the
    texture's.

    Raises
    ------
    ValueError : a stimulus is not named so.

    Examples
    --------
    >>> measures.shape_decisions(trials).shape
    (7, 2)
    """
    names = trials["imagename"].map(stimulus_of)
    parts = names.str.extract(f"^{CONFLICT}$")
    if parts.isna().any(axis=None):
        wrong = names[parts.isna().any(axis=1)].iloc[0]
        raise ValueError(f"cue-conflict stimuli are named SHAPEn-TEXTUREm, got {wrong!r}")
    shape, texture = (trials["object_response"] == parts[k] for k in (0, 1))
    decided = (parts[0] != parts[1]) & (shape | texture)
    return pd.DataFrame({"subj": trials["subj"], "shape": shape})[decided]


def shape_bias(trials: pd.DataFrame) -> pd.Series:
    """Share of shape answers among answers of the shape's or the texture's category (Geirhos et al. 2019, ICLR).

    Parameters
    ----------
    trials : as for :func:`shape_decisions`.

    Returns
    -------
    Series over subj, in [0, 1]; NaN for an observer who gave neither.

    Raises
    ------
    ValueError : a stimulus is not named SHAPEn-TEXTUREm.

    Examples
    --------
    >>> measures.shape_bias(trials).to_dict()
    {'subject-01': 0.75, 'vit_micro': 0.6666666666666666}
    """
    bias = shape_decisions(trials).groupby("subj")["shape"].mean()
    return bias.reindex(sorted(trials["subj"].unique())).rename_axis("subj").rename("shape_bias")


def _correct(trials: pd.DataFrame) -> pd.Series:
    """Whether each answer is the category."""
    lacking = {"subj", "object_response", "category", "condition", "imagename"} - set(trials.columns)
    if lacking:
        raise ValueError(f"expected the columns of model-vs-human, {', '.join(sorted(lacking))} are missing")
    return trials["object_response"] == trials["category"]


def _by_observer(trials: pd.DataFrame) -> dict[str, pd.Series]:
    """Whether each observer was right (trial,), by condition, category and stimulus."""
    right, found = _correct(trials).to_numpy(), {}
    names = {name: stimulus_of(name) for name in trials["imagename"].unique()}
    keys = trials.assign(stimulus=trials["imagename"].map(names))[["condition", "category", "stimulus"]].astype(str)
    for name, rows in trials.groupby("subj", sort=True).indices.items():
        key = pd.MultiIndex.from_frame(keys.iloc[rows])
        if key.has_duplicates:
            condition, _, stimulus = key[key.duplicated()][0]
            again = f"{name} was shown {stimulus} twice in condition {condition}"
            raise ValueError(f"{again}: choose one session, or one list")
        found[name] = pd.Series(right[rows], key)
    return found


def _unmatched(by_observer: dict[str, pd.Series]) -> list[str]:
    """Which conditions only some observers saw, and how many trials have no partner."""
    told = []
    conditions = {name: set(seen.index.unique("condition")) for name, seen in by_observer.items()}
    common = set.intersection(*conditions.values())
    if other := {name: sorted(of_one - common) for name, of_one in conditions.items() if of_one - common}:
        by_names = {}
        for name, of_one in other.items():
            by_names.setdefault(_listed(of_one), []).append(name)
        seen = "; ".join(f"{_listed(names)}: {given}" for given, names in by_names.items())
        told.append(f"Conditions that not all observers saw, by name: {seen}.")
    pairs = [(a.size, b.size, a.index.isin(b.index).sum()) for a, b in combinations(by_observer.values(), 2)]
    if apart := [n for a, b, n in pairs if n < max(a, b)]:
        shown = max(max(sizes) for *sizes, _ in pairs)
        compared = f"{min(apart)}" if min(apart) == max(apart) else f"{min(apart)} to {max(apart)}"
        told.append(
            f"In {len(apart)} of {len(pairs)} pairs, trials without a partner (the same stimulus, category and "
            f"condition) are left out: {compared} are compared, of up to {shown}."
        )
    return told


def _undefined(trials: pd.DataFrame, by_observer: dict[str, pd.Series]) -> list[str]:
    """In how many pairs and conditions there is no kappa, since both are always right, or always wrong."""
    alike = error_consistency(trials)["alike"].to_numpy() if len(by_observer) > 1 else np.zeros(0)
    if not alike.any():
        return []
    return [
        f"Where both observers are always right, or both always wrong, kappa is not defined: {alike.sum()} conditions "
        f"of {(alike > 0).sum()} of {len(alike)} pairs are left out."
    ]


def _strange_answers(trials: pd.DataFrame) -> list[str]:
    """How many trials have no answer, and which answers are no category."""
    answers, told = trials["object_response"], []
    if missing := int((answers == NO_ANSWER).sum()):
        told.append(f"{missing} of {len(trials)} trials have no answer ({NO_ANSWER}) and count as errors.")
    strange = ~answers.isin([*trials["category"].unique(), NO_ANSWER])
    if strange.any():
        which = _listed([f"{answer!r} ({count})" for answer, count in answers[strange].value_counts().items()])
        told.append(
            f"{strange.sum()} of {len(trials)} answers are none of the categories and count as errors: {which}; "
            f"of {_listed(sorted(trials['subj'][strange].unique()))}."
        )
    return told


def _listed(words: list[str], most: int = 6) -> str:
    """Words with commas; of many the first, and how many more there are."""
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")
