"""Passes until the answer is certain: entropy.

An observer that looks again, pass by pass, answers in the first pass t whose entropy over the options,
H_t = -sum p ln p, is at most the criterion h (Spoerer et al. 2020, PLoS Computational Biology 16, who read
response times off a recurrent network in this way):

    t*  = min {t : H_t <= h}
    rt  = t0 + c t*

Pass 0 is bottom-up. A trial that never gets there has no response time, and is counted. The answer is the
most probable option of pass t*. The criterion is one of fifteen quantiles of all entropies.
"""

from __future__ import annotations

from experiments.linking.evidence import Evidence
from experiments.linking.first_crossing import STEP, TIME, criteria, timed
from experiments.linking.link import Link, Parameter, Predicted

__all__ = ["ENTROPY_PASSES"]


def _predict(evidence: Evidence, criterion: float, step: float, nondecision: float) -> Predicted:
    return timed(evidence, evidence.entropy <= criterion, step, nondecision)


def _starts(evidence: Evidence) -> list[dict[str, float]]:
    return criteria(evidence.entropy)


ENTROPY_PASSES = Link(
    "entropy_passes",
    "feedback passes until the entropy of the answer falls to a criterion",
    "Spoerer, Kietzmann, Mehrer, Charest and Kriegeskorte 2020, PLoS Computational Biology 16",
    (
        "Each feedback pass takes equally long, in all trials and conditions.",
        "The criterion is the same in all conditions: an instruction changes the evidence alone.",
        "Passes are steps: conditions that differ by less than a pass in all trials do not differ in time.",
        "Nothing is random: an observer answers a picture in the same pass each time.",
    ),
    (Parameter("criterion", "entropy at which is answered", "nat", 0.0, 20.0, searched=False), STEP, TIME),
    _predict,
    _starts,
    ("mean",),
    passes=True,
)
