"""The book, built once for all tests that look at its pages; notebooks and figures are not run for it."""

import pytest

from notebooks.book.__main__ import Book, build


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    """Folder of the HTML pages."""
    return build(Book(tmp_path_factory.mktemp("book"), run_notebooks=False, run_figures=False)).parent
