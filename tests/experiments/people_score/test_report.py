"""Reports: a page a task, self-contained and escaped as HTML, type and lines as PDF, with every number and command."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import matplotlib
import pytest
from test_people_score import LIKE_PEOPLE, answers, looker, people, row_of, source  # noqa: F401 (fixtures)

from experiments.figures.style import STYLE
from experiments.people_score import score
from experiments.people_score.report import Asked, page_text, write_report
from experiments.people_score.report.printed_sheets import sheets_of, wrapped
from experiments.people_score.report.written import _layout

LOADS = {"src", "href", "xlink:href", "data", "action", "poster"}
VOID = {"meta", "br", "path", "use"}


class Page(HTMLParser):
    """What a page shows, and what it would load; its elements are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.text, self.loads, self.open = "", [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.loads += [value for name, value in attrs if name in LOADS and not value.startswith("#")]
        self.open += [tag] * (tag not in VOID)

    def handle_startendtag(self, tag, attrs):
        self.loads += [value for name, value in attrs if name in LOADS and not value.startswith("#")]

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & {*self.open}:
            self.text += data


@pytest.fixture(scope="module")
def made(source, people, tmp_path_factory):  # noqa: F811
    """A report of a source that tries to break out of its page; its scores; and the folder."""
    odd = replace(source, line="<script>alert(1)</script> & eight people", exclusions="the slow", excluded_by="ours")
    table = people.copy()
    table.attrs["read_digest"] = "ab" * 32
    named = answers(LIKE_PEOPLE, name="net<b>")
    scores = score(odd, table, named, {"blind": "it knows no star"}, n=50, splits=10)
    told = {"link": "diffusion", "fitted_to": "mean of place", "parameters": "boundary 1 [.9, 1.1]", "missed_ms": 16.0}
    told |= {"constant_ms": 21.0, "missed": "1/1 tested", "fit_notes": ""}
    linked = (scores["who"] == "net<b>") & (scores["unit"] == "nat")
    for name, value in (told | {"unit": "s"}).items():
        scores[name] = scores[name].astype(object).where(~linked, value)
    observers = [replace(looker("net<b>", ("star",)), seed=seed) for seed in ("0", "1")]
    asked = Asked(
        [*observers, looker("blind", ("star",))], 12, 3, ("--model", "net<b>", "--n", "12"), ("--from", "a b")
    )
    folder = tmp_path_factory.mktemp("report") / "pages"
    return odd, table, scores, asked, folder, write_report(folder, odd, table, scores, asked)


def test_a_page_of_html_holds_all_numbers_and_commands_and_nothing_else(made):
    _, _, scores, _, folder, paths = made
    assert paths == [folder / "toy.html", folder / "toy.pdf"]
    text = paths[0].read_text("utf8")
    page = Page(text)
    assert page.open == [] and page.loads == [] and "<script" not in text and "url(http" not in text
    assert "<script>alert(1)</script> & eight people" in page.text and "prefers-color-scheme: dark" in text
    assert STYLE.ink not in text[text.index("<svg") : text.index("</svg>")] and "currentColor" in text
    for effect in ("cueing", "conflict"):
        for who in ("people", "net<b>"):
            row = row_of(scores, effect, who)
            mean, low, high = (f"{row[name]:.3f}".replace("-", "−") for name in ("mean", "mean_low", "mean_high"))
            assert f"{mean} [{low}, {high}] s" in page.text
    assert "cannot: it knows no star" in page.text and "8 people answered 640 trials" in page.text
    assert "python -m experiments people show toy --from 'a b'" in page.text
    assert "python -m experiments people score toy --model 'net<b>' --n 12 --out toy.csv" in page.text
    assert "the slow (ours)" in page.text and "ab" * 32 in page.text and "they saw arrows" in page.text
    assert "missed by 16 ms (root mean square; a constant: 21 ms)" in page.text
    assert "diffusion: Ratcliff 1978" in page.text and "12 displays drawn from the seed 3" in page.text
    assert "net<b> (2 networks; takes none)" in page.text


def test_sheets_are_a4_hold_all_text_within_their_margins_and_go_on_where_the_table_is_long(made):
    source, people, scores, asked, *_, paths = made  # noqa: F811
    assert re.search(rb"/MediaBox \[ 0 0 595\.2\d+ 841\.8\d+ \]", paths[1].read_bytes())
    page = page_text(source, people, scores, asked)
    assert len(sheets_of(page, _layout(page))) == 1
    long = replace(page, blocks={f"effect {k}": rows for k in range(20) for rows in [page.blocks["cueing"]]})
    sheets = sheets_of(long, _layout(page))
    assert len(sheets) == 2
    heads = [[text.get_text() for text in sheet.axes[0].texts].count("who") for sheet in sheets]
    assert heads == [1, 1] and "Toy, continued" in [text.get_text() for text in sheets[1].axes[0].texts]
    with STYLE.context():
        for sheet in sheets:
            sheet.set_dpi(400)  # outlines are rounded to pixels
            edge = sheet.bbox.width * (195.5 / 210), sheet.bbox.height * (10 / 297)
            boxes = [text.get_window_extent() for text in sheet.axes[0].texts]
            assert [t.get_text() for b, t in zip(boxes, sheet.axes[0].texts, strict=True) if b.x1 > edge[0]] == []
            assert min(box.y0 for box in boxes) > edge[1]


def test_words_are_wrapped_and_one_that_is_longer_than_a_line_is_broken():
    with matplotlib.style.context(STYLE.settings()):
        lines = wrapped("one two three four five six " + "x" * 200, 30, 7)
    assert "".join(lines).replace(" ", "") == "onetwothreefourfivesix" + "x" * 200 and len(lines) > 8


def test_a_folder_that_cannot_be_written_is_said(made, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="choose a folder that can be written"):
        write_report(tmp_path / "file" / "pages", *made[:4])
