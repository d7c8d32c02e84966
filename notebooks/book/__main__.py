"""``python -m notebooks.book``: put the pages, the notebooks and the reference together, and build them as HTML."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stimuli.foundation import command_line

__all__ = ["Book", "build", "main"]

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
    """

    out: Path = Path("outputs/book")
    run_notebooks: bool = True


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
    from sphinx.cmd.build import build_main

    source = _staged(book.out.absolute() / "source")
    mode = "force" if book.run_notebooks else "off"
    words = ["-q", "-W", "--keep-going", "-c", str(HERE), "-D", f"nb_execution_mode={mode}"]
    pages = book.out.absolute() / "html"
    if build_main([*words, "-d", str(book.out.absolute() / "kept"), str(source), str(pages)]):
        raise ValueError("the book has faults, which are told above: mend these pages, then build again")
    return pages / "index.html"


def _staged(source: Path) -> Path:
    """All that the book is made of, in one folder."""
    from notebooks.book import api, reference

    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(HERE / "pages", source)
    shutil.copytree(NOTEBOOKS / "figures", source / "figures")
    shutil.copytree(NOTEBOOKS / "pictures", source / "notebooks" / "pictures", dirs_exist_ok=True)
    for included in ("README.md", ".github/CONTRIBUTING.md"):
        shutil.copy(NOTEBOOKS.parent / included, source)
    for notebook in sorted(NOTEBOOKS.glob("*.ipynb")):
        shutil.copy(notebook, source / "notebooks")
    for path, text in {**reference.pages(source), **api.pages()}.items():
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
