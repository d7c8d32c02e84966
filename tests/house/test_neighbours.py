"""A user's own file with the name of a package of ours is named, instead of what is missing in it."""

import subprocess
import sys

import pytest

from absvit.neighbours import hidden_by

NAMES = ("stimuli", "experiments", "notebooks")


def run(folder, *words):
    """A program that is started in a folder."""
    return subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True)


def written(path):
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine = True\n")
    return path


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_hidden_by_folders_of_pictures(name, tmp_path, monkeypatch):
    (tmp_path / name).mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert hidden_by(name) == ""


@pytest.mark.parametrize("file", ["stimuli.py", "stimuli/__init__.py"])
def test_a_file_that_hides_the_stimuli_is_named(file, tmp_path):
    mine = written(tmp_path / file)
    done = run(tmp_path, "-c", "import absvit")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: {mine} hides the package stimuli") and "rename it" in last


def test_a_program_of_that_name_says_so_too(tmp_path):
    (tmp_path / "stimuli.py").write_text("import absvit\n")
    done = run(tmp_path, "stimuli.py")
    assert f"{tmp_path / 'stimuli.py'} hides" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("name", ["experiments", "notebooks"])
def test_what_is_not_needed_yet_is_a_warning(name, tmp_path):
    mine = written(tmp_path / f"{name}.py")
    done = run(tmp_path, "-c", "import absvit; print(absvit.records.__name__)")
    assert done.returncode == 0 and done.stdout == "absvit.records\n"
    assert f"{mine} hides the package {name}" in done.stderr


def test_hidden_experiments_end_in_one_line(tmp_path):
    mine = written(tmp_path / "experiments.py")
    done = run(tmp_path, "-W", "ignore", "-m", "absvit", "experiments", "list")
    assert done.returncode == 2 and done.stderr.startswith(f"error: {mine} hides the package experiments")
    assert done.stderr.count("\n") == 1
    done = run(tmp_path, "-W", "ignore", "-c", "import notebooks.explorers")
    assert done.stderr.splitlines()[-1].startswith(f"ImportError: {mine} hides the package experiments")
