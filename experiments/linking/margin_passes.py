"""Passes until the answer is ahead: margin.

An observer that looks again, pass by pass, answers in the first pass t in which the best option leads the
next by log odds of at least the criterion c: the race to a distance from the decision bound of Ashby and
Maddox 1994 (Journal of Mathematical Psychology 38), over the passes of a recurrent network as Spoerer et al.
2020 (PLoS Computational Biology 16) count them:

    t*  = min {t : l_t >= c}
    rt  = t0 + step t*

l_t is the log odds of the best option against the next, whichever is right. Pass 0 is bottom-up. A trial that
never gets there has no response time, and is counted. The criterion is one of fifteen quantiles of all leads.
"""

from __future__ import annotations

from experiments.linking.evidence import Evidence
from experiments.linking.first_crossing import STEP, TIME, criteria, timed
from experiments.linking.link import Link, Parameter, Predicted

__all__ = ["MARGIN_PASSES"]


def _predict(evidence: Evidence, criterion: float, step: float, nondecision: float) -> Predicted:
    return timed(evidence, evidence.lead >= criterion, step, nondecision)


def _starts(evidence: Evidence) -> list[dict[str, float]]:
    return criteria(evidence.lead)


MARGIN_PASSES = Link(
    "margin_passes",
    "feedback passes until the best answer leads by a criterion",
    "Ashby and Maddox 1994, J. Math. Psychol. 38; Spoerer et al. 2020, PLoS Computational Biology 16",
    (
        "Each feedback pass takes equally long, in all trials and conditions.",
        "The criterion is the same in all conditions: an instruction changes the evidence alone.",
        "Passes are steps: conditions that differ by less than a pass in all trials do not differ in time.",
        "Nothing is random: an observer answers a picture in the same pass each time.",
    ),
    (Parameter("criterion", "lead at which is answered", "log odds", 0.0, 700.0, searched=False), STEP, TIME),
    _predict,
    _starts,
    ("mean",),
    passes=True,
)
