"""What every link promises, tried on evidence that is drawn at random."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from experiments.linking import LINKS
from experiments.linking.evidence import PASS, Evidence, evidence_of
from experiments.linking.link import MOMENTS, Link, Predicted
from experiments.trials.trial_table import OPTION

__all__ = ["check_link"]

TRIALS, PASSES, OPTIONS = 30, 4, ("left", "right", "none")


def check_link(link: Link | str) -> None:
    """Try what a link promises.

    Parameters
    ----------
    link : its name, or the link itself.

    Raises
    ------
    ValueError : a promise is not kept; one sentence says which.
    """
    link = LINKS.of(link)
    for broken in _faults(link):
        raise ValueError(f"the link {link.name!r} {broken}")


def _faults(link: Link) -> Iterator[str]:
    """What is wrong with a link, one sentence after the other; what comes later needs what comes before."""
    yield from _of_declaration(link)
    evidence = _evidence()
    before = _numbers(evidence)
    starts = list(link.starts(evidence))
    if not starts:
        yield "gives no start: give values of all parameters"
    limits = {parameter.name: (parameter.low, parameter.high) for parameter in link.parameters}
    for start in starts:
        if set(start) != set(limits):
            yield f"starts with {', '.join(start)}: give a value of each parameter, {', '.join(limits)}"
        if outside := [name for name, (low, high) in limits.items() if not low <= start[name] <= high]:
            yield f"starts with {outside[0]} = {start[outside[0]]:g}, which is out of its limits"
    middle = starts[len(starts) // 2]
    found = link.predict(evidence, **middle)
    yield from _of_prediction(found)
    if not _same(found, link.predict(evidence, **middle)):
        yield "predicts otherwise a second time: let nothing be random"
    if not _same(found, _one_by_one(link, evidence, middle)):
        yield "predicts a trial otherwise beside others: take each by itself"
    if not np.array_equal(before, _numbers(evidence)):
        yield "changes the evidence that it is given: work on a copy"
    if np.nanmax(found.rt) == np.nanmin(found.rt):
        yield "predicts one time, whatever the evidence"


def _of_declaration(link: Link) -> Iterator[str]:
    if not link.line or "\n" in link.line:
        yield f"says {link.line!r} of what it is: give one line"
    if not re.search(r"\d{4}", link.source):
        yield f"has the source {link.source!r}: name a paper with its year"
    if not link.assumptions:
        yield "assumes nothing: say what it takes for granted"
    names = [parameter.name for parameter in link.parameters]
    for parameter in link.parameters:
        if not parameter.text or not parameter.unit or not parameter.low < parameter.high:
            yield f"does not say of {parameter.name} what it is, its unit, and limits from low to high"
    taken = list(inspect.signature(link.predict).parameters)[1:]
    if taken != names or len(set(names)) < len(names):
        yield f"has the parameters {', '.join(names)}, predict takes {', '.join(taken)}: use the same names"
    if strange := [name for name in link.moments if name not in MOMENTS]:
        yield f"fits {strange[0]!r}: expected some of {', '.join(MOMENTS)}"
    if not inspect.getdoc(inspect.getmodule(link.predict)):
        yield "has no page: write its equations into the docstring of the module of predict"


def _evidence() -> Evidence:
    """Trials whose answers grow more certain from pass to pass; nothing is right in the last one."""
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(TRIALS, 1, len(OPTIONS))) * np.arange(1, PASSES + 1)[:, None]
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    rows = [(trial, number) for trial in range(TRIALS) for number in range(PASSES)]
    table = pd.DataFrame(rows, columns=["trial", PASS]).assign(participant="drawn", kind="model", response="")
    table["answer"] = np.array(OPTIONS)[generator.integers(0, len(OPTIONS), TRIALS)][table["trial"]]
    table.loc[table["trial"] == TRIALS - 1, "answer"] = ""
    table[[OPTION.format(option) for option in OPTIONS]] = p.reshape(-1, len(OPTIONS))
    return evidence_of(table)


def _numbers(evidence: Evidence) -> np.ndarray:
    return np.array([evidence.margin, evidence.lead, evidence.entropy])


def _same(one: Predicted, other: Predicted) -> bool:
    pairs = zip(vars(one).values(), vars(other).values(), strict=True)
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def _one_by_one(link: Link, evidence: Evidence, values: dict) -> Predicted:
    alone = [link.predict(evidence.among(np.arange(TRIALS) == number), **values) for number in range(TRIALS)]
    return Predicted(*map(np.concatenate, zip(*(vars(each).values() for each in alone), strict=True)))


def _of_prediction(found: Predicted) -> Iterator[str]:
    for name, values in vars(found).items():
        if np.shape(values) != (TRIALS,):
            yield f"gives {name} of shape {np.shape(values)}: give a number for each trial"
    if not np.isfinite(found.rt).any() or (found.rt < 0).any():
        yield "gives times that are negative, or none: give s, NaN where there is no answer"
    if ((found.accuracy < 0) | (found.accuracy > 1)).any() or not np.isnan(found.accuracy[-1]):
        yield "gives accuracies that are no probabilities, or one where nothing is right: give NaN there"
    if not (found.variance >= 0).all():
        yield "gives variances that are no numbers from 0 on"
    if not np.isin(found.answered, np.arange(PASSES)).all():
        yield f"answers in passes that there are not: give 0 to {PASSES - 1}"
