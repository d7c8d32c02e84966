"""Reports written: a folder with a page a task, HTML and PDF."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.backends.backend_pdf import PdfPages

from experiments.figures.layout import Layout
from experiments.figures.style import STYLE
from experiments.people.published_source import Source
from experiments.people_score.figure import people as people_layout
from experiments.people_score.report.html_page import html_page
from experiments.people_score.report.page_text import Asked, PageText, page_text
from experiments.people_score.report.printed_sheets import sheets_of
from stimuli.foundation.files import whole, write_whole

__all__ = ["write_report"]


def write_report(folder: Path, source: Source, people: pd.DataFrame, scores: pd.DataFrame, asked: Asked) -> list[Path]:
    """Write the page of a task as NAME.html and NAME.pdf, each whole or not at all.

    Parameters
    ----------
    folder : made, if it is not there.
    source : of people's trials.
    people : its trial table.
    scores : its rows of a score.
    asked : how it came about.

    Raises
    ------
    ValueError : the folder cannot be written.
    """
    page = page_text(source, people, scores, asked)
    layout = _layout(page)
    paths = [Path(folder) / f"{source.name}{end}" for end in (".html", ".pdf")]
    try:
        paths[0].parent.mkdir(parents=True, exist_ok=True)
        write_whole(paths[0], html_page(page, layout.drawn(STYLE)))
        about = {"Title": f"{page.title}: people and observers", "Creator": "absvit", "CreationDate": None}
        with whole(paths[1]) as part, STYLE.context(), PdfPages(part, metadata=about) as file:
            for sheet in sheets_of(page, layout):
                file.savefig(sheet)
    except OSError as error:
        raise ValueError(f"cannot write {folder} ({error}): choose a folder that can be written") from error
    return paths


def _layout(page: PageText) -> Layout:
    """The figure of as many effects as it holds; the table has all, and the text what is unlike."""
    effects, scores = list(page.blocks), page.scores.assign(differs="")
    for number in range(len(effects), 1, -1):
        try:
            return people_layout(scores, STYLE, tuple(effects[:number]), across=3)
        except ValueError:  # they do not fit
            continue
    return people_layout(scores, STYLE, tuple(effects[:1]), across=3)
