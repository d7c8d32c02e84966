"""What a page of a report says: methods in sentences, references, commands, and the table in words."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.linking import LINKS
from experiments.people.match import levels_of
from experiments.people.published_source import Source
from experiments.people_score.printed import LINKED
from experiments.people_score.scoring import CANNOT, PEOPLE
from experiments.probes import PROBES
from experiments.studies.task import task_of
from experiments.trials.trial_table import tested

if TYPE_CHECKING:
    from experiments.observers import Observer

__all__ = ["COLUMNS", "Asked", "PageText", "page_text"]

COLUMNS = {
    "who": "who", "effect": "effect [95 % interval]", "d": "d", "share": "share", "n": "n",
    "reliability": "reliability (ceiling)", "sign": "same sign", "within": "within", "r": "r over items (of ceiling)",
    "untold": "untold", "right": "right", "from": "from",
}  # fmt: skip
STATISTICS = (
    "Effects are computed within each person, or between groups where each person has one instruction; their means "
    "have Student's (of groups Welch's) 95 % intervals. Observers' intervals are of 2,000 bootstrap samples of items "
    "and trained networks (Owen 2007). d: effect size (Cohen's dz or d), over people or items; share: of these that "
    "show the effect. Reliability: 500 random halves of a person's trials, with Spearman-Brown; its root is the "
    "ceiling, the largest correlation that anything can have with the effect. Same sign: as people's, with the number "
    "of trained networks that have it; undetermined where an interval holds 0. Within: whether the observer's mean "
    "lies in people's interval. r over items: correlation with people's effect picture by picture, and its share of "
    "the ceiling; untold: the same of what the observer says when nothing is told, which is what r is worth."
)
NAT = (
    "An effect of people on reaction times stands beside the effect on observers' log odds of the right answer against "
    "the next one (nat), with its sign turned: signs compare, sizes do not, and nothing of it is a time."
)
METHODS = (
    "Cohen 1988, Statistical power analysis for the behavioral sciences",
    "Owen 2007, Annals of Applied Statistics 1, 386-411",
    "Spearman 1910 and Brown 1910, British Journal of Psychology 3",
)


@dataclass(frozen=True)
class Asked:
    """How a score came about.

    Parameters
    ----------
    observers : who looked.
    n, seed : of the stimuli.
    options : words of the command behind ``people score TASK`` by which it can be done again.
    people : words behind ``people show TASK``, likewise.
    """

    observers: Sequence[Observer]
    n: int
    seed: int
    options: Sequence[str] = ()
    people: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class PageText:
    """A page, before it is set.

    Parameters
    ----------
    title, lead : what it is of, and the source in a line.
    methods : paragraphs (heading, text), those of people and of observers first.
    blocks : by effect, its rows: cells by ``COLUMNS``.
    links : what links were fitted to and how far they miss, a sentence or more an observer.
    references : of data and methods.
    commands : number, what it gives, command.
    scores : rows of the score, for the figure.
    """

    title: str
    lead: str
    methods: tuple[tuple[str, str], ...]
    blocks: Mapping[str, list[dict[str, str]]]
    links: tuple[str, ...]
    references: tuple[str, ...]
    commands: tuple[tuple[str, str, str], ...]
    scores: pd.DataFrame = field(repr=False)

    @property
    def columns(self) -> dict[str, str]:
        """Columns in which some row says something, with their words."""
        used = {name for rows in self.blocks.values() for row in rows for name, text in row.items() if text}
        return {name: text for name, text in COLUMNS.items() if name in used}


def page_text(source: Source, people: pd.DataFrame, scores: pd.DataFrame, asked: Asked) -> PageText:
    """Write the page of a task.

    Parameters
    ----------
    source : of people's trials, with a match.
    people : its trial table.
    scores : rows of the task, as ``score`` gives them.
    asked : how it came about.
    """
    blocks = {effect: rows.to_dict("records") for effect, rows in scores.groupby("effect", sort=False)}
    links = sorted({*scores["link"].dropna()})
    statistics = [STATISTICS, *([LINKED] if links else [NAT] if (scores["unit"] == "nat").any() else [])]
    references = [*source.reference.split("; "), *METHODS, *(f"{name}: {LINKS[name].source}" for name in links)]
    return PageText(
        source.name.replace("_", " ").capitalize(),
        f"People and {scores['who'].nunique() - 1} observers in the same task: {source.line}.",
        (
            ("What people did", _of_people(source, people, scores)),
            ("What observers were shown and told", _of_observers(source, scores, asked)),
            ("Statistics", " ".join(statistics)),
        ),
        {effect: list(map(_cells, rows)) for effect, rows in blocks.items()},
        tuple(_fits(scores)),
        tuple(references),
        tuple(_commands(source, asked)),
        scores,
    )  # fmt: skip


def _of_people(source: Source, people: pd.DataFrame, scores: pd.DataFrame) -> str:
    counted, rows = tested(people), scores[scores["who"] == PEOPLE]
    compared = {name for effect in source.effects for name in levels_of(effect)}
    meant = [
        f"{factor.replace('_', ' ')}: " + ", ".join(f"{level} ({text})" for level, text in levels.items() if text)
        for factor, levels in source.conditions.items()
        if factor in compared
    ]
    most = {name: int(rows[name].max()) for name in ("trimmed", "left_out")}
    why = f", by rule: {source.exclusions} ({source.excluded_by})" if source.excluded_by else ""
    return " ".join([
        f"{counted['participant'].nunique():,} people answered {len(counted):,} trials ({source.reference}).",
        f"Conditions: {'; '.join(meant)}.",
        f"Left out of an effect: at most {most['trimmed']:,} trials and {most['left_out']:,} people{why}; and "
        f"whoever has no trial of a condition. {source.note}".rstrip(),
        f"Files: {source.licence}; the SHA-256 of their list is {people.attrs.get('read_digest', 'not known')}.",
    ])  # fmt: skip


def _of_observers(source: Source, scores: pd.DataFrame, asked: Asked) -> str:
    match = source.match
    probe = PROBES[match.probe]
    told = {instruction.name: instruction for instruction in task_of(probe).instructions}
    _, levels = next((of for of in match.levels.values() if of[0] == "instruction"), ("", {}))
    sentences = [
        f"{level}: “{_with_gaps(told[name].sentence)}”, told by the prior "
        f"“{match.told.get(name, told[name].condition) or 'none'}”"
        for level, name in levels.items()
        if name in told
    ]
    kinds = {of.name: ", ".join(of.kinds) or "none" for of in asked.observers}
    takes = [f"{name} ({seeds}; takes {kinds[name]})" for name, seeds in _networks(asked).items()]
    cannot = scores[scores["status"] == CANNOT]["who"].nunique()
    shown = (
        f"up to {asked.n} of the pictures that people saw"
        if match.pictures
        else f"{asked.n} displays drawn from the seed {asked.seed}"
    )
    return " ".join([
        f"{probe.question} They were shown {shown}, each under every instruction.",
        f"Instructions: {'; '.join(sentences)}." if sentences else "They were told nothing.",
        f"Observers, by trained networks and kinds of priors: {'; '.join(takes)}.",
        f"{cannot} of them cannot be told an instruction, and stay in the table." if cannot else "",
        f"What is unlike: {match.differs}" if match.differs else "",
        f"No correlation over items: {match.no_items}." if match.no_items else "",
    ]).replace("  ", " ").strip()  # fmt: skip


def _with_gaps(sentence: str) -> str:
    """A sentence whose fields, which each trial fills in, stand in brackets."""
    return sentence.replace("{", "[").replace("}", "]")


def _networks(asked: Asked) -> dict[str, str]:
    counted = pd.Series([of.name for of in asked.observers]).value_counts(sort=False)
    return {name: f"{number} network{'s' * (number > 1)}" for name, number in counted.items()}


def _cells(row: dict) -> dict[str, str]:
    """A row of the table in words; cells that say nothing are left out."""
    if row["status"] == CANNOT:
        return {"who": row["who"], "effect": f"cannot: {row['why']}", "from": "[2]"}
    mean, low, high = (f"{row[name]:.3f}".replace("-", "−") for name in ("mean", "mean_low", "mean_high"))
    unit = {"1": ""}.get(row["unit"], f" {row['unit']}")
    told = {"who": row["who"], "effect": f"{mean} [{low}, {high}]{unit}", "d": _number(row["d"])}
    told |= {"share": _number(row["share"]), "n": f"{row['n']:.0f}"}
    if row["who"] == PEOPLE:
        return told | {
            "reliability": f"{_number(row['reliability'])} ({_number(row['ceiling'])})".removeprefix(" ()"),
            "r": f"ceiling {_number(row['item_ceiling'])}" if np.isfinite(row["item_ceiling"]) else "",
            "from": "[1]",
        }
    told |= {"sign": f"{row['same_sign']} ({row['seeds']})", "within": row["within"], "from": "[2]"}
    told["r"] = f"{_number(row['r'])} ({_number(row['of_ceiling'])})"
    told["right"] = f"{row['accuracy']:.0%}" if np.isfinite(row["accuracy"]) else ""
    return told | {"r": told["r"] if np.isfinite(row["r"]) else "", "untold": _number(row["r_untold"])}


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−") if np.isfinite(value) else ""


def _fits(scores: pd.DataFrame) -> Iterator[str]:
    for row in scores[scores["link"].notna()].drop_duplicates("who").to_dict("records"):
        yield (
            f"{row['who']}: {row['link']} fitted to {row['fitted_to']}: {row['parameters']}. Conditions not fitted are "
            f"missed by {row['missed_ms']:.0f} ms (root mean square; a constant: {row['constant_ms']:.0f} ms); told "
            f"apart from people's: {row['missed']}. {row['fit_notes']}"
        ).strip()


def _commands(source: Source, asked: Asked) -> Iterator[tuple[str, str, str]]:
    yield "[1]", "people", _shell("people", "show", source.name, *asked.people)
    table = f"{source.name}.csv"
    yield "[2]", "observers", _shell("people", "score", source.name, *asked.options, "--out", table)
    yield "[3]", "the figure", _shell("figure", "people", table, "--out", f"{source.name}.pdf")


def _shell(*words: str) -> str:
    return shlex.join(["python", "-m", "experiments", *words])
