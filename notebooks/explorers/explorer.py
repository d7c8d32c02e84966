"""What all explorers share: controls beside a figure, its code, saving, and mistakes as one readable line."""

from __future__ import annotations

import asyncio
import html
import io
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import xarray as xr

from experiments import figures
from experiments.figures.drawing import Figure
from experiments.looking import stamped

__all__ = ["Explorer", "Later", "labelled", "readable"]

WAIT = 0.06  # seconds that a control must rest before anything is computed
DPI = 96
REMEMBERED = 64  # views


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
    """Write an error as one line.

    Parameters
    ----------
    error : what went wrong.
    """
    text = " ".join(str(error).split())
    text = text if isinstance(error, ValueError | OSError) and text else f"{type(error).__name__}: {text}"
    return text if len(text) <= 900 else f"{text[:900]}…"


def labelled(kind: type, label: str, **settings: Any) -> widgets.Widget:
    """Make a control with a label that is wide enough.

    Parameters
    ----------
    kind : class of the widget.
    label : what it sets.
    **settings : of the widget.
    """
    settings = {"layout": widgets.Layout(width="340px"), "style": {"description_width": "100px"}, **settings}
    return kind(description=label, **settings)


class Explorer(widgets.VBox):
    """Controls beside a figure. What is shown follows from ``selection`` alone.

    A subclass gives ``draw`` and ``code``; ``selection`` may be read and set, as may ``record`` and ``figure``, which
    then stand until a control moves.

    Parameters
    ----------
    controls : widgets by the field of the selection that they hold.
    kind : the selection's frozen dataclass.
    name : file name that is proposed for figures.
    folder : where figures are saved.
    """

    def __init__(self, controls: Mapping[str, widgets.Widget], kind: type, name: str, folder: Path | str) -> None:
        self.controls, self._kind, self.folder = dict(controls), kind, Path(folder)
        self._record: xr.Dataset | None = None
        self._figure: Figure | None = None
        self._quiet = False
        self._views = lru_cache(REMEMBERED)(self._view)
        self._later = Later(self.update)
        self.picture = widgets.Image(
            format="png", layout=widgets.Layout(width="100%", max_width="720px", height="auto")
        )
        self.picture.add_class("explorer-picture")
        self._message = widgets.HTML()
        self._message.add_class("explorer-message")
        self._busy = widgets.HTML(layout=widgets.Layout(height="28px"))
        self._code = widgets.Textarea(layout=widgets.Layout(width="98%", height="190px"))
        self._code.add_class("explorer-code")
        self.file = widgets.Text(value=name, description="file")
        self.format = widgets.Dropdown(options=["pdf", "svg", "png"], layout=widgets.Layout(width="90px"))
        self.save_button = widgets.Button(description="save figure", tooltip="write the figure, its origin inside")
        self.save_button.on_click(lambda _: self.save())
        for control in self.controls.values():
            control.observe(self._moved, "value")
        code = widgets.Accordion([self._code], titles=("copy code: these lines make this figure without widgets",))
        shown = widgets.VBox(
            [self.picture, self._message, widgets.HBox([self.file, self.format, self.save_button]), code],
            layout=widgets.Layout(flex="1 1 0%", min_width="0"),
        )
        column = widgets.Layout(flex="0 0 352px")
        super().__init__([widgets.HBox([widgets.VBox([self._busy, *self.panel()], layout=column), shown])])

    def panel(self) -> list[widgets.Widget]:
        """List the widgets of the left side, in order."""
        return list(self.controls.values())

    def draw(self, selection: Any) -> tuple[xr.Dataset, Figure]:
        """Compute the record of a selection, and its figure.

        Parameters
        ----------
        selection : what the controls say.
        """
        raise NotImplementedError

    def code(self, selection: Any) -> str:
        """Write the lines that make the same figure.

        Parameters
        ----------
        selection : what the controls say.
        """
        raise NotImplementedError

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
        """Move the controls to a selection, without showing it.

        Parameters
        ----------
        selection : where to.
        """
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
        self._figure, self.picture.value = figure, _png(figure)

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
        self._busy.value = "<b>looking …</b>"
        quiet, self._quiet = self._quiet, True
        try:
            self.prepare()
            selection = self.selection
            self._record, self._figure, png = self._views(selection)
            self.picture.value, self._code.value, self.message = png, self.code(selection), ""
        except Exception as error:  # whatever it is, the explorer stays alive and says it
            self.message = readable(error)
        finally:
            self._quiet, self._busy.value = quiet, ""

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

    def _view(self, selection: Any) -> tuple[xr.Dataset, Figure, bytes]:
        """Record, figure and picture of a selection; the latest are remembered."""
        record, figure = self.draw(selection)
        return record, figure, _png(figure)

    def _moved(self, _: object) -> None:
        if not self._quiet:
            self._busy.value = "<b>looking …</b>"
            self._later()


def _png(figure: Figure) -> bytes:
    """The figure as the bytes of a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DPI, pil_kwargs={"compress_level": 1})  # fast rather than small
    return file.getvalue()
