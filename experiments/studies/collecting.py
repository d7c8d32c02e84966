"""What came back of a study, as one trial table: each row checked against the study, the rest kept apart.

A row says which trial of which list was answered, and how. What was asked is taken from the study's lists;
a row that says something else of it contradicts the study. In the table is one sitting of each person: the
first that answered its whole list, else the one with the most trials, the earlier of equals; in it the first
answer to each trial. All else stands in a second table, ``apart``, each row as it came with the reason.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from experiments.studies.exclusion import Exclusion, excluded
from experiments.studies.folder import Study
from experiments.studies.received import Received, received
from experiments.trials.trial_table import COLUMNS, trial_table
from stimuli.foundation.options import one_line
from stimuli.foundation.texts import some

__all__ = ["APART", "Collected", "collect"]

APART = ("reason", "participant", "session", "list", "trial", "file", "place", "row")
MS = 1000.0
AGREE = ("block", "phase", "item", "instruction", "answer", "factors")  # of a row, with its trial in the list
PLACE = re.compile(r"-?\d+(\.\d+)?,-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Collected:
    """What came back.

    Parameters
    ----------
    trials : trial table of people, ``excluded`` filled in.
    apart : columns ``APART``, a row for each that is not in the table; ``row`` is JSON.
    report : lines for the experimenter.
    attributes : of the record: version of the study, files, rules, report.
    """

    trials: pd.DataFrame
    apart: pd.DataFrame
    report: list[str]
    attributes: dict[str, object] = field(default_factory=dict)


def collect(study: Study, paths: Iterable[Path], rules: Exclusion | None = None) -> Collected:
    """Read what came back of a study.

    Parameters
    ----------
    study : whose version, lists and options count.
    paths : files, folders of files, archives.
    rules : which trials analyses leave out.

    Raises
    ------
    FileNotFoundError : a file is missing.
    ValueError : no row is an answer to this study.
    """
    rules, paths = rules or Exclusion(), [Path(path) for path in paths]
    found = received(paths)
    sorting = _Sorting(study)
    rows = sorting.sittings(sorting.answers(found), rules)
    if not rows:
        raise ValueError(f"none of {len(found)} rows is in the table of {study.name} {study.version}: {sorting.why()}")
    table = trial_table(pd.DataFrame([_entry(sorting.trial(one.row), one.row) for one in rows]))
    lengths = {str(one.row["participant"]): len(sorting.lists[one.row["list"]]) for one in rows}
    simulated = {str(one.row["participant"]) for one in rows if one.row.get("simulated") is True}
    table.attrs["levels"] = study.levels
    table["excluded"] = excluded(table, rules, lengths, simulated)
    apart = pd.DataFrame([_apart(reason, one) for reason, one in sorting.apart], columns=APART)
    report = [one_line(line) for line in (*_report(table, found), *sorting.report(table))]
    files = sorted({one.file for one in found})
    told = {
        "title": f"trials of people in {study.name}", "study": study.version, "files": files,
        "exclusion": rules.stated(), "apart": sorting.counts(), "report": report,
    }  # fmt: skip
    return Collected(table, apart, report, told)


class _Sorting:
    """Rows on their way into the table, and those that are kept apart with their reasons."""

    def __init__(self, study: Study) -> None:
        self.study, self.response = study, study.about["task"]["response"]
        read = [study.list(number) for number in range(1, study.lists + 1)]
        self.lists = {one["list"]: {trial["trial"]: trial for trial in one["trials"]} for one in read}
        self.keys = {one["list"]: one["keys"] for one in read}
        self.apart: list[tuple[str, Received]] = []
        self.pages: dict[str, Counter] = defaultdict(Counter)
        self.people: set[str] = set()
        self.seen: set[tuple[str, ...]] = set()
        self.told: list[str] = []

    def trial(self, row: dict) -> dict:
        """The trial of the study that a row answers."""
        return self.lists[row["list"]][row["trial"]]

    def answers(self, found: Sequence[Received]) -> list[Received]:
        """Rows that answer a trial of this study, in the order of their times."""
        kept = []
        for one in sorted(found, key=lambda one: str(one.row.get("time", ""))):
            if reason := self._reason(one):
                self.apart.append((reason, one))
            else:
                kept.append(one)
        return kept

    def _reason(self, one: Received) -> str:
        row = one.row
        if one.trouble:
            return one.trouble
        if row.get("phase") == "page":
            self._page(row)
            return f"page: {row.get('page', '')}"
        if row["study"] != self.study.version:
            return f"another version of the study: {row['study']}"
        self.people.add(str(row["participant"]))
        if fault := self._contradiction(row):
            return f"contradicts the study: {fault}"
        return ""

    def _page(self, row: dict) -> None:
        """Note a page that somebody saw, once, however often it comes."""
        seen = (str(row.get("session")), str(row.get("page", "")), str(row.get("time", "")))
        if row.get("study") == self.study.version and seen not in self.seen:
            self.seen.add(seen)
            self.people.add(str(row["participant"]))
            self.pages[str(row["participant"])][seen[1]] += 1

    def _contradiction(self, row: dict) -> str:
        """What a row says otherwise than its study; empty if nothing."""
        number, at = row.get("list"), row.get("trial")
        if type(number) is not int or type(at) is not int or at not in self.lists.get(number, {}):
            return f"there is no trial {at!r} in list {number!r}"
        if lacking := [name for name in ("item", "response") if row.get(name) is None]:
            return f"it has no {lacking[0]}"
        trial = self.trial(row)
        for name in AGREE:
            if name == "factors" and not isinstance(row.get(name), dict):
                continue  # old exports write [object Object] for it
            if row.get(name) is not None and row[name] != trial[name]:
                return f"{name} is {trial[name]!r} in the list, {row[name]!r} in the row"
        return self._impossible(row, trial)

    def _impossible(self, row: dict, trial: dict) -> str:
        """What cannot have been answered to a trial; empty if it can."""
        response, key = row["response"], row.get("key")
        place = self.response["kind"] == "place" and PLACE.fullmatch(str(response))
        if response != "" and response not in self.response["options"] and not place:
            return f"{response!r} is none of its options"
        if self.response["kind"] == "keys" and response and key:
            meant = self.keys[row["list"]].get(response)
            if meant is not None and str(key).lower() != meant.lower():
                return f"the key of {response!r} is {meant!r}, not {key!r}"
        answer, correct = trial["answer"], row.get("correct")
        if correct is not None and answer != "" and correct != (response == answer):
            return f"{response!r} to {answer!r} is not correct={correct}"
        for name in ("rt", "onset_error", "missed_frames", "early"):
            value = row.get(name)
            none = value is None or name == "rt" and value == -1  # as old exports write it
            if not none and (type(value) not in (int, float) or not 0 <= value < math.inf):
                return f"{name} is {value!r}"
        return ""

    def sittings(self, rows: list[Received], rules: Exclusion) -> list[Received]:
        """One sitting of each person, each trial once."""
        sessions: dict[str, list[Received]] = defaultdict(list)
        for one in rows:
            sessions[str(one.row["session"])].append(one)
        people: dict[str, list[list[Received]]] = defaultdict(list)
        for session in sessions.values():
            if once := self._once(session):
                people[str(once[0].row["participant"])].append(once)
        kept = []
        for person, sat in people.items():
            chosen, *others = sorted(sat, key=lambda one: (-len(one), str(one[0].row.get("time", ""))))
            for one in (row for other in others for row in other):
                self.apart.append(("another sitting of the participant", one))
            whole = len(self.lists[chosen[0].row["list"]])
            if len(chosen) < whole and rules.unfinished == "apart":
                self.apart += [(f"not finished: {len(chosen)} of {whole} trials", one) for one in chosen]
            else:
                kept += sorted(chosen, key=lambda one: one.row["trial"])
            if len(chosen) < whole:
                self.told.append(f"{person} has answered {len(chosen)} of {whole} trials")
            if others:
                self.told.append(f"{person} came in {len(sat)} sittings; the fullest, then earliest, counts")
        return kept

    def _once(self, session: list[Received]) -> list[Received]:
        """The first answer to each trial of a session, of its first participant and list."""
        whose, first = _whose(session[0].row), {}
        for one in session:
            row = one.row
            if _whose(row) != whose:
                self.apart.append((f"the session is of participant {whose[0]} and list {whose[1]}", one))
            elif row["trial"] not in first:
                first[row["trial"]] = one
            else:
                before = first[row["trial"]].row
                same = all(before.get(name) == row.get(name) for name in ("response", "rt", "time"))
                self.apart.append(("the same answer once more" if same else "answered again", one))
        return list(first.values())

    def report(self, table: pd.DataFrame) -> Iterator[str]:
        """Lines on people, lists and what is kept apart."""
        yield from self.told
        for person, pages in self.pages.items():
            if pages["preload"] > 1:
                yield f"{person} has loaded the page {pages['preload']} times"
            if pages["quit"]:
                yield f"{person} has quit"
        answered = {*table["participant"], *(self._person(one) for _, one in self.apart)}
        if silent := sorted(self.people - answered):
            yield f"began and answered nothing: {some(silent)}"
        for number, people in table.groupby("list")["participant"].unique().items():
            if len(people) > 1:
                yield f"list {number} was answered by {len(people)} people: {some(list(people))}"
        yield from (f"apart, {reason}: {count} rows" for reason, count in self.counts().items())

    def counts(self) -> dict[str, int]:
        """How many rows are kept apart, by the first words of the reason, the most first."""
        return dict(Counter(reason.partition(":")[0] for reason, _ in self.apart).most_common())

    def why(self) -> str:
        """Why no row is in the table, each reason with an example where its first words do not tell all."""
        first = {}
        for reason, _ in self.apart:
            first.setdefault(reason.partition(":")[0], reason)
        told = [f"{first[name]} ({count})" for name, count in self.counts().items() if name != "page"]
        more = "; --unfinished kept takes people who have not finished" if "not finished" in first else ""
        return (", ".join(told) or "nobody has answered a trial") + more

    @staticmethod
    def _person(one: Received) -> str:
        """Whose answer a row is; nobody's, if it is a page."""
        return "" if one.row.get("phase") == "page" else str(one.row.get("participant", ""))


def _whose(row: dict) -> tuple[str, int]:
    return str(row["participant"]), row["list"]


def _entry(trial: dict, row: dict) -> dict:
    """A row of the trial table, what was asked as the list has it."""
    asked = {name: trial[name] for name in ("block", "phase", "trial", "item", "instruction", "answer")}
    seconds = {name: _seconds(row.get(name)) for name in ("rt", "onset_error")}
    counted = {name: row.get(name) for name in ("missed_frames", "early")}
    return {
        **trial["factors"], **asked, **seconds, "participant": str(row["participant"]), "kind": "person",
        "study": row["study"], "session": str(row["session"]), "list": row["list"],
        "response": str(row["response"]),
        **{name: COLUMNS[name].default if count is None else int(count) for name, count in counted.items()},
    }  # fmt: skip


def _seconds(ms: float | None) -> float:
    return math.nan if ms is None or ms < 0 else ms / MS


def _apart(reason: str, one: Received) -> dict:
    row = one.row
    named = {name: row.get(name, "") for name in ("participant", "session", "list", "trial")}
    kept = json.dumps(row, ensure_ascii=False, sort_keys=True)
    return {"reason": reason, **named, "file": one.file, "place": one.place, "row": kept}


def _report(table: pd.DataFrame, found: Sequence[Received]) -> Iterator[str]:
    """Lines on the whole: how much there is, how well it was timed, what analyses leave out."""
    people, out = table["participant"].nunique(), table["excluded"] != ""
    yield f"{len(found)} rows in {len({one.file for one in found})} files"
    yield f"in the table: {len(table)} trials of {people} {'person' if people == 1 else 'people'}"
    if (errors := table["onset_error"]).notna().any():
        yield f"onsets of frames: mean error {MS * errors.mean():.1f} ms, at most {MS * errors.max():.1f} ms"
    if (counted := table["missed_frames"] >= 0).any():
        yield f"frames that came late: {table['missed_frames'][counted].sum()} in {counted.sum()} trials"
    if (early := table["early"] > 0).any():
        yield f"answers tried before the target came: {table['early'][early].sum()} in {early.sum()} trials"
    for reason, count in table["excluded"][out].str.split("; ").explode().value_counts().items():
        told = table["excluded"].str.split("; ")
        whose = table["participant"][told.map(lambda words, which=reason: which in words)]
        yield f"excluded, {reason}: {count} trials of {some(sorted(set(whose)))}"
