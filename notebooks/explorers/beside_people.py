"""PeopleExplorer: a task that people did, observers in the same task, and where they part."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import ipywidgets as widgets
import xarray as xr

from absvit import records
from absvit.distributed import device_here
from experiments.figures.page import Figure
from experiments.figures.style import Style
from experiments.observers import load_observers
from experiments.people import PEOPLE, people_at_hand
from experiments.people_score import answers_of, score
from experiments.people_score.task_figure import task_figure
from notebooks.explorers.explorer import Explorer, labelled

__all__ = ["PeopleExplorer", "PeopleSelection"]

OBSERVERS = (
    "absvit_micro", "vit_micro", "vit_micro+attention_bias", "vit_micro+evidence_gate", "cnn_micro",
    "cnn_micro+evidence_gate", "cnn_micro+spatial_gain", "cnn_micro+decision_bias",
)  # fmt: skip
FIRST = ("absvit_micro", "cnn_micro+evidence_gate")
BOOTSTRAPS, SPLITS = 500, 50


@dataclass(frozen=True)
class PeopleSelection:
    """What a ``PeopleExplorer`` shows.

    Parameters
    ----------
    task : source of people's trials, which has a match.
    people : folder of its files; "" for the user's cache, or simulated people where nothing is cached.
    observers : HOST[+MECHANISM] of each.
    effect : one of the source's effects.
    n, seed : of the stimuli.
    pictures : folder, for a task that shows pictures; "" for none.
    """

    task: str
    people: str
    observers: tuple[str, ...]
    effect: str
    n: int
    seed: int
    pictures: str


class PeopleExplorer(Explorer):
    """Pick a task, people and observers; see trials, effect, ceiling, and where they part.

    Parameters
    ----------
    people : folder of people's files.
    observers : who looks first.
    pictures : folder of pictures, for a task that shows some.
    n : stimuli that observers see first.
    folder : where figures are saved.
    """

    def __init__(
        self,
        people: str = "",
        observers: tuple[str, ...] = FIRST,
        pictures: str = "",
        n: int = 40,
        folder: Path | str = "outputs",
    ) -> None:
        self._loaded = lru_cache(16)(lambda spec: load_observers(spec, batches=1))
        self._people, self._scored = lru_cache(4)(people_at_hand), lru_cache(16)(self._score)
        tasks = [name for name, source in PEOPLE.items() if source.match is not None]
        first = "posner" if "posner" in tasks else tasks[0]
        late = {"continuous_update": False}
        every = [*OBSERVERS, *(name for name in observers if name not in OBSERVERS)]
        controls = {
            "task": labelled(widgets.Dropdown, "task", options=tasks, value=first),
            "people": labelled(widgets.Text, "people", value=people, placeholder="folder of files; cache", **late),
            "observers": labelled(widgets.SelectMultiple, "observers", options=every, value=tuple(observers), rows=8),
            "effect": labelled(widgets.Dropdown, "effect", options=_effects(first)),
            "n": labelled(widgets.BoundedIntText, "stimuli", value=n, min=4, max=2000),
            "seed": labelled(widgets.BoundedIntText, "seed", value=0, min=0, max=2**32 - 1),
            "pictures": labelled(widgets.Text, "pictures", value=pictures, placeholder="folder", **late),
        }
        super().__init__(controls, PeopleSelection, "people", folder)
        self.update()

    def move(self, selection: PeopleSelection) -> None:
        """Move the controls to a selection; the effects that are offered are the task's."""
        self.controls["task"].value = selection.task
        self.prepare()
        super().move(selection)

    def prepare(self) -> None:
        """Offer the effects of the task, and a folder of pictures where it shows some."""
        task, effect, pictures = (self.controls[name] for name in ("task", "effect", "pictures"))
        if effect.options != (offered := tuple(_effects(task.value))):
            effect.options = offered
        pictures.layout.display = "" if PEOPLE[task.value].match.pictures else "none"

    def draw(self, selection: PeopleSelection, style: Style) -> tuple[xr.Dataset, Figure]:
        """Let observers do the task, and draw them beside people."""
        s = selection
        if not s.observers:
            raise ValueError("no observer is chosen")
        source, people = PEOPLE[s.task], self._people(s.task, s.people or None)
        answers, scores = self._scored(s.task, s.people, s.observers, s.n, s.seed, s.pictures)
        about = records.provenance("people", s.seed, {"task": s.task, "n": s.n}, device_here())
        files, hashes = zip(*(one.weights() for name in s.observers for one in self._loaded(name)), strict=True)
        about |= {
            "model": ", ".join(s.observers),
            "checkpoint": ", ".join(files),
            "checkpoint_sha256": ", ".join(hashes),
        }
        record = xr.Dataset.from_dataframe(scores).assign_attrs(about)
        return record, task_figure(source, people, answers.table, scores, s.effect, style)

    def code(self, selection: PeopleSelection, style: str) -> str:
        """Write the lines that make the same figure."""
        s = selection
        pictures = f", pictures={s.pictures!r}" * bool(s.pictures)
        return (
            "from experiments.observers import load_observers\n"
            "from experiments.people import PEOPLE, people_at_hand\n"
            "from experiments.people_score import answers_of, score\n"
            "from experiments.people_score.task_figure import task_figure\n\n"
            f"source = PEOPLE[{s.task!r}]\n"
            f"people = people_at_hand(source, {s.people or None!r})\n"
            f"observers = [observer for name in {list(s.observers)} for observer in load_observers(name, batches=1)]\n"
            f"answers = answers_of(source.match, observers, {s.n}, {s.seed}{pictures})\n"
            f"scores = score(source, people, answers.table, answers.cannot, n={BOOTSTRAPS}, splits={SPLITS})\n"
            f"figure = task_figure(source, people, answers.table, scores, {s.effect!r}{style})\n"
        )

    def _score(self, task: str, folder: str, observers: tuple[str, ...], n: int, seed: int, pictures: str):
        source = PEOPLE[task]
        people = self._people(task, folder or None)  # before the observers: its absence is said first
        looking = [observer for name in observers for observer in self._loaded(name)]
        self.check()
        answers = answers_of(source.match, looking, n, seed, pictures=pictures or None)
        return answers, score(source, people, answers.table, answers.cannot, n=BOOTSTRAPS, splits=SPLITS)


def _effects(task: str) -> list[str]:
    source = PEOPLE[task]
    return [effect.name for effect in source.effects if not source.match.lacks(effect)]
