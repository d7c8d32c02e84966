"""The match probe: how strongly each observer has to be told, so that mechanisms are compared at their best.

Two objects compete, as in the bistable probe, and every cue comes at every strength. The rule: of the
strengths at which a cued class that is not shown is answered at most at the stated rate, that one is chosen
at which a valid cue raises the mean probability of what it cues most; of several, the weakest. Where every
strength has a higher rate, those with the lowest are compared, and the table says so. The stimuli have a seed
of their own, so that nothing is chosen on what is measured later.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from experiments import cues
from experiments.probe import Condition, Probe
from stimuli.foundation.registry import later

__all__ = ["PROBE", "Match", "conditions"]

STRENGTHS = (0.0, *(2.0 ** np.arange(-2, 4.5, 0.5)).tolist())


@dataclass(frozen=True)
class Match:
    """Parameters of the probe.

    Parameters
    ----------
    gains
        Strengths that are tried, one of them above 0: factors on the strength that an observer has, which is 1
        where none is said.
    false_alarms
        Largest share of pictures, in (0, 1), in which a class that is cued and not shown is the answer.
    iterations
        Feedback passes, at least 1.
    margin
        A place cue holds the tokens that its object touches and those up to this many tokens away.
    """

    gains: tuple[float, ...] = STRENGTHS
    false_alarms: float = 0.02
    iterations: int = 1
    margin: int = 1

    def __post_init__(self) -> None:
        wrong = [gain for gain in self.gains if not (np.isfinite(gain) and gain >= 0)]
        if wrong or not any(self.gains) or len(set(self.gains)) < len(self.gains):
            raise ValueError(f"gains must be different finite numbers of at least 0, one above it, got {self.gains}")
        if not 0 < self.false_alarms < 1:
            raise ValueError(f"false_alarms must lie in (0, 1), got {self.false_alarms}")
        if self.iterations < 1 or self.margin < 0:
            raise ValueError(f"iterations must be at least 1 and margin at least 0, got {self}")


def conditions(parameters: Match) -> list[Condition]:
    """List the priors: none, the class and the place of each object, and a class that is not shown."""
    return [
        Condition("none", 0, "none", cues.learned),
        *(Condition(f"class {k}", k, "class", partial(cues.class_cue, f"class_{k}")) for k in (1, 2)),
        Condition("absent class", -1, "absent class", partial(cues.class_cue, "absent_class")),
        *(Condition(f"place {k}", k, "place", partial(cues.around, k, parameters.margin)) for k in (1, 2)),
    ]


PROBE = Probe(
    "match",
    "At which strength does a cue help most without making up what is not there?",
    Match,
    "halves",
    conditions,
    objects=2,
    seed=1000,
    records=("logits",),
    finish=later("experiments.probes.match.summary:choice"),
    summarise=later("experiments.probes.match.summary:match_summary"),
    columns={
        "strength": "at which a valid cue helps most while false alarms stay within the limit",
        "benefit": "probability of the cued object's class under a valid cue less that without a cue",
        "false_alarms": "share of answers that name a class that is not shown: the one that is cued or, under place "
        "cues, one that is drawn for the picture",
        "at_limit": "yes: another strength helps more and is ruled out by false alarms; over: every strength has more "
        "of them, and those with the fewest are compared; end: the strongest that was tried is chosen",
    },
    figures=("match",),
)
