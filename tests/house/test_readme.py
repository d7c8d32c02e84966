"""The README's lines run as they stand, and its table of models is the zoo's."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from absvit.__main__ import COMMANDS
from absvit.models import zoo
from experiments.__main__ import main as experiments

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


SHELL = [line.split("#")[0].strip() for block in blocks("bash") for line in block.splitlines()]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder with the pictures that the README's commands name."""
    folder = tmp_path_factory.mktemp("desk")
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    for name in ("a.jpg", "b.jpg", "PICTURES/cat/1.png", "PICTURES/dog/1.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / name)
    return folder


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:n = .* leaves", "ignore:.*does not know")
def test_the_tour_runs_as_it_stands(desk, monkeypatch):
    monkeypatch.chdir(desk)
    for line in SHELL:
        if line.startswith("python -m experiments") and "outputs/" in line:
            words = re.sub(r" --n \d+", "", line).split()[3:]
            fewer = [] if words[0] in ("summary", "figure") else ["--n", "12"]  # as it stands, but of fewer stimuli
            assert experiments([*words, *fewer]) == 0, line
    exec("\n".join(blocks("python")), {})
    assert (desk / "outputs" / "signature.pdf").stat().st_size > 10_000


def test_what_it_names_exists():
    modules = {module for module, _ in COMMANDS.values()} | {"absvit"}
    assert set(re.findall(r"python -m ([\w.]+)", README)) <= modules
    scripts = [line.split()[1] for line in SHELL if line.startswith("bash ")]
    linked = re.findall(r"\]\((?!http)([^)]+)\)", README)
    assert [name for name in (*scripts, *linked) if not (ROOT / name).exists()] == []


@pytest.mark.seconds
def test_the_table_of_models_is_the_zoos():
    rows = re.findall(r"^\| `(\w+)` \| ([\d,]+) \| ([\d.]*) ?\| ([\d.]*) ?\|", README, re.MULTILINE)
    assert [row[0] for row in rows] == [variant.name for variant in zoo.VARIANTS]
    for (name, count, *published), variant in zip(rows, zoo.VARIANTS, strict=True):
        assert int(count.replace(",", "")) == zoo.parameter_count(name)
        assert published == [f"{number:.1f}" if number else "" for number in (variant.top1, variant.mce)]
