"""Sentences as further conditions of a probe: what an observer that takes words is told in plain language."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import absvit
from experiments.probe import Condition, Probe, Trial

if TYPE_CHECKING:
    from absvit.models.priors import Prior
    from experiments.observers import Observer

__all__ = ["instructed", "meanings"]

P = TypeVar("P")


def instructed(probe: Probe[P], sentences: Sequence[str]) -> Probe[P]:
    """Give a probe that shows its stimuli under sentences, too, after its own conditions.

    Parameters
    ----------
    probe : perceives its stimuli under conditions, as most do.
    sentences : such as "the dog on the left", as ``absvit.priors.instruction`` reads them.

    Returns
    -------
    The probe with a prior for each sentence, of the kind "instruction" and called as it reads, in quotes; the
    coordinates ``sentence`` and ``reading`` of a record say what was told and how it was read.

    Raises
    ------
    ValueError : a sentence cannot be read (it is told what in it), or is given twice; the probe shows its
        stimuli in a way of its own.
    """
    if probe.show is not None:
        raise ValueError(f"{probe.name} shows its stimuli in a way of its own and takes no sentences")
    told = [_condition(sentence) for sentence in sentences]
    names = [condition.name for condition in told]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"the sentence {twice} is given twice: name each once")
    unknown = probe.unknown and partial(_with, probe.unknown, told)
    return replace(probe, conditions=partial(_with, probe.conditions, told), unknown=unknown)


def meanings(observers: Sequence[Observer], sentences: Iterable[str]) -> dict[str, str]:
    """Tell what the phrases of sentences were taken for, as an attribute of a record.

    Parameters
    ----------
    observers : with names of their own, or of the same network.
    sentences : that were told.

    Returns
    -------
    ``meanings``, as JSON by observer and phrase: the nearest kinds with their weights, the confidence, and whether
    it is doubtful (:class:`absvit.words.Meaning`); nothing where nobody was told any.
    """
    phrases = dict.fromkeys(
        phrase for of in sentences if of for phrase in absvit.priors.instruction(of).reading.phrases
    )
    each = {
        of.name: {phrase: of.means(phrase).facts() for phrase in phrases} for of in observers if of.means and of.kinds
    }
    return {"meanings": json.dumps(each)} if phrases and each else {}


def _with(conditions, told: Sequence[Condition], parameters: object) -> list[Condition]:
    return [*conditions(parameters), *told]


def _condition(sentence: str) -> Condition:
    reading = absvit.priors.instruction(sentence).reading
    levels = {"sentence": reading.sentence, "reading": str(reading)}
    return Condition(f'"{reading.sentence}"', 0, "instruction", partial(_prior, sentence), levels)


def _prior(sentence: str, trial: Trial) -> Prior:
    """The sentence, at the trial's gain."""
    return absvit.priors.instruction(sentence, trial.gain)
