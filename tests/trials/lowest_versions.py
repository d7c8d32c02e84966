"""Print the lower bound of every dependency as a constraint for pip: python tests/trials/lowest_versions.py > FILE."""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf8"))["project"]


def lowest() -> dict[str, str]:
    """The lowest version that pyproject.toml allows, of every dependency and of those of the extra dev."""
    bounds = {}
    for line in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]):
        requirement = Requirement(line)
        lower = [part.version for part in requirement.specifier if part.operator in (">=", "==")]
        assert len(lower) == 1, f"{line} has no single lower bound"
        bounds[requirement.name] = lower[0]
    return bounds


if __name__ == "__main__":
    print("\n".join(f"{name}=={version}" for name, version in lowest().items()))
