"""The README's lines run as they stand, and its table of models is the zoo's."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from absvit.__main__ import COMMANDS
from absvit.models import zoo

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def shell_lines():
    lines = [line.split("#")[0].strip() for block in blocks("bash") for line in block.splitlines()]
    return [line for line in lines if line]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder with the pictures that the README's commands name."""
    folder = tmp_path_factory.mktemp("desk")
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    for name in ("a.jpg", "b.jpg", "PICTURES/cat/1.png", "PICTURES/dog/1.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / name)
    return folder


def test_the_tour_runs_as_it_stands(desk):
    for line in shell_lines():
        if line.startswith("python -m experiments") and "outputs/" in line:
            words = [sys.executable, *line.split()[1:]]
            result = subprocess.run(words, cwd=desk, capture_output=True, text=True)
            assert result.returncode == 0, f"{line}\n{result.stderr[-2000:]}"
    script = "\n".join(blocks("python"))
    result = subprocess.run([sys.executable, "-c", script], cwd=desk, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert (desk / "outputs" / "signature.pdf").stat().st_size > 10_000


@pytest.mark.parametrize("line", [line for line in shell_lines() if line.startswith("bash ")])
def test_the_scripts_it_names_exist(line):
    assert (ROOT / line.split()[1]).is_file()


@pytest.mark.parametrize("module", sorted(set(re.findall(r"python -m ([\w.]+)", README))))
def test_the_programs_it_names_exist(module):
    assert module == "absvit" or module in {module for module, _ in COMMANDS.values()}


def test_the_table_of_models_is_the_zoos():
    rows = re.findall(r"^\| `(\w+)` \| ([\d,]+) \| ([\d.]*) ?\| ([\d.]*) ?\|", README, re.MULTILINE)
    assert [row[0] for row in rows] == [variant.name for variant in zoo.VARIANTS]
    for (name, count, *published), variant in zip(rows, zoo.VARIANTS, strict=True):
        assert int(count.replace(",", "")) == zoo.parameter_count(name)
        assert published == [f"{number:.1f}" if number else "" for number in (variant.top1, variant.mce)]


@pytest.mark.parametrize("target", re.findall(r"\]\((?!http)([^)]+)\)", README))
def test_its_pictures_and_links_exist(target):
    assert (ROOT / target).exists()
