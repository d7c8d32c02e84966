"""People at hand: a source's trials where its files are, and simulated ones, labelled so, where they are not."""

from __future__ import annotations

import os
from itertools import product

import numpy as np
import pandas as pd

from experiments.people import PEOPLE
from experiments.people.match import levels_of
from experiments.people.published_files import cached_file
from experiments.people.published_source import Source
from experiments.people.reading import trials
from experiments.trials.effects import Effect
from experiments.trials.trial_table import trial_table

__all__ = ["SIMULATED", "people_at_hand", "simulated_people"]

SIMULATED = "simulated"  # attribute of a table of people who never were: what is to be said of it
BASE, APART, NOISE = 0.55, 0.05, 0.08  # s: of reaction times, of people's means, and of a person's trials
COST, VARIES, ERRORS = 0.03, 0.015, 0.05  # s of an effect, and of its differences between people; share


def people_at_hand(source: str | Source, folder: str | os.PathLike | None = None) -> pd.DataFrame:
    """Give a source's trials if its files are in a folder or in the cache; simulated ones otherwise.

    Parameters
    ----------
    source : its name, or the source itself.
    folder : where its files are; the user's cache, if left out.

    Returns
    -------
    Trial table; the attribute "simulated" of one that was simulated says so.

    Raises
    ------
    FileNotFoundError, ValueError : as :func:`~experiments.people.reading.trials`, of a folder; the source can
        not be simulated.
    """
    source = PEOPLE.of(source)
    cached = source.files and all(cached_file(source, file).exists() for file in source.files)
    return trials(source, folder or None) if folder or cached else simulated_people(source)


def simulated_people(source: Source, people: int = 16, trials: int = 12, seed: int = 0) -> pd.DataFrame:
    """Draw people who show all effects of a source on reaction times and accuracy, give or take.

    Parameters
    ----------
    source : its effects are within people.
    people, trials : participants, and trials of each in every condition.
    seed : of what is drawn.
    """
    if strange := [of.name for of in source.effects if of.between or of.measure not in ("rt", "accuracy")]:
        raise ValueError(
            f"people of {source.name} cannot be simulated ({strange[0]}), and their files are not cached: "
            f"python -m experiments people fetch {source.name}"
        )
    generator = np.random.default_rng(seed)
    names = list(dict.fromkeys(name for effect in source.effects for name in levels_of(effect)))
    cells = list(product(range(people), *(source.conditions[name] for name in names), range(trials)))
    table = pd.DataFrame(cells, columns=["number", *names, "again"])
    who = table["number"].to_numpy()
    times = BASE + generator.normal(0, APART, people)[who] + generator.normal(0, NOISE, len(table))
    wrong = np.full(len(table), ERRORS)
    for effect in source.effects:
        if effect.measure == "rt":
            times += generator.normal(COST, VARIES, people)[who] * _of(table, effect, "high")
        else:
            wrong += ERRORS * _of(table, effect, "low")
    table = table.drop(columns=["number", "again"]).assign(participant=[f"simulated {k + 1}" for k in who])
    table["rt"], table["correct"] = np.maximum(times, 0.15), (generator.random(len(table)) >= wrong).astype(float)
    found = trial_table(
        table.assign(kind="person", study=source.name, trial=table.groupby("participant").cumcount() + 1)
    )
    found.attrs[SIMULATED] = (
        f"These people are simulated, since the files of {source.name} are not cached: "
        f"python -m experiments people fetch {source.name}."
    )
    return found


def _of(table: pd.DataFrame, effect: Effect, side: str) -> np.ndarray:
    """Whether each trial is of a side of an effect, and counts for it."""
    rows = np.ones(len(table), bool)
    own = levels_of(effect) | {effect.factor: np.atleast_1d(np.array(getattr(effect, side), object)).tolist()}
    for name, levels in own.items():
        rows &= table[name].isin(levels).to_numpy()
    return rows
