"""The book: docstrings become fields, every public object is told of once, all pages are built without a warning."""

import re

import pytest

from notebooks.book import __main__ as book
from notebooks.book import api, docstrings

TOLD = """Distance of a state, |z|.

Parameters
----------
state : (image, channel) what is
    seen, in [0, 1].
*others : more of them.
noise
    Standard deviation.

Returns
-------
(image,) at least 0.

Raises
------
ValueError : another shape.
"""


def test_a_docstring_becomes_fields():
    fields = [line for line in docstrings.as_fields(TOLD.splitlines()) if line]
    assert fields == [
        r"Distance of a state, \|z\|.",
        ":param state: (image, channel) what is seen, in [0, 1].",
        r":param \*others: more of them.",
        ":param noise: Standard deviation.",
        ":returns: (image,) at least 0.",
        ":raises ValueError: another shape.",
    ]


def test_a_docstring_without_sections_stays_as_it_is():
    lines = ["One line.", "", "A table", "of no section."]
    assert docstrings.as_fields(lines) == [*lines, ""]


@pytest.mark.slow
def test_the_book_is_built_without_a_warning(tmp_path, capsys):
    assert book.main(["--no-run-notebooks", "--out", str(tmp_path)]) == 0, capsys.readouterr().err
    pages = {file.relative_to(tmp_path / "html").as_posix(): file.read_text("utf8")
             for file in (tmp_path / "html").rglob("*.html")}  # fmt: skip
    homes = re.findall(r'<dt class="sig[^"]*" id="([\w.]+)"', "".join(pages.values()))
    assert len(homes) == len(set(homes)) and "absvit.models.priors.directions.ClassPrior" in homes
    assert set(api.PACKAGES) <= {name.split("/")[-1].removesuffix(".html") for name in pages}
    linked = {target for text in pages.values() for target in re.findall(r'<img [^>]*src="([^":]+)"', text)}
    assert linked and all((tmp_path / "html" / "_images" / name.split("/")[-1]).is_file() for name in linked
                          if "_images" in name)  # fmt: skip


def test_what_is_missing_is_said(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(book, "NEEDED", ("sphinx", "no_such_package"))
    assert book.main(["--out", str(tmp_path)]) == 2
    assert "the book needs no_such_package: pip install" in capsys.readouterr().err
