"""What all explorers share: controls beside a figure, its code, saving, and mistakes as one readable line."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from threading import Lock, local
from typing import Any

import ipywidgets as widgets
import xarray as xr

from experiments import figures
from experiments.figures.page import Figure
from experiments.figures.screen import png
from experiments.figures.style import STYLES, Style, style_of
from experiments.live.look import stamped
from notebooks.explorers.spoken_names import announced, namer

__all__ = ["Explorer", "Later", "Stale", "labelled", "readable"]

WAIT = 0.06  # seconds that a control must rest before anything is computed
REMEMBERED = 64  # views
LOADS = 4  # at the same time
BUSY = "<b>looking …</b>"


class Stale(Exception):
    """Nobody waits any more for what is being computed."""


@dataclass(frozen=True, eq=False)
class Shown:
    """What a selection shows.

    Parameters
    ----------
    record : that the figure was made from.
    figure : what is shown.
    picture : the figure as a PNG.
    code : the lines that make it.
    """

    record: xr.Dataset
    figure: Figure
    picture: bytes
    code: str


class Later:
    """Call a function once its caller has been quiet for a while; without a running event loop, at once.

    Parameters
    ----------
    call : the function.
    wait : seconds; a call that comes earlier replaces the one that waits.
    """

    def __init__(self, call: Callable[[], None], wait: float = WAIT) -> None:
        self.call, self.wait, self._waiting = call, wait, None

    def __call__(self) -> None:
        """Wait, and then call."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.call()
            return
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = loop.call_later(self.wait, self.call)


def readable(error: Exception) -> str:
    """Write an error as one line."""
    text = " ".join(str(error).split())
    text = text if isinstance(error, ValueError | OSError) and text else f"{type(error).__name__}: {text}"
    return text if len(text) <= 900 else f"{text[:900]}…"


def labelled(kind: type, label: str, **settings: Any) -> widgets.Widget:
    """Make a control with a label that is wide enough."""
    settings = {"layout": widgets.Layout(width="290px"), "style": {"description_width": "86px"}, **settings}
    return kind(description=label, **settings)


class Explorer(widgets.VBox):
    """Controls beside a figure. What is shown follows from ``selection`` alone.

    A subclass gives ``draw`` and ``code``; ``selection`` may be read and set, as may ``record`` and
    ``figure``, which then stand until a control moves. Moves are worked off beside the kernel's event loop,
    in two steps: what ``needs`` names is loaded, then, unless something later has been asked for, the
    selection is computed and drawn; ``check``, called between the blocks of a model, gives up what a later
    move has made stale.

    Parameters
    ----------
    controls : widgets by the field of the selection that they hold.
    kind : the selection's frozen dataclass.
    name : file name that is proposed for figures.
    folder : where figures are saved.
    """

    leading: tuple[str, ...] = ()  # controls that others are fitted to, the gain's range among them
    _drawing = Lock()  # one figure at a time: matplotlib's settings are those of the whole process

    def __init__(self, controls: Mapping[str, widgets.Widget], kind: type, name: str, folder: Path | str) -> None:
        self.controls, self._kind, self.folder = dict(controls), kind, Path(folder)
        self._asked = self._answered = 0  # numbers of moves
        self._at = local()  # number of the move that a thread works for
        self._pool = ThreadPoolExecutor(1, "explorer")
        self._loads = ThreadPoolExecutor(LOADS, "loading")  # a load cannot be stopped, but nobody has to wait for it
        self._record: xr.Dataset | None = None
        self._figure: Figure | None = None
        self._quiet = False
        self._views = lru_cache(REMEMBERED)(self._view)
        self._later = Later(self._start)
        self.picture = widgets.Image(
            format="png", layout=widgets.Layout(width="100%", max_width="780px", height="auto")
        )
        self.picture.add_class("explorer-picture")
        announced(self.picture, "figure of what is chosen")
        self._caption = widgets.HTML()
        self._message = widgets.HTML()
        self._message.add_class("explorer-message")
        self._busy = widgets.HTML(layout=widgets.Layout(height="28px"))
        self._code = widgets.Textarea(layout=widgets.Layout(width="98%", height="190px"))
        self._code.add_class("explorer-code")
        announced(self._code, "code that makes this figure")
        short = {"layout": widgets.Layout(width="210px"), "style": {"description_width": "30px"}}
        self.file = widgets.Text(value=name, description="file", **short)
        self.format = widgets.Dropdown(options=["pdf", "svg", "png"], layout=widgets.Layout(width="70px"))
        narrow = widgets.Layout(width="90px")
        self.style = widgets.Dropdown(options=list(STYLES), tooltip="7-point or 13-point text", layout=narrow)
        self.width = widgets.Dropdown(options=["double", "single"], tooltip="columns of a journal", layout=narrow)
        self.save_button = widgets.Button(
            description="save figure", tooltip="write the figure, its origin inside", layout=widgets.Layout(flex="none")
        )
        self.save_button.on_click(lambda _: self.save())
        for widget, words in ((self.format, "format"), (self.style, "style"), (self.width, "width")):
            announced(widget, f"{words} of the file")
        for control in (*self.controls.values(), self.style, self.width):
            control.observe(self._moved, "value")
        code = widgets.Accordion([self._code], titles=("copy code: these lines make this figure without widgets",))
        shown = widgets.VBox(
            [
                self.picture,
                self._caption,
                self._message,
                widgets.HBox([self.file, self.format, self.style, self.width, self.save_button]),
                code,
            ],
            layout=widgets.Layout(flex="1 1 0%", min_width="0"),
        )
        column = widgets.Layout(flex="0 0 300px")
        left = widgets.VBox([self._busy, *self.panel(), namer()], layout=column)
        super().__init__([widgets.HBox([left, shown])])
        self.add_class("explorer")

    def panel(self) -> list[widgets.Widget]:
        """List the widgets of the left side, in order."""
        return list(self.controls.values())

    def draw(self, selection: Any, style: Style) -> tuple[xr.Dataset, Figure]:
        """Compute the record of a selection, and its figure.

        Parameters
        ----------
        selection : what the controls say.
        style : sizes and colours of the figure.
        """
        raise NotImplementedError

    def code(self, selection: Any, style: str) -> str:
        """Write the lines that make the same figure.

        Parameters
        ----------
        selection : what the controls say.
        style : last argument of the figure's function, with a comma before it; "" for the default style.
        """
        raise NotImplementedError

    def needs(self) -> Callable[[], object]:
        """Give the function that loads what the controls are fitted to, such as a model; by default there is nothing.

        It may take long, so it is called beside the kernel's event loop, before ``prepare``.
        """
        return lambda: None

    def shown(self) -> None:
        """Do what follows from a figure once it is shown, such as offering something; by default there is nothing."""

    def prepare(self) -> None:
        """Fit the controls to each other before a selection is read from them."""

    @property
    def selection(self) -> Any:
        """What the controls say, as a frozen dataclass; setting it moves the controls and shows it."""
        return self._kind(**{name: control.value for name, control in self.controls.items()})

    @selection.setter
    def selection(self, selection: Any) -> None:
        self._quiet = True
        try:
            self.move(selection)
        except Exception as error:
            self.message = readable(error)
        else:
            self.update()
        finally:
            self._quiet = False

    def move(self, selection: Any) -> None:
        """Move the controls to a selection, without showing it: those first that the others are fitted to."""
        for name in self.leading:
            self.controls[name].value = getattr(selection, name)
        if self.leading:
            self.prepare()
            self.controls["gain"].max = max(self.controls["gain"].max, selection.gain)
        for name, control in self.controls.items():
            control.value = getattr(selection, name)

    @property
    def record(self) -> xr.Dataset | None:
        """The record that is shown."""
        return self._record

    @record.setter
    def record(self, record: xr.Dataset) -> None:
        self._record = record

    @property
    def figure(self) -> Figure | None:
        """The figure that is shown; setting it shows another one."""
        return self._figure

    @figure.setter
    def figure(self, figure: Figure) -> None:
        self._figure, self.picture.value, self._caption.value = figure, png(figure), _small(figure.get_label())

    @property
    def message(self) -> str:
        """What went wrong, or was saved; one line, empty if there is nothing to say."""
        return html.unescape(self._message.value.partition(">")[2].rpartition("<")[0])

    @message.setter
    def message(self, text: str) -> None:
        self._message.value = f'<span role="status">{html.escape(text)}</span>' if text else ""

    @property
    def source(self) -> str:
        """The lines that make the figure without widgets."""
        return self._code.value

    def update(self) -> None:
        """Show what the controls say; what cannot be shown is said in one line, and the last figure stays."""
        self._asked += 1
        self._busy.value = BUSY
        try:
            found = self._work(self._asked, *self._prepared())
        except Exception as error:  # whatever it is, the explorer stays alive and says it
            found = readable(error)
        self._show(self._asked, found)

    def check(self) -> None:
        """Give up if a later move has made the present work stale.

        Raises
        ------
        Stale : nobody waits for it.
        """
        if getattr(self._at, "move", self._asked) != self._asked:
            raise Stale

    def save(self) -> None:
        """Write the figure with its caption and origin into the file that is named."""
        try:
            if self._record is None or self._figure is None:
                raise ValueError("there is no figure yet: make a selection that can be shown")
            if not self.file.value.strip():
                raise ValueError("the figure has no file name: write one into the field file")
            record = self._record if "created" in self._record.attrs else stamped(self._record)
            written = figures.save(self._figure, self.folder / self.file.value.strip(), record, [self.format.value])
            self.message = f"written: {', '.join(map(str, written))}. {self._figure.get_label()}"
        except Exception as error:
            self.message = readable(error)

    def _view(self, selection: Any, look: tuple[str, str]) -> Shown:
        """What a selection shows in a style of a width; the latest are remembered."""
        record, figure = self.draw(selection, style_of(*look))
        code = self.code(selection, "")
        if style_of(*look) != style_of():
            words = ", ".join(map(repr, look))
            code = f"from experiments.figures import style_of\n{self.code(selection, f', style=style_of({words})')}"
        return Shown(record, figure, png(figure), code)

    def _set(self, **values: Any) -> None:
        """Move several controls as one."""
        quiet, self._quiet = self._quiet, True
        for name, value in values.items():
            self.controls[name].value = value
        self._quiet = quiet
        self._moved(None)

    def _moved(self, _: object) -> None:
        if not self._quiet:
            self._asked += 1  # what is being computed is stale from now on
            self._busy.value = BUSY
            self._later()

    def _start(self) -> None:
        """Show what the controls say as soon as it is computed; without a running event loop, now."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.update()
            return
        self._asked += 1
        job = loop.run_in_executor(self._loads, self._load, self._asked, self.needs())
        job.add_done_callback(partial(self._go_on, self._asked))

    def _load(self, number: int, load: Callable[[], object]) -> str | None:
        """Load what the controls need, or say why it cannot be; nothing where a later move has made it stale."""
        try:
            if number == self._asked:
                load()
        except Exception as error:
            return readable(error)
        return None

    def _go_on(self, number: int, job: Future) -> None:
        """Compute what the controls say, now that what they need is there, unless a later move has come meanwhile."""
        if job.cancelled() or number != self._asked:
            return
        try:
            if job.result() is not None:
                raise ValueError(job.result())
            asked = self._prepared()
        except Exception as error:
            self._show(number, readable(error))
            return
        work = asyncio.get_running_loop().run_in_executor(self._pool, self._work, number, *asked)
        work.add_done_callback(partial(self._finish, number))

    def _finish(self, number: int, job: Future) -> None:
        if not job.cancelled():
            self._show(number, job.result())

    def _prepared(self) -> tuple[Any, tuple[str, str]]:
        """The selection, once the controls fit each other, and the style and width of its figure."""
        quiet, self._quiet, self._at.move = self._quiet, True, self._asked
        try:
            self.prepare()
            return self.selection, (self.style.value, self.width.value)
        finally:
            self._quiet = quiet

    def _work(self, number: int, selection: Any, look: tuple[str, str]) -> Shown | str | None:
        """What a selection shows, or why it cannot be shown; None where a later move has made it stale."""
        with self._drawing:
            self._at.move = number
            try:
                self.check()
                return self._views(selection, look)
            except Stale:
                return None
            except Exception as error:
                return readable(error)

    def _show(self, number: int, found: Shown | str | None) -> None:
        """Show what was computed, unless something later is shown already."""
        if number == self._asked:
            self._busy.value = ""
        if found is None or number < self._answered:
            return
        self._answered = number
        if isinstance(found, str):
            self.message = found
            return
        self._record, self._figure = found.record, found.figure
        self.picture.value, self._code.value, self.message = found.picture, found.code, ""
        self._caption.value = _small(found.figure.get_label())
        self.shown()


def _small(text: str) -> str:
    """A caption as HTML."""
    return f'<p style="font-size: 12px; line-height: 1.35; max-width: 780px">{html.escape(text)}</p>'
