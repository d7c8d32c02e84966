"""Sensitivity: whether a cue lets an observer tell more, or only lets it say yes more readily.

An observer is asked of each stimulus "is this class there?", of classes that are shown (signal) and of one
that is not (noise), once with a cue and once without. Its evidence is the log odds of the class, with the
probability that the softmax gives it (Luce 1959: choice among all classes). A cue that only favours what it
names, as b added to the logit of the cued class does, adds b to the evidence of signal and noise alike: it
moves the criterion and no measure of sensitivity that goes by the evidence (Green and Swets 1966).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy
import xarray as xr

from experiments.measures.cue_roles import cueing_of
from experiments.measures.localisation import described
from experiments.measures.targets import target_evidence
from experiments.statistics.detection import criterion, d_prime, d_prime_from_area, d_prime_from_choice
from experiments.statistics.resampling import statistic_samples
from experiments.statistics.samples import check_sampling, with_percentiles

__all__ = ["DETECTED", "asked_evidence", "detection_by_cue"]

DETECTED = {
    "hits": "share of classes shown that are said to be there",
    "false_alarms": "share of classes not shown that are said to be there",
    "d_prime": "sensitivity of the answers, z(hits) - z(false alarms)",
    "criterion": "bias of the answers, -(z(hits) + z(false alarms)) / 2; positive: seldom says yes",
    "area": "area under the ROC of the evidence, shown against not shown",
    "area_d_prime": "sensitivity sqrt(2) z(area)",
    "absent_evidence": "mean log odds of the class that is not shown",
    "choice_d_prime": "sensitivity of the choice of what is shown among all classes, bias of the cue removed",
}
UNDER = ("uncued", "cued", "change")


def asked_evidence(record: xr.Dataset, cue: str | None = None) -> xr.DataArray:
    """Log odds of each class that is asked for, without and with a cue.

    In bistable records both objects are signals, each under the cue for it; in scenes and displays the
    target is, under the valid cue. The noise is a class that is not shown (``absent_class``), under the cue
    for it or, where cues are places, under those on the targets.

    Parameters
    ----------
    record : of bistable, object_prior or spatial_prior.
    cue : kind of cue, "class" or "place"; classes where the record has them, if left out.

    Returns
    -------
    (..., question, under, stimulus), under = uncued, cued; the coordinate ``shown`` tells signal from
    noise, the attributes ``alternatives`` how many classes there are, and ``named`` whether the cue names
    what is asked for.

    Raises
    ------
    ValueError : the record lacks such cues, one for a class that is not shown, or the classes.

    Examples
    --------
    >>> measures.asked_evidence(record).dims
    ('question', 'under', 'iteration', 'stimulus')
    """
    cueing = cueing_of(record, cue)
    if not cueing.absent:
        raise ValueError("expected a prior for a class that is not shown, which false alarms need; the record has none")
    asked = [*cueing.valid.items(), *(("absent_class", prior) for prior in cueing.absent)]
    both = [(name, record.sel(prior=[cueing.neutral, prior])) for name, prior in asked]
    evidence = xr.concat([_under(target_evidence(of, name)) for name, of in both], "question")
    evidence = evidence.assign_coords(shown=("question", [name != "absent_class" for name, _ in asked]))
    evidence = evidence.transpose(..., "question", "under", "stimulus")
    evidence = described(evidence, "log odds of the class asked for")
    return evidence.assign_attrs(alternatives=record.sizes["class"], named=cueing.kind == "class")


def detection_by_cue(
    evidence: xr.DataArray, n: int = 2000, seed: int = 0, level: float = 0.95, threshold: float = 0.0
) -> xr.Dataset:
    """Hits, false alarms, sensitivity and criterion without and with a cue, and their change, cued - uncued.

    Yes is said where the evidence reaches the threshold, at 0 where p >= .5: the rule that errs least where
    p is the probability that the class is there. Rates are corrected log-linearly (Hautus 1995), and so is
    the area, whose trials are pairs of a shown and an absent class. Since answers fall at one point of the
    ROC alone, d_prime and criterion follow Macmillan and Creelman (2005, chapters 1 and 2) for normal
    evidence of equal variance: where hardly any answer is a false alarm, c follows d'. The area, and
    area_d_prime with it, hold for any evidence (Bamber 1975), and a pure bias leaves them as they are; an
    area that is 1 without a cue cannot grow.

    The choice among all classes is that of Luce (1959): what is shown is named with its probability p. As
    d' of m alternatives (Hacker and Ratcliff 1979) it would take a bias for sensitivity where the cue names
    the right answer; so from the evidence under such a cue the change of ``absent_evidence`` is taken
    first, the bias of Luce's choice model: what the cue gives to a class that it names and that is not
    there. The mean of p is corrected as the rates are.

    Parameters
    ----------
    evidence : (..., question, under, stimulus), as :func:`asked_evidence` gives it; with the dim seed where
        several models were trained, of which each has its own sensitivity.
    n, seed, level : bootstrap resamples of stimuli and trained models (at least 1), their seed, and the
        coverage in (0, 1).
    threshold : evidence from which the answer is yes.

    Returns
    -------
    Dataset with estimate, low and high (..., under, quantity): under = uncued, cued, change; quantity as in
    ``DETECTED``.

    Raises
    ------
    ValueError : no signal or no noise, an attribute is missing, or n or level out of range.

    Examples
    --------
    >>> list(measures.detection_by_cue(measures.asked_evidence(record), n=50))[:3]
    ['estimate', 'low', 'high']
    """
    check_sampling(n, level)
    if missing := [name for name in ("alternatives", "named") if name not in evidence.attrs]:
        raise ValueError(f"the evidence lacks the attributes {', '.join(missing)} that asked_evidence gives it")
    shown, facts = evidence["shown"].values, (evidence.attrs["alternatives"], evidence.attrs["named"])
    if shown.all() or not shown.any():
        raise ValueError("expected questions on classes that are shown and on classes that are not")
    moved = (evidence if "seed" in evidence.dims else evidence.expand_dims("seed")).transpose(
        ..., "seed", "under", "question", "stimulus"
    )
    leading = moved.shape[:-4]
    estimates, samples = [], []
    for of_one in moved.values.reshape(-1, *moved.shape[-4:]):
        parts = [(trials[:, shown], trials[:, ~shown]) for trials in of_one]
        statistics = [_quantities(*signals_and_noises, *facts, threshold) for signals_and_noises in parts]
        estimate, drawn = statistic_samples(statistics, moved.sizes["stimulus"], n, seed, 2 * len(shown))
        estimates.append(estimate), samples.append(drawn)
    template = xr.DataArray(
        np.zeros((*leading, len(UNDER), len(DETECTED))),
        {"under": list(UNDER), "quantity": list(DETECTED)} | {dim: moved[dim] for dim in moved.dims[:-4]},
        (*moved.dims[:-4], "under", "quantity"),
        attrs={"long_name": "detection of the class asked for", "units": "1"},
    )
    some = np.full(template.size, moved.sizes["stimulus"] > 1)
    members = [moved.sizes["seed"], moved.sizes["stimulus"]]
    told = {"seed": seed, "averaged": "seed, stimulus", "members": members}
    drawn = np.concatenate(samples, axis=1)
    return with_percentiles(template, np.concatenate(estimates), drawn, level, some, **told)


def _under(values: xr.DataArray) -> xr.DataArray:
    """Values under two priors, without and with a cue, with nothing but the coordinates of their own dims."""
    bare = values.drop_vars([name for name in values.coords if name not in values.dims])
    return bare.rename(prior="under").assign_coords(under=list(UNDER[:2]))


def _quantities(signals: np.ndarray, noises: np.ndarray, m: int, named: bool, threshold: float) -> Callable:
    """Quantities of one model as a function of how often each stimulus is picked.

    Parameters
    ----------
    signals, noises : (under, question, stimulus) evidence.
    m : alternatives of the choice.
    named : whether the cue names what is asked for, and so may bias the choice.
    threshold : evidence from which the answer is yes.
    """
    wins = [_wins(signal, noise) for signal, noise in zip(signals, noises, strict=True)]

    def of(weights: np.ndarray) -> np.ndarray:
        """(sample, stimulus) to (sample, under and quantity)."""
        picked = weights.sum(1)
        absent = np.stack([weights @ noise.mean(0) / picked for noise in noises])
        found = []
        for under, (signal, noise) in enumerate(zip(signals, noises, strict=True)):
            hits, false_alarms = (weights @ (part >= threshold).sum(0) for part in (signal, noise))
            trials = hits, picked * len(signal), false_alarms, picked * len(noise)
            pairs = picked**2 * len(signal) * len(noise)
            area = ((weights @ wins[under]) * weights).sum(1) / picked**2
            bounded = (area * pairs + 0.5) / (pairs + 1)
            unbiased = signal - named * (absent[under] - absent[0])[:, None, None]
            right = np.einsum("si,sqi->s", weights, scipy.special.expit(unbiased))
            chosen = (right + 0.5) / (picked * len(signal) + 1)
            found.append([
                hits / trials[1], false_alarms / trials[3], d_prime(*trials), criterion(*trials), area,
                d_prime_from_area(bounded), absent[under], d_prime_from_choice(chosen, m),
            ])  # fmt: skip
        found.append(np.subtract(found[1], found[0]))
        return np.moveaxis(np.array(found), -1, 0).reshape(len(weights), -1)

    return of


def _wins(signal: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Share of questions in which a signal has more evidence (its stimulus, that of the noise), ties half."""
    pairs = [(one[:, None], other) for one in signal for other in noise]
    return sum((one > other) + 0.5 * (one == other) for one, other in pairs) / len(pairs)
