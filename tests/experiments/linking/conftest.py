"""Trial tables of observers whose margins are given, and of people whose times are."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def observer_trials():
    """A function of margins by condition that gives an observer's trial table."""
    return _observer_trials


@pytest.fixture(scope="session")
def person_trials():
    """A function of (rt, correct) by person and condition that gives people's trial table."""
    return _person_trials


def _observer_trials(margins, passes=False):
    """A margin of a trial is log odds of left, the right answer; with passes it is one for each."""
    rows = [
        {"trial": number, "condition": name, "margin": value} | ({"pass": place} if passes else {})
        for number, (name, of) in enumerate((name, of) for name, each in margins.items() for of in each)
        for place, value in enumerate(of if passes else [of])
    ]
    table = pd.DataFrame(rows).assign(participant="net", kind="model", answer="left")
    table["p(left)"], table["p(right)"] = 1 / (1 + np.exp(-table["margin"])), 1 / (1 + np.exp(table["margin"]))
    table["response"] = np.where(table.pop("margin") > 0, "left", "right")
    return table


def _person_trials(given):
    rows = [
        {"participant": person, "condition": name, "rt": rt, "correct": correct}
        for person, conditions in given.items()
        for name, answers in conditions.items()
        for rt, correct in answers
    ]
    table = pd.DataFrame(rows).assign(kind="person")
    return table.assign(trial=table.groupby("participant").cumcount() + 1)
