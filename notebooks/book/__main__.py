"""``python -m notebooks.book``: put the pages, the notebooks and the reference together, and build them as HTML."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stimuli.foundation import command_line

__all__ = ["Book", "build", "html", "main"]

HERE = Path(__file__).parent
NOTEBOOKS = HERE.parent
NEEDED = ("sphinx", "myst_nb", "pydata_sphinx_theme")


@dataclass(frozen=True)
class Book:
    """How the book is built.

    Parameters
    ----------
    out
        Folder of the HTML pages; what a build left there is replaced.
    run_notebooks
        Run the notebooks, so that they show what they give here; without it they show their code alone.
    run_figures
        Run probes on a few stimuli each, so that figures have pictures; without it they have none.
    """

    out: Path = Path("outputs/book")
    run_notebooks: bool = True
    run_figures: bool = True


def build(book: Book) -> Path:
    """Build the book.

    Returns
    -------
    The page to open first.

    Raises
    ------
    ValueError : a package that builds it is missing, or Sphinx had a warning or an error, told before.
    """
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        raise ValueError(f"the book needs {', '.join(missing)}: pip install -e '.[docs]'")
    left_out: list[str] = []
    source = _staged(book, left_out)
    for line in left_out:
        print(f"left out: {line}", file=sys.stderr)
    return html(source, book.out.absolute(), book.run_notebooks)


def html(source: Path, out: Path, run_notebooks: bool) -> Path:
    """Let Sphinx make HTML of a folder of sources; gives the page to open first."""
    from sphinx.cmd.build import build_main

    mode = "force" if run_notebooks else "off"
    words = ["-q", "-W", "--keep-going", "-c", str(HERE), "-D", f"nb_execution_mode={mode}"]
    if build_main([*words, "-d", str(out / "kept"), str(source), str(out / "html")]):
        raise ValueError("the book has faults, which are told above: mend these pages, then build again")
    return out / "html" / "index.html"


def _staged(book: Book, left_out: list[str]) -> Path:
    """All that the book is made of, in one folder; what it cannot show is told."""
    from notebooks.book import api, file_formats, pictured, reference

    source = book.out.absolute() / "source"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(HERE / "pages", source)
    shutil.copytree(NOTEBOOKS / "figures", source / "figures")
    shutil.copytree(NOTEBOOKS / "pictures", source / "notebooks" / "pictures", dirs_exist_ok=True)
    for included in ("README.md", ".github/CONTRIBUTING.md"):
        shutil.copy(NOTEBOOKS.parent / included, source)
    for notebook in sorted(NOTEBOOKS.glob("*.ipynb")):
        shutil.copy(notebook, source / "notebooks")
    pictures = pictured.pages(source, left_out, book.run_figures)
    for path, text in {**reference.pages(), **file_formats.pages(), **pictures, **api.pages()}.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text, "utf8")
    return source


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0, or 2 after one line on standard error."""

    def start(book: Book) -> None:
        print(f"the book begins at {build(book)}")

    command = command_line.command("Build the book as HTML.", start, book=Book)
    return command_line.run(command, "python -m notebooks.book", arguments)


if __name__ == "__main__":
    sys.exit(main())
