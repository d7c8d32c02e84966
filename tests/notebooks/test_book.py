"""The book: docstrings become fields, every public object is told of once, all pages are built without a warning."""

import re
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint

import nbformat
import pytest

from experiments.figures import FIGURES
from experiments.probes import PROBES
from notebooks.book import __main__ as builder
from notebooks.book import api, docstrings, pictured
from stimuli.families.family import Family
from stimuli.foundation.registry import Registry

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
@pytest.mark.xdist_group("book")
def test_the_book_is_built_without_a_warning(book):
    pages = {file.relative_to(book).as_posix(): file.read_text("utf8") for file in book.rglob("*.html")}
    homes = re.findall(r'<dt class="sig[^"]*" id="([\w.]+)"', "".join(pages.values()))
    assert len(homes) == len(set(homes)) and "absvit.models.priors.directions.ClassPrior" in homes
    assert set(api.PACKAGES) <= {name.split("/")[-1].removesuffix(".html") for name in pages}
    linked = {target for text in pages.values() for target in re.findall(r'<img [^>]*src="([^":]+)"', text)}
    assert linked and all((book / "_images" / name.split("/")[-1]).is_file() for name in linked
                          if "_images" in name)  # fmt: skip


def test_what_is_missing_is_said(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(builder, "NEEDED", ("sphinx", "no_such_package"))
    assert builder.main(["--out", str(tmp_path)]) == 2
    assert "the book needs no_such_package: pip install" in capsys.readouterr().err


@dataclass(frozen=True)
class Untold:
    """Parameters of a stranger. *Broken

    Parameters
    ----------
    n : number.
    """

    n: int = 1
    hue: float = 0.0


def strangers(**places):
    """A registry of families that other packages declare."""
    registry = Registry("stimuli.families.family:Family", "absvit.families", ())
    registry.__dict__["_points"] = {
        name: EntryPoint(name, place, "absvit.families") for name, place in places.items()
    }  # as if they were installed
    return registry


SILENT = Family("silent", " ", Untold, lambda *_: None)


def test_strangers_that_say_too_little_or_cannot_be_had_are_named_and_the_build_goes_on():
    told = []
    found = dict(pictured.usable(strangers(silent=f"{__name__}:SILENT", gone="no_such_module:FAMILY"), told))
    assert list(found) == ["silent"]
    assert len(told) == 3 and "'gone'" in told[2] and "cannot be imported" in told[2]
    assert told[0] == "the family 'silent' says in no line what it is: give it one"
    assert told[1] == f"the docstring of {__name__}.Untold does not say what hue is"


def test_a_stranger_s_docstring_is_shown_as_it_stands():
    assert docstrings.as_list(Untold).startswith("~~~text\nParameters of a stranger. *Broken\n")
    assert docstrings.as_list(builder.Book).startswith("How the book is built.")


def test_a_figure_without_an_example_or_with_one_that_fails_is_named(tmp_path):
    told = []
    bare = replace(FIGURES["study"], made_of="")
    wrong = replace(FIGURES["gains"], made_of="bistable --no-such-option 1")
    assert pictured.drawn({"study": bare, "gains": wrong}, tmp_path / "figures", told) == {}
    assert len(told) == 2 and "'study': no single command" in told[0] and "'gains'" in told[1]


def test_figures_name_commands_that_make_what_they_draw():
    """Each example is a command of a probe that lists the figure, or the sheet of anything."""
    lists = {name: probe.figures for name, probe in PROBES.items()}
    for name, figure in FIGURES.items():
        if figure.example:
            assert name in (*lists[figure.example.split()[0]], "sheet"), name


@pytest.mark.processes
def test_a_notebook_that_fails_is_named_with_cell_and_error(tmp_path, capfd):
    cells = [nbformat.v4.new_markdown_cell("# Failing"), nbformat.v4.new_code_cell("1 / 0")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "index.ipynb")
    with pytest.raises(ValueError, match="the book has faults"):
        builder.html(tmp_path, tmp_path / "out", run_notebooks=True)
    said = re.sub(r"\x1b\[[\d;]*m", "", capfd.readouterr().err)
    assert "index.ipynb" in said and "1 / 0" in said and "ZeroDivisionError: division by zero" in said
