"""Words for what is looked for: completed, chosen from where several may be meant, and suggested bottom-up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import ipywidgets as widgets
import numpy as np

from absvit.models.kind_words import completions, kinds_of
from absvit.networks.suggesting import Suggestion
from experiments.figures.page import plain
from experiments.observers import Observer
from experiments.statistics.intervals import number_text
from notebooks.explorers.explorer import labelled

__all__ = ["WordChooser"]

CHOICES = 12
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
