"""A page of a report as one HTML file: nothing is loaded from elsewhere, and it follows the reader's light or dark."""

from __future__ import annotations

import html
import io

from matplotlib.figure import Figure

from experiments.figures.style import STYLE
from experiments.people_score.report.page_text import PageText

__all__ = ["html_page"]

CSS = """
:root { color-scheme: light dark; --ink: #222; --soft: #5c5c66; --line: #c9c9d0; --paper: #fff; --wash: #f4f4f6 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e4e8; --soft: #a2a2ac; --line: #4a4a52; --paper: #17171a; --wash: #222227 }
}
body { color: var(--ink); background: var(--paper); font: 15px/1.5 Georgia, "Liberation Serif", serif;
  max-width: 62rem; margin: 2.5rem auto; padding: 0 1.5rem }
h1 { font-size: 1.9rem; margin: 0; font-weight: normal } h2 { font-size: 1.05rem; margin: 1.4rem 0 .3rem }
p { margin: .3rem 0; overflow-wrap: anywhere } .lead, caption, figcaption, .small { color: var(--soft) }
.methods { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); column-gap: 2.5rem;
  border-top: 1px solid var(--line); margin-top: 1rem }
figure { margin: 1.8rem 0; color: var(--ink) } figure svg { width: 100%; height: auto } figcaption { font-size: .85rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font: 12.5px/1.45 Arial, "Liberation Sans", sans-serif }
th, td { text-align: left; padding: .22rem .6rem .22rem 0; vertical-align: top; white-space: nowrap }
td.refused { white-space: normal; color: var(--soft) }
thead th { border-top: 1.5px solid var(--ink); border-bottom: 1px solid var(--ink) }
tbody { border-bottom: 1px solid var(--line) } tbody th { padding-top: .6rem } tr.people td { background: var(--wash) }
code { font-size: .82rem; overflow-wrap: anywhere } li { margin: .15rem 0 } ul { padding-left: 1.2rem; margin: .3rem 0 }
@media print { body { margin: 0; max-width: none; font-size: 9.5pt } }
"""


def html_page(page: PageText, figure: Figure) -> str:
    """Set a page as HTML; all text is escaped."""
    *methods, statistics = (f"<section>{_tag('h2', head)}{_tag('p', text)}</section>" for head, text in page.methods)
    links = _tag("h2", "Links from margins to times") + _listed(page.links) if page.links else ""
    commands = "".join(
        f"<li>{html.escape(f'{number} {what}: ')}{_tag('code', line)}</li>" for number, what, line in page.commands
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"{_tag('title', f'{page.title}: people and observers')}\n<style>{CSS}</style>\n</head>\n<body>\n"
        f'{_tag("h1", page.title)}\n{_tag("p", page.lead, "lead")}\n<div class="methods">{"".join(methods)}</div>\n'
        f"<figure>{_svg(figure)}{_tag('figcaption', figure.get_label())}</figure>\n"
        f'<div class="wide">{_table(page)}</div>\n{links}{statistics}'
        f"{_tag('h2', 'References')}{_listed(page.references)}"
        f"{_tag('h2', 'Where each number is from')}<ul>{commands}</ul>\n</body>\n</html>\n"
    )


def _tag(name: str, text: str, kind: str = "") -> str:
    of_kind = f' class="{kind}"' if kind else ""
    return f"<{name}{of_kind}>{html.escape(text)}</{name}>"


def _listed(lines) -> str:
    return f"<ul>{''.join(_tag('li', line) for line in lines)}</ul>"


def _table(page: PageText) -> str:
    head = "".join(_tag("th", text) for text in page.columns.values())
    bodies = "".join(
        f'<tbody><tr><th colspan="{len(page.columns)}">{html.escape(effect)}</th></tr>'
        f"{''.join(_row(row, list(page.columns)) for row in rows)}</tbody>"
        for effect, rows in page.blocks.items()
    )
    return f"<table><thead><tr>{head}</tr></thead>{bodies}</table>"


def _row(cells: dict[str, str], columns: list[str]) -> str:
    if "d" not in cells:
        wide = f'<td class="refused" colspan="{len(columns) - 2}">{html.escape(cells["effect"])}</td>'
        return f"<tr>{_tag('td', cells['who'])}{wide}{_tag('td', cells['from'])}</tr>"
    kind = ' class="people"' if cells["from"] == "[1]" else ""
    return f"<tr{kind}>{''.join(_tag('td', cells.get(name, '')) for name in columns)}</tr>"


def _svg(figure: Figure) -> str:
    """The figure as SVG without a ground, its ink that of the page."""
    file = io.StringIO()
    with STYLE.context():
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    return text[text.index("<svg") :].replace(STYLE.ink, "currentColor")
