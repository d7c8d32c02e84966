"""The score: each effect of people in a row, and below it that of each observer under the same instruction."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.people.match import levels_of
from experiments.people.published_source import Source
from experiments.people_score.observed_effect import Observed, observed_effect
from experiments.people_score.timed_answers import Timed, timed_answers
from experiments.trials.effects import Effect, Result, effect_of
from experiments.trials.item_effects import ItemResult, item_agreement, item_effects
from experiments.trials.worth import MEASURES

if TYPE_CHECKING:
    from experiments.linking import Link

__all__ = ["CANNOT", "COLUMNS", "PEOPLE", "score"]

PEOPLE, CANNOT = "people", "cannot"
COLUMNS = {
    "task": "source of people's trials",
    "effect": "contrast of conditions, positive where it is as expected of people",
    "who": "people, or an observer's name",
    "status": "compared; cannot: the observer cannot be told this instruction, or cannot do the task",
    "measure": "what is compared: of observers margin stands for rt, with its sign turned, unless a link makes times",
    "unit": "of mean: s, 1 (a probability or share), or nat (log odds of the right answer against the next one)",
    "trials": "that count",
    "trimmed": "trials of people that the exclusions leave out",
    "left_out": "people who do not enter",
    "n": "people, or items that an observer saw",
    "mean": "effect with its 95 % interval (mean_low, mean_high): Student's over people; over items and networks",
    "d": "effect size, over people or over items, with the interval of the mean in its unit (d_low, d_high)",
    "share": "of the people, or of the items, that show the effect",
    "reliability": "of people's effects, split-half with Spearman-Brown",
    "ceiling": "root of the reliability: the largest correlation over people that anything can have with the effect",
    "same_sign": "as people's mean: yes, no, or undetermined where either interval holds 0",
    "within": "observer's mean in people's interval: yes, no, or other unit",
    "r": "correlation over items of the observer's effect with people's, where both saw the same (Fisher's interval)",
    "item_ceiling": "of r: root of the reliability of people's effects over items, split-half of people",
    "of_ceiling": "r over item_ceiling",
    "r_untold": "of people's effect over items with the observer's p of the option when nothing is told: what r is "
    "worth, since an instruction that only scales it has the same",
    "seeds": "trained networks whose effect has people's sign, of all",
    "accuracy": "share of right answers of the observer in these trials",
    "link": "that made times of the observer's margins",
    "fitted_to": "moments of people's conditions to which the link was fitted, for all effects",
    "parameters": "of the link, with 95 % intervals over people",
    "missed_ms": "root mean square of people's minus predicted mean times, in the conditions that were not fitted",
    "constant_ms": "the same of a constant, people's mean over the fitted conditions",
    "missed": "how many of these conditions the intervals tell apart from people's, and which is missed most",
    "fit_notes": "what of the fit did not go without saying",
    "why": "why an observer cannot, or which instructions are left out, since it cannot be told them",
    "read_digest": "SHA-256 of the list of people's files, as sha256sum writes it in the order of their names",
    "differs": "what of the observers' task is not as people's",
}


def score(
    source: Source,
    people: pd.DataFrame,
    answers: pd.DataFrame,
    cannot: Mapping[str, str] | None = None,
    n: int = 2000,
    splits: int = 500,
    link: Link | None = None,
) -> pd.DataFrame:
    """Tabulate the effects of a source, of people and observers.

    Parameters
    ----------
    source : has a match.
    people : their trial table.
    answers : observers' trial table with people's factors, as ``answers_of`` gives it.
    cannot : why observers could not do the task, by name.
    n : bootstrap samples of observers' intervals.
    splits : halves of people's trials for the reliability.
    link : makes reaction times of observers' margins; without one an effect on these stays in its own unit.

    Returns
    -------
    DataFrame with the columns of ``COLUMNS``: for each effect of which observers are shown all levels a row of
    people, then one of each observer.

    Raises
    ------
    ValueError : the source has no match.
    """
    match = source.match
    if match is None:
        raise ValueError(f"no task of observers is matched to {source.name}: declare Source(match=Match(...))")
    names = list(dict.fromkeys(answers["participant"])) if len(answers) else []
    tables = {name: answers[answers["participant"] == name] for name in names}
    timed = {name: _timed(source, people, table, link) for name, table in tables.items()} if link else {}
    rows = []
    for effect in source.effects:
        if match.lacks(effect):
            continue
        told = {"task": source.name, "effect": effect.name}
        found = effect_of(people, effect, splits=splits)
        by_item = item_effects(_by_file(people), effect, splits) if match.item else None
        rows.append(told | _of_people(found) | ({"item_ceiling": by_item.ceiling} if by_item else {}))
        own = match.of_observers(effect)
        for name, table in tables.items():
            row = _of_observer(table, own, found, by_item, n)
            if link and effect.measure == "rt" and row["status"] != CANNOT:
                row |= _in_time(timed[name], match.timed(effect), found, n)
            rows.append(told | {"who": name} | row)
        rows += [told | _refused(who, own, why) for who, why in (cannot or {}).items()]
    about = {"differs": match.differs, "read_digest": people.attrs.get("read_digest", "")}
    return pd.DataFrame(rows).assign(**about).reindex(columns=_names())


def _timed(source: Source, people: pd.DataFrame, table: pd.DataFrame, link: Link) -> Timed | str:
    """Answers with times, or why there are none."""
    try:
        return timed_answers(source, people, table[table["told"] != CANNOT], link)
    except ValueError as error:
        return f"no times: {error}"


def _in_time(timed: Timed | str, effect: Effect, people: Result, n: int) -> dict:
    """What of an observer's row is otherwise where a link makes times of margins."""
    if isinstance(timed, str):
        return {"why": timed}
    found = observed_effect(_counted(timed.table, effect), effect, n)
    return timed.row() | _compared(found, effect, people)


def _names() -> list[str]:
    """Columns in their order, intervals behind what they are of."""
    ends = {name: (name, f"{name}_low", f"{name}_high") for name in ("mean", "d", "r")}
    return [column for name in COLUMNS for column in ends.get(name, (name,))]


def _of_people(found: Result) -> dict:
    numbers = ("n", "mean", "share", "reliability", "ceiling", "trials", "trimmed")
    told = {name: getattr(found, name) for name in numbers} | {"left_out": len(found.left_out)}
    told |= {"measure": found.effect.measure, "unit": found.effect.unit, "who": PEOPLE, "status": "compared"}
    return told | _sized(found.mean, found.interval, found.dz)


def _by_file(table: pd.DataFrame) -> pd.DataFrame:
    """Trials whose items are called as their files are, without folder and ending."""
    return table.assign(item=[PurePosixPath(str(item)).stem for item in table["item"]])


def _of_observer(table: pd.DataFrame, effect: Effect, people: Result, by_item: ItemResult | None, n: int) -> dict:
    """The row of an observer: of the trials whose instruction it can be told, where all levels are left."""
    counted = _counted(table, effect)
    told = counted["told"] != CANNOT
    untold = ", ".join(dict.fromkeys(counted.loc[~told, "instruction"]))
    if untold and not _has_all(counted[told], effect):
        return _refused(table["participant"].iloc[0], effect, f"it cannot be told: {untold}")
    found = observed_effect(counted[told], effect, n)
    row = {"status": "compared", "accuracy": found.accuracy, "trials": int(told.sum())}
    row |= _compared(found, effect, people)
    row |= {"why": f"left out, since it cannot be told: {untold}"} if untold else {}
    if by_item is not None:
        agreed = item_agreement(by_item, item_effects(_by_file(counted[told]), effect, 1))
        row |= dict(zip(("r", "r_low", "r_high"), (agreed.r, *agreed.r_interval), strict=True))
        row |= {
            "item_ceiling": agreed.ceiling,
            "of_ceiling": agreed.of_ceiling,
            "r_untold": _untold(table, effect, by_item),
        }
    return row


def _compared(found: Observed, effect: Effect, people: Result) -> dict:
    """An observer's effect beside people's."""
    alike = int((np.sign(found.by_seed) == np.sign(people.mean)).sum())
    row = {"measure": effect.measure, "unit": effect.unit, "n": found.items, "share": found.share}
    row |= _sized(found.mean, found.interval, found.d)
    row |= {"same_sign": _same_sign(found, people), "seeds": f"{alike}/{len(found.by_seed)}"}
    low, high = people.interval
    inside = "yes" if low <= found.mean <= high else "no"
    return row | {"within": inside if effect.unit == people.effect.unit else "other unit"}


def _untold(table: pd.DataFrame, effect: Effect, people: ItemResult) -> float:
    """Correlation over items of people's effect with how probable the option is to an observer told nothing."""
    bare = _by_file(table[table["told"] == "nothing"])
    if effect.measure != "choice" or not len(bare):
        return np.nan
    p = pd.Series(MEASURES["choice"](bare, effect.option)).groupby(bare["item"].to_numpy()).mean()
    return people.by_item["effect"].corr(p)


def _counted(table: pd.DataFrame, effect: Effect) -> pd.DataFrame:
    """Trials of the levels that count for an effect."""
    rows = np.ones(len(table), bool)
    for factor, levels in levels_of(effect).items():
        rows &= table[factor].isin(levels).to_numpy()
    return table[rows]


def _has_all(table: pd.DataFrame, effect: Effect) -> bool:
    return all(set(levels) <= set(table[factor]) for factor, levels in levels_of(effect).items())


def _refused(who: str, effect: Effect, why: str) -> dict:
    told = {"who": who, "status": CANNOT, "measure": effect.measure, "unit": effect.unit}
    return told | {"same_sign": CANNOT, "why": why}


def _sized(mean: float, interval: tuple[float, float], d: float) -> dict:
    """Mean and effect size, each with its interval."""
    per = d / mean if mean else np.nan
    low, high = interval
    return {"mean": mean, "mean_low": low, "mean_high": high, "d": d, "d_low": low * per, "d_high": high * per}


def _same_sign(found: Observed, people: Result) -> str:
    """Whether two effects have one sign, as far as their intervals tell."""
    (low, high), (least, most) = found.interval, people.interval
    if not (low * high > 0 and least * most > 0):
        return "undetermined"
    return "yes" if low * least > 0 else "no"
