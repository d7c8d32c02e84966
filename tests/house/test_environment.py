"""conda's dependencies and the constraints say the same as pyproject.toml; the stated minima hold here."""

import datetime
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
CONDA_NAMES = {"torch": "pytorch", "opencv-python-headless": "py-opencv"}
CONDA_ONLY = {"pip", "imagemagick"}


def conda_spelling(requirement: str) -> set[str]:
    """One of pip's requirements as conda's, an extra as a package of its own."""
    parsed = Requirement(requirement)
    return {f"{CONDA_NAMES.get(parsed.name, parsed.name)}{parsed.specifier}", *parsed.extras}


def normalised(name: str) -> str:
    """A package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def constraints() -> dict[str, str]:
    """The tested version of every package."""
    lines = (ROOT / "constraints.txt").read_text("utf8").splitlines()
    return dict(re.split("==", line) for line in lines if not line.startswith("#"))


def test_conda_installs_what_pip_installs():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf8"))
    packages = {entry for entry in environment["dependencies"] if isinstance(entry, str)}
    expected = set().union(*map(conda_spelling, PROJECT["dependencies"]))
    assert packages == expected | CONDA_ONLY | {f"python{PROJECT['requires-python']}"}
    assert environment["channels"] == ["conda-forge"]
    assert environment["dependencies"][-1] == {"pip": ["-e .[dev]"]}


@pytest.mark.parametrize("extra", ["", *PROJECT["optional-dependencies"]])
def test_every_dependency_has_a_tested_version_within_its_bounds(extra):
    tested = {normalised(name): number for name, number in constraints().items()}
    for line in PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]:
        requirement = Requirement(line)
        assert tested[normalised(requirement.name)] in requirement.specifier, line


def test_the_citation_is_of_this_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf8"))
    assert cited["version"] == PROJECT["version"] and isinstance(cited["date-released"], datetime.date)
    assert cited["cff-version"] == "1.2.0" and cited["license"] == PROJECT["license"]
    people = [*cited["authors"], *cited["preferred-citation"]["authors"]]
    assert all(person.get("name") or (person["family-names"] and person["given-names"]) for person in people)


def test_what_is_installed_is_within_the_bounds():
    for line in PROJECT["dependencies"]:
        requirement = Requirement(line)
        assert version(requirement.name) in requirement.specifier, line
