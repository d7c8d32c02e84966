"""The figure: evidence for the flash over its offset, a line for each prior."""

from functools import partial

from experiments.figures.figure import Figure
from experiments.figures.layout import Layout
from experiments.figures.panels import Panel, draw_interval_lines, keys_of
from experiments.figures.record_table import Table
from experiments.figures.style import Style
from flash_lag.summary import flash_lag_summary


def flash_lag(table: Table, style: Style) -> Layout:
    """Draw the evidence for the flash by offset and prior."""
    looks = style.looks_of(table.values("prior"))
    panel = Panel(partial(_lines, table.rows, looks), "flash", "Log odds of the flashed against the moving object.")
    return table.layout([panel], "Flash lag", (1, 1), keys_of(looks, table.models))


def _lines(rows, looks, axes) -> None:
    for k, (prior, look) in enumerate(looks.items()):
        chosen = rows[rows["prior"] == prior].sort_values("offset")
        draw_interval_lines(axes, chosen["offset"], chosen, "flash_evidence", look, shift=1.5 * k)
    axes.set(xlabel="flash ahead (image widths)", ylabel="log odds of the flash")


FIGURE = Figure(
    "flash_lag", "evidence for the flash by its offset", reads=("flash_lag",), table=flash_lag_summary, draw=flash_lag
)
