"""Notebooks: stored without outputs, short, with parameters, and run by nbmake from the first cell to the last."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_it_is_stored_short_and_without_outputs(notebook):
    cells = json.loads(notebook.read_text("utf8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert len(cells) <= 12
    assert code[0]["metadata"].get("tags") == ["parameters"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)


@pytest.mark.processes
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_it_runs(notebook, tmp_path):
    copy = shutil.copy(notebook, tmp_path)
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbmake", "--nbmake-timeout=500", str(copy)]
    result = subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-4000:]


@pytest.mark.processes
def test_a_notebook_that_fails_is_noticed(tmp_path):
    book = json.loads(NOTEBOOKS[0].read_text("utf8"))
    book["cells"] = book["cells"][1:2]
    book["cells"][0]["source"] = ["1 / 0"]
    (tmp_path / "bad.ipynb").write_text(json.dumps(book))
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbmake", str(tmp_path / "bad.ipynb")]
    result = subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 1 and "ZeroDivisionError" in result.stdout
