"""Words for what is looked for: completed, chosen from where several may be meant, suggested; or a sentence."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Sequence
from functools import partial

import ipywidgets as widgets
import numpy as np
import xarray as xr

from absvit.models.kind_words import completions, kinds_of
from absvit.networks.suggesting import Suggestion
from experiments.figures.page import plain
from experiments.observers import Observer
from experiments.statistics.intervals import number_text
from notebooks.explorers.explorer import labelled

__all__ = ["SentenceField", "WordChooser"]

CHOICES = 12
NEAREST = 5  # kinds that a phrase was taken for
FIRST_SENTENCE = "the star on the left"
NAMES = ("category", "other")


class WordChooser:
    """Two fields for kinds that compete, choices of what may be meant, and buttons of what is seen bottom-up.

    Parameters
    ----------
    take : called with what the fields are to hold, by their names, once something is chosen.
    """

    def __init__(self, take: Callable[..., None]) -> None:
        typed = {"continuous_update": False, "placeholder": "type to search"}
        category = labelled(widgets.Combobox, "look for", **typed)
        other = labelled(widgets.Combobox, "or for", **{**typed, "placeholder": "nothing else"})
        self.controls = {"category": category, "other": other}
        self.meant = labelled(widgets.Select, "meant", rows=5)
        self.suggestions = widgets.Box(layout=widgets.Layout(flex_flow="row wrap", width="290px"))
        self.suggestions.add_class("explorer-suggestions")
        self._take, self._asked_for = take, NAMES[0]  # the field whose word is not understood
        self.meant.observe(self._choose, "value")

    def show(self, needed: bool) -> None:
        """Show the fields, or hide them."""
        for widget in (*self.controls.values(), self.suggestions):
            widget.layout.display = "" if needed else "none"
        self.meant.layout.display = "none"

    def fit(self, observer: Observer, first: Callable[[], Sequence[str]]) -> None:
        """Offer the words of an observer, and fill in the first two where it does not know what stands there."""
        words = completions("", observer, 2 * observer.num_classes)
        for control in self.controls.values():
            control.options = words
        category, other = self.controls.values()
        if not _is_known(category.value, observer):
            category.value, other.value = [*first(), *words][:2]
        elif not _is_known(other.value, observer):
            other.value = ""

    def understand(self, observer: Observer) -> None:
        """Offer what may be meant by words that are not understood.

        Raises
        ------
        ValueError : why they are not.
        """
        for name, control in self.controls.items():
            if name == "other" and not control.value.strip():
                continue
            try:
                kinds_of(control.value, observer)
            except ValueError:
                self._asked_for = name
                self.meant.options = completions(control.value, observer, CHOICES)
                self.meant.value = None
                self.meant.layout.display = "" if self.meant.options else "none"
                raise

    def suggest(self, seen: Sequence[Suggestion]) -> None:
        """Put what is seen bottom-up on buttons."""
        buttons = []
        for one in seen:
            label = f"{plain(one.category)} {number_text(np.nanmax([one.whole, one.part]))}"
            layout = widgets.Layout(width="auto", height="24px")
            buttons.append(widgets.Button(description=label, tooltip=_told(one), layout=layout))
            buttons[-1].on_click(partial(self._suggested, one.category))
        self.suggestions.children = buttons

    def _suggested(self, category: str, _: widgets.Button) -> None:
        """Look for what was suggested, and for what was looked for before as the other."""
        before = self.controls["category"].value
        if category != before:
            self._take(category=category, other=before)

    def _choose(self, change: dict) -> None:
        if change["new"]:
            self._take(**{self._asked_for: change["new"]})


class SentenceField:
    """A field for a sentence, and under it how it was read and what its phrases were taken for."""

    def __init__(self) -> None:
        typed = {"continuous_update": False, "placeholder": "something that flies, not on the left"}
        self.control = labelled(widgets.Text, "told", value=FIRST_SENTENCE, **typed)
        self.reading = widgets.HTML(layout=widgets.Layout(width="290px", display="none"))
        self.reading.add_class("explorer-reading")

    def show(self, needed: bool) -> None:
        """Show the field, or hide it."""
        self.control.layout.display = "" if needed else "none"
        if not needed:
            self.tell(None)

    def tell(self, record: xr.Dataset | None) -> None:
        """Tell of a record how its sentence was read; nothing of none."""
        readings = [] if record is None or "reading" not in record else [*record["reading"].values]
        read = [f"read as {reading}" for reading in readings if reading]
        each = json.loads(record.attrs.get("meanings", "{}")) if read else {}
        meant = next(iter(each.values()), {}) if each else {}
        lines = [*read, *(line for of in meant.values() for line in _meant(of))]
        self.reading.value = "".join(f"<div>{html.escape(line)}</div>" for line in lines)
        self.reading.layout.display = "" if lines else "none"


def _meant(of: dict) -> list[str]:
    """What a phrase was taken for, and a warning where that is doubtful."""
    kinds = ", ".join(f"{plain(name)} {weight:.0%}" for name, weight in of["kinds"][:NEAREST])
    doubt = ["Doubtful: it may be nonsense, another language, or nothing visible."] if of["doubtful"] else []
    return [f"“{of['text']}” is nearest to {kinds}; confidence {of['confidence']:.2f}", *doubt]


def _is_known(words: str, observer: Observer) -> bool:
    try:
        return bool(kinds_of(words, observer))
    except ValueError:
        return False


def _told(one: Suggestion) -> str:
    """A suggestion in full."""
    told = f"{one.category}: {number_text(one.whole)} of the whole picture"
    if one.at is None:
        return told
    x, y = one.at
    return f"{told}, {number_text(one.part)} of a part around {x:.2f}, {y:.2f}"
