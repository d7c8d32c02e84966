"""What a wheel and an sdist hold, without building them: all that the code opens, and all that tests need."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))
PROJECT, SETTINGS = DECLARED["project"], DECLARED["tool"]["setuptools"]
WITH_CHECKOUT = ("notebooks/book/pages/", "notebooks/figures/")  # of the book, which its command says


def kept() -> list[str]:
    """Files of the repository."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    return listed.stdout.split() or pytest.skip("this is no checkout")


def shipped() -> set[str]:
    """Files that the wheel holds beside code."""
    data = SETTINGS["package-data"].items()
    found = (
        file for package, patterns in data for p in patterns for file in (ROOT / package.replace(".", "/")).glob(p)
    )
    return {str(file.relative_to(ROOT)) for file in found if file.is_file()}


def test_the_wheel_holds_every_file_beside_the_code_of_a_package():
    beside = {
        name for name in kept()
        if name.split("/")[0] in ("absvit", "experiments", "notebooks", "stimuli") and not name.endswith(".py")
    }  # fmt: skip
    assert {name for name in beside if not name.startswith(WITH_CHECKOUT)} == shipped()


def test_every_folder_of_code_is_a_package():
    packages = {package.rstrip("*") for package in SETTINGS["packages"]["find"]["include"]}
    folders = {Path(name).parent for name in kept() if name.endswith(".py") and name.split("/")[0] in packages}
    assert [str(folder) for folder in folders if not (ROOT / folder / "__init__.py").exists()] == []


def test_the_sdist_holds_all_that_tests_and_scripts_need():
    lines = [line.split() for line in (ROOT / "MANIFEST.in").read_text("utf8").splitlines()]
    named = {word for what, *words in lines if what in ("graft", "include") for word in words}
    always = {"README.md", "LICENSE", "pyproject.toml", "MANIFEST.in", "absvit", "experiments", "stimuli"}
    assert {name.split("/")[0] for name in kept()} == named | always


def test_commands_of_continuous_integration_exist():
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text("utf8"))["jobs"]
    words = [step["run"].split() for job in jobs.values() for step in job["steps"] if "run" in step]
    ours = [next(word for word in line if word != "bash") for line in words if line[0] in ("bash", ".ci/run")]
    assert ours and all((ROOT / name).is_file() for name in ours)


def test_extras_that_messages_name_are_declared_and_each_is_named():
    declared = set(PROJECT["optional-dependencies"])
    texts = [(ROOT / name).read_text("utf8") for name in kept() if name.endswith((".py", ".md", ".sh"))]
    named = {extra for text in texts for extra in re.findall(r"pip install [^\n]*?[.t]\[([a-z]+)\]", text)}
    assert named == declared
