"""The tree of files: folders are small, names mean one thing, files have one job, lines are short."""

from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("absvit", "experiments", "notebooks", "stimuli")
SOURCES = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
FILES = [*SOURCES, *sorted((ROOT / "tests").rglob("*.py"))]

BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}
TOP_LEVEL = {
    "absvit", "experiments", "notebooks", "stimuli", "scripts", "tests",
    "environment.yml", "README.md", "pyproject.toml", "constraints.txt", "LICENSE", "CITATION.cff", "MANIFEST.in",
}  # fmt: skip
ROLES = {  # what a file is for in its package, the same in each
    "__init__", "__main__", "check", "classes", "datasets", "evaluation", "figure", "loading", "objective", "options",
    "probe", "problem", "reading", "recipe", "recipes", "show", "summary", "task", "views", "writing",
}  # fmt: skip
SUBJECTS = {  # what one layer draws or computes, another measures, and a third one shows
    "attention", "corruption", "dynamics", "layout", "letters", "maps", "psychometric", "records", "scenes",
}  # fmt: skip
GENERATED = {"outputs", "build", "dist", "absvit.egg-info"}


def named(file):
    return str(file.relative_to(ROOT))


def test_files_have_one_job():
    assert [named(file) for file in FILES if len(file.read_text("utf8").splitlines()) > 400] == []
    assert [named(file) for file in FILES if file.stem in BANNED_NAMES] == []


def test_folders_are_small():
    sizes = Counter(named(file.parent) for file in FILES)
    assert {folder: size for folder, size in sizes.items() if size > 20} == {}


def test_names_of_modules_mean_one_thing():
    shared = [name for name, count in Counter(file.stem for file in SOURCES).items() if count > 1]
    assert set(shared) <= ROLES | SUBJECTS


def test_lines_are_short():
    lines = [line for file in SOURCES for line in file.read_text("utf8").splitlines()]
    long = sum(len(line) > 110 for line in lines)
    assert long / len(lines) < 0.03, f"{long} of {len(lines)} lines are longer than 110 characters"


def test_recipes_are_not_told_apart():
    assert [named(file) for file in SOURCES if "isinstance(recipe" in file.read_text("utf8")] == []


def test_scripts_are_short_and_stop_at_the_first_error():
    for script in (ROOT / "scripts").glob("*.sh"):
        lines = script.read_text("utf8").splitlines()
        assert len(lines) < 30 and "set -euo pipefail" in lines, script


def test_top_level_is_the_fixed_layout():
    present = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert present - GENERATED == TOP_LEVEL
