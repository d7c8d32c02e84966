"""The instruction probe: two objects in one image, and a sentence that says which to look for, in several ways.

A sentence names an object, describes it, paraphrases its name, names the other one to be ignored, or says on
which side it is; controls are the words of a description in random order, the letters of a name in random order,
the name of a class that is not shown, and the class itself without words. What else is to be said of kinds, such
as what they are for, comes with a file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import absvit
from experiments import cues
from experiments.probe import Condition, Probe, Trial
from experiments.probes.instruction.sentences import SAID, levels_of, names
from stimuli.foundation.options import FileOrAddress
from stimuli.foundation.registry import later

if TYPE_CHECKING:
    from absvit.models.priors import Prior

__all__ = ["PROBE", "InstructionCues", "conditions"]


@dataclass(frozen=True)
class InstructionCues:
    """Parameters of the probe.

    Parameters
    ----------
    iterations
        Feedback passes, at least 1.
    gains
        Gains to give all cues in turn, a dimension of the record; the model's default, if left out.
    sentences
        CSV file with the columns kind, level and sentence: what else is said of the kinds that are shown, such as
        level superordinate, "an animal".
    priors
        Ways of telling to show: some of none, class, name, description, paraphrase, other paraphrase, negation,
        place, name and place, shuffled, nonsense, absent class, and the levels of the file; all, if left out.
    """

    iterations: int = 1
    gains: tuple[float, ...] = ()
    sentences: FileOrAddress = ""
    priors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.iterations < 1:
            raise ValueError(f"iterations must be at least 1, got {self.iterations}")
        if len(set(self.gains)) < len(self.gains):
            raise ValueError(f"gains must hold each gain once, got {self.gains}")


def conditions(parameters: InstructionCues, classes_known: bool = True) -> list[Condition]:
    """List what is told: nothing, and of each object in turn what is said of it; what is absent; the controls.

    Where the model does not know the objects' classes, the names of the stimuli stand for them.
    """
    told = SAID | (levels_of(Path(parameters.sentences)) if parameters.sentences else {})
    ways: dict[str, Callable[..., Prior]] = {"class": _class} if classes_known else {}
    ways |= {way: partial(_told, said) for way, said in told.items()}
    ways |= {"negation": _negation, "place": _side, "name and place": _name_and_side}
    found = [Condition("none", 0, "none", cues.learned)]
    for way, prior in ways.items():
        found += [Condition(f"{way} {k}", k, way, partial(prior, k)) for k in (1, 2)]
    if classes_known:
        found.append(Condition("absent class", -1, "absent class", partial(_told, SAID["name"], -1)))
    return cues.chosen(found, parameters.priors, ("name",))


def _class(cue: int, trial: Trial) -> Prior:
    return cues.class_cue(f"class_{cue}", trial)


def _told(said: Callable[[str, Trial, int], str], cue: int, trial: Trial, sharpness: float | None = None) -> Prior:
    """What is said of an object of each stimulus."""
    about = zip(names(cue, trial), trial.numbers.tolist(), strict=True)
    return absvit.priors.TextPrior([said(name, trial, number) for name, number in about], trial.gain, sharpness)


def _negation(cue: int, trial: Trial) -> Prior:
    """All but the other object, by its name."""
    from absvit.words.places import ComplementPrior

    return ComplementPrior(_told(SAID["name"], 3 - cue, trial, sharpness=1), trial.gain)


def _side(cue: int, trial: Trial) -> Prior:
    """The half of the picture, left or right, in which most of an object lies."""
    import torch

    left, whole = _half(0.0, trial), trial.coverage[:, cue - 1]
    mostly = (whole * left).sum((1, 2)) >= whole.sum((1, 2)) / 2
    return absvit.priors.SpatialPrior(torch.where(mostly[:, None, None], left, _half(0.5, trial)))


def _half(start: float, trial: Trial):
    return absvit.priors.SpatialPrior.box((start, 0, start + 0.5, 1), (1, 1), trial.grid).weights


def _name_and_side(cue: int, trial: Trial) -> Prior:
    return _told(SAID["name"], cue, trial) * _side(cue, trial)


PROBE = Probe(
    "instruction",
    "Two objects compete, and a sentence says which to look for: by its name, in other words, by what it is not.",
    InstructionCues,
    "halves",
    conditions,
    unknown=partial(conditions, classes_known=False),
    families=("overlay", "mosaic", "scenes"),
    records=("logits", "prior_weights"),
    summarise=later("experiments.probes.instruction.summary:instruction_summary"),
    columns={
        "told": "what the sentence says of an object; class: the class itself, without words; shuffled: the words of a "
        "description in random order; nonsense: the letters of a name in random order",
        "selection_index": "p(told) / (p(class 1) + p(class 2)), mean over sentences about either object; chance .5",
        "cue_decides": "share of stimuli in which each of the two sentences lets its object win",
        "p_cued": "probability of the class of the object that is told",
        "p_absent": "probability of a class that is not shown, whose name is told, and without a cue",
        "attention_auc": "area under the ROC with which the weights of the sentence tell its object's tokens from the "
        "other's; chance .5",
        "auc_rest": "the same against all other tokens",
        "agreement": "correlation over tokens of the weights with those of the same object's name",
    },
    figures=("instruction",),
)
