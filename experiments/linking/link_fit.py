"""Fitting a link: its parameters from people's conditions that are named in advance, tested on all others.

The likelihood is that of Palmer, Huk and Shadlen 2005 (Journal of Vision 5): mean response times are normal
around the prediction, with the standard errors of people's trials; numbers of right answers are binomial.
Least squares over standardised and deviance residuals find its maximum. Intervals are of samples of people
drawn with replacement, each fitted anew, widened for few people (Hesterberg 2015, The American Statistician
69: expanded percentiles).
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
import scipy

from experiments.linking.evidence import Evidence, evidence_of
from experiments.linking.fitted_link import Fitted
from experiments.linking.link import MOMENTS, Link
from experiments.linking.link_search import Found, Target, by_condition, searched
from experiments.linking.people_moments import Moments, condition_names, moments_of
from experiments.statistics.samples import check_sampling, counts
from experiments.trials.trial_table import tested, trial_table

__all__ = ["fit"]


def fit(
    people: pd.DataFrame,
    observer: pd.DataFrame,
    link: Link | str = "diffusion",
    *,
    by: str | Sequence[str] = "instruction",
    conditions: Sequence[str],
    moments: Sequence[str] = (),
    fixed: Mapping[str, float] | None = None,
    n: int = 500,
    seed: int = 0,
    level: float = 0.95,
) -> Fitted:
    """Fit a link to some of people's conditions, and test it on the others.

    Parameters
    ----------
    people : trial table of people.
    observer : trial table of one observer with p(OPTION), and with a factor ``pass`` for a link that counts
        passes; it has people's conditions.
    link : a link, or the name of one.
    by : factor whose levels are the conditions, or several, whose levels are joined with commas.
    conditions : those that are fitted, named before people's data are looked at; the others are tested.
    moments : what is fitted, of ``MOMENTS``; the link's own, if left out.
    fixed : values of parameters that are known.
    n, seed, level : samples of people (at least 1), their seed, and the coverage in (0, 1).

    Raises
    ------
    ValueError : a condition that people or the observer do not have, times in ms, more parameters than
        numbers to fit them to, or a criterion that is never reached.
    """
    from experiments.linking import LINKS

    check_sampling(n, level)
    link, by, fixed = LINKS.of(link), (by,) if isinstance(by, str) else tuple(by), dict(fixed or {})
    human, evidence = moments_of(people, by), evidence_of(tested(trial_table(observer)))
    shown = condition_names(evidence.trials, by).to_numpy()
    chosen = _chosen(conditions, human, set(shown))
    which = [human.conditions.index(name) for name in chosen]
    moments = tuple(moments) or link.moments
    target = _target(link, human, which, _among(evidence, shown, chosen), moments, fixed)
    drawn = counts(np.random.default_rng(seed), len(human.people), n)
    best = searched(target, {name: human.over_people(name)[which] for name in moments})
    resampled = {name: human.over_people(name, drawn)[:, which] for name in moments}
    samples = [searched(target, {name: of[row] for name, of in resampled.items()}, best) for row in range(n)]
    ends = partial(_ends, level=level, people=len(human.people))
    both = [name for name in human.conditions if name in set(shown)]
    seen = _among(evidence, shown, both)
    every = (link.predict(seen[0], **of.values) for of in (best, *samples))
    predicted = [by_condition(of, seen[1], len(both)) for of in every]
    table = _conditions(human, both, chosen, drawn, predicted, ends)
    notes = (*_notes(target, human, which, table, set(shown) ^ set(human.conditions)), *best.notes)
    name = str(evidence.trials["participant"].iloc[0])
    found = _parameters(target, best, samples, ends)
    return Fitted(link, name, by, moments, found, table, notes, level, n, seed)


def _chosen(conditions: Sequence[str], human: Moments, shown: set[str]) -> tuple[str, ...]:
    """The conditions that are fitted, once people and the observer have them all."""
    names = (conditions,) if isinstance(conditions, str) else tuple(map(str, conditions))
    if not names or len(set(names)) < len(names):
        raise ValueError(f"name the conditions that are fitted, each once; got {names or 'none'}")
    for name in names:
        for who, known in (("people", human.conditions), ("the observer", sorted(shown))):
            if name not in known:
                near = difflib.get_close_matches(name, known, 1, 0.5)
                meant = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
                raise ValueError(f"{who} have no trial in the condition {name!r}: {meant}".replace(
                    "the observer have", "the observer has"))  # fmt: skip
    return names


def _among(evidence: Evidence, shown: np.ndarray, conditions: Sequence[str]) -> tuple[Evidence, np.ndarray]:
    """Evidence in some conditions, and the number (trial,) of each trial's condition among these."""
    group = pd.Categorical(shown, list(conditions)).codes
    return evidence.among(group >= 0), group[group >= 0].astype(int)


def _target(link: Link, human: Moments, which: list[int], seen, moments: tuple[str, ...], fixed) -> Target:
    """What is fitted, once it can be."""
    known = {parameter.name for parameter in link.parameters}
    for what, given, expected in (("moment", moments, set(MOMENTS)), ("parameter", fixed, known)):
        if strange := sorted(set(given) - expected):
            raise ValueError(f"there is no {what} {strange[0]!r}; there are {', '.join(sorted(expected))}")
    if "accuracy" in moments and np.isnan(human.over_people("accuracy")[which]).any():
        raise ValueError("nothing is right in a condition that is fitted: fit moments=('mean',) alone")
    if (human.answered[:, which].sum(0) < 2).any() or np.isnan(human.error("mean")[which]).any():
        raise ValueError(
            "people have too few right answers with a time in a condition that is fitted: at least two of one "
            "person are needed"
        )
    free, numbers = len(known - set(fixed)), len(which) * len(moments)
    if free > numbers:
        raise ValueError(
            f"{free} parameters of {link.name} cannot be found from {numbers} numbers ({len(which)} conditions "
            f"x {', '.join(moments)}): name more conditions, fit more of {', '.join(MOMENTS)}, or fix one"
        )
    errors = {name: human.error(name)[which] for name in moments if name != "accuracy"}
    return Target(link, *seen, moments, errors, human.trials[:, which].sum(0), fixed)


def _parameters(target: Target, best: Found, samples: list[Found], ends: Callable) -> pd.DataFrame:
    names = [parameter.name for parameter in target.link.parameters]
    low, high = ends(np.array([[of.values[name] for name in names] for of in samples]))
    return pd.DataFrame(
        {
            "parameter": names,
            "estimate": [best.values[name] for name in names],
            "low": low,
            "high": high,
            "unit": [parameter.unit for parameter in target.link.parameters],
            "fixed": [name in target.fixed for name in names],
        }
    )


def _ends(samples: np.ndarray, level: float, people: int) -> np.ndarray:
    """Ends (2, column) of expanded percentile intervals of samples (sample, column); NaN of one person."""
    if people < 2:
        return np.full((2, samples.shape[1]), np.nan)
    t = scipy.stats.t.ppf((1 - level) / 2, people - 1)
    outside = scipy.special.ndtr(np.sqrt(people / (people - 1)) * t)
    with warnings.catch_warnings(action="ignore"):  # NaN of nothing is what is meant
        return np.nanquantile(samples, [outside, 1 - outside], axis=0)


def _conditions(human: Moments, both: list[str], chosen, drawn, predicted: list[dict], ends: Callable):
    """People's conditions beside what is predicted of them."""
    which = [human.conditions.index(name) for name in both]
    table = {"condition": both, "part": ["fitted" if name in chosen else "tested" for name in both]}
    table["n_people"] = (human.answered[:, which] > 0).sum(0)
    means = {}
    for column, moment in (("rt", "mean"), ("accuracy", "accuracy")):
        theirs = np.vstack([human.over_people(moment)[which], human.over_people(moment, drawn)[:, which]])
        ours = np.stack([of[moment] for of in predicted])
        means[column] = theirs, ours
        for name, values in ((column, theirs), (f"{column}_predicted", ours)):
            low, high = ends(values[1:])
            table |= {name: values[0], f"{name}_low": low, f"{name}_high": high}
        table[f"{column}_within"] = (ours[0] >= table[f"{column}_low"]) & (ours[0] <= table[f"{column}_high"])
    residual = 1000 * (means["rt"][0] - means["rt"][1])
    low, high = ends(residual[1:])
    table |= {"residual_ms": residual[0], "residual_ms_low": low, "residual_ms_high": high}
    constant = np.mean([table["rt"][number] for number, name in enumerate(both) if name in chosen])
    table |= {"constant_ms": 1000 * (table["rt"] - constant), "reached": predicted[0]["reached"]}
    return pd.DataFrame(table)


def _notes(target: Target, human: Moments, which: list[int], table: pd.DataFrame, alone: set[str]) -> Iterator[str]:
    """What did not go without saying."""
    if alone:
        yield f"Left out, as not both people and the observer have them: {', '.join(sorted(alone))}."
    if not (table["part"] == "tested").any():
        yield "All conditions were fitted: nothing was tested."
    if len(human.people) < 2:
        yield "There is one person: no intervals."
    for number, name in enumerate(human.conditions):
        if lacking := [human.people[k] for k in np.flatnonzero(human.answered[:, number] == 0)]:
            some = ", ".join(lacking[:5]) + (f" and {len(lacking) - 5} more" if len(lacking) > 5 else "")
            yield f"Without a right answer in {name}, and left out of its mean: {some}."
    if "accuracy" in target.moments:
        perfect = [human.conditions[k] for k in which if human.over_people("accuracy")[k] in (0, 1)]
        if perfect:
            yield f"Nobody erred, or nobody was right, in {', '.join(perfect)}: half an error was put in."
    for name, share in zip(table["condition"], table["reached"], strict=True):
        if share < 1:
            yield f"In {name} {1 - share:.1%} of the observer's trials never reach the criterion: they have no time."
