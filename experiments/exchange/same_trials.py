"""Trial tables in the columns of model-vs-human, so that the same items and conditions are compared."""

from __future__ import annotations

import warnings
from itertools import combinations

import pandas as pd

from experiments.measures import error_consistency, is_person, stimulus_of
from experiments.trials.trial_table import factors, tested
from stimuli.foundation.texts import some

__all__ = ["matching", "of_trial_table"]

NO_ANSWER, PERSON = "na", "subject-"


def of_trial_table(table: pd.DataFrame) -> pd.DataFrame:
    """Tell a trial table in the columns of model-vs-human.

    Returns
    -------
    DataFrame with subj (people are called subject-...; observers of several sessions have a seed),
    session, trial, rt in s, object_response ("na" for none), category (the right answer), condition (the
    instruction, with the factors that vary while the item stays) and imagename, in which ``stimulus_of``
    finds the item.

    Warns
    -----
    UserWarning : trials in which nothing is right are left out; observers that gave the same answer to the same
        trial of several lists count once.

    Raises
    ------
    ValueError : trials without an item, by which they would be matched, or none in which an answer is right.
    """
    trials = tested(table)
    if unnamed := int((trials["item"] == "").sum()):
        raise ValueError(f"{unnamed} trials name no item, and cannot be matched: fill in the column item")
    open_ones = trials["answer"] == ""
    if open_ones.all():
        raise ValueError("nothing is right in these trials (the column answer is empty): there is nothing to compare")
    if open_ones.any():
        warnings.warn(
            f"{open_ones.sum()} of {len(trials)} trials have no right answer and are left out",
            stacklevel=2,
        )
    trials = trials[~open_ones].reset_index(drop=True)
    several = trials.groupby(["kind", "participant"])["session"].transform("nunique") > 1
    seeded = several & (trials["kind"] == "model")
    names = trials["participant"].where(~seeded, trials["participant"] + " seed " + trials["session"])
    persons = (trials["kind"] == "person") & ~names.map(is_person)
    condition = trials["instruction"].where(trials["instruction"] != "", "all")
    for name in factors(trials):
        if (trials.groupby("item")[name].nunique() > 1).any():
            condition = condition + f" {name} " + trials[name].astype(str)
    told = pd.DataFrame(
        {
            "subj": names.where(~persons, PERSON + names),
            "session": trials["session"],
            "trial": trials["trial"],
            "rt": trials["rt"],
            "object_response": trials["response"].where(trials["response"] != "", NO_ANSWER),
            "category": trials["answer"],
            "condition": condition,
            "imagename": "0_study_observer_condition_category_0_" + trials["item"],  # as their files are named
        }
    )
    same = told.duplicated(["subj", "condition", "category", "imagename", "object_response"])
    again = same & (trials["kind"] == "model")
    if again.any():
        warnings.warn(f"{again.sum()} trials of observers, the same answer in another list, count once", stacklevel=2)
    return told[~again].reset_index(drop=True)


def matching(trials: pd.DataFrame) -> str:
    """Say how many trials of pairs of observers match by item and condition, and which items do not."""
    observers = sorted(trials["subj"].unique())
    if len(observers) < 2:
        return f"One observer, {len(trials)} trials: there is nothing to match."
    pairs = error_consistency(trials)
    matched, alone = int(pairs["n"].sum()), int(pairs["unmatched"].sum())
    told = f"Matched by item and condition: {matched} pairs of trials of {len(pairs)} pairs of observers"
    if not alone:
        return f"{told}; none is left over."
    keys = trials.assign(item=trials["imagename"].map(stimulus_of)).groupby("subj")[["condition", "item"]]
    seen = {name: set(map(tuple, rows.to_numpy())) for name, rows in keys}
    odd = sorted({key for a, b in combinations(seen.values(), 2) for key in a ^ b})
    items = some([f"{item} ({condition})" for condition, item in odd])
    return f"{told}; {alone} trials have no partner: {items}."
