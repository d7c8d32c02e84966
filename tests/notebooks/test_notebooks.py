"""Notebooks: stored without outputs, short, with parameters, and run from the first cell to the last.

Those of explorers are run by test_browser.py, where every cell must have ended without an error; nbmake runs the
others, and all of them where there is no browser.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from chromium import IN_BROWSER, chromium

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
BY_NBMAKE = [notebook for notebook in NOTEBOOKS if notebook.stem not in IN_BROWSER or chromium() is None]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_it_is_stored_short_and_without_outputs(notebook):
    cells = json.loads(notebook.read_text("utf8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert len(cells) <= 12
    assert code[0]["metadata"].get("tags") == ["parameters"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)


def run(notebook):
    """What nbmake tells of a notebook, with no other plug-in of pytest, each of which takes seconds to import."""
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "nbmake", "--nbmake", "--nbmake-timeout=500"]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, *words, str(notebook)]
    return subprocess.run(command, cwd=notebook.parent, env=environment, capture_output=True, text=True)


@pytest.mark.processes
@pytest.mark.parametrize("notebook", BY_NBMAKE, ids=lambda notebook: notebook.stem)
def test_it_runs(notebook, tmp_path):
    told = run(Path(shutil.copy(notebook, tmp_path)))
    assert told.returncode == 0, told.stdout[-4000:]


@pytest.mark.processes
def test_a_notebook_that_fails_is_noticed(tmp_path):
    book = json.loads(NOTEBOOKS[0].read_text("utf8"))
    book["cells"] = book["cells"][1:2]
    book["cells"][0]["source"] = ["1 / 0"]
    (tmp_path / "bad.ipynb").write_text(json.dumps(book))
    told = run(tmp_path / "bad.ipynb")
    assert told.returncode == 1 and "ZeroDivisionError" in told.stdout
