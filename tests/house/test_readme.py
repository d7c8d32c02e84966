"""The lines of the README and of the book's pages run as they stand, and what they name is there."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from absvit.__main__ import COMMANDS
from experiments.__main__ import main as experiments
from experiments.probes import PROBES
from experiments.studies.folder import open_study

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "notebooks" / "book" / "pages"
TEXTS = {
    str(file.relative_to(ROOT)): file.read_text("utf8") for file in (ROOT / "README.md", *sorted(PAGES.rglob("*.md")))
}


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def lines_of(text):
    return [line.split("#")[0].strip() for block in blocks(text, "bash") for line in block.splitlines()]


@pytest.fixture
def desk(tmp_path):
    """A folder with the pictures that the README's commands name."""
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    for name in ("a.jpg", "b.jpg", "PICTURES/cat/1.png", "PICTURES/dog/1.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / name)
    return tmp_path


def answered(study, monkeypatch):
    """Let two people answer all trials of a study that is served, as they would while the command waits."""
    monkeypatch.syspath_prepend(ROOT / "tests" / "experiments" / "studies")
    from served import Page, answer, serving

    with serving(study) as address:
        for person in ("first", "second"):
            page = Page(address)
            _, begun = page.begin(person)
            for number in range(1, len(study.list(begun["list"])["trials"]) + 1):
                assert page.send(begun, answer(study, begun, number))[0] == 200


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:n = .* leaves", "ignore:.*does not know")
@pytest.mark.parametrize("page", [name for name, text in TEXTS.items() if "outputs/" in text or blocks(text, "python")])
def test_what_a_page_shows_runs_as_it_stands(page, desk, monkeypatch):
    monkeypatch.chdir(desk)
    for line in lines_of(TEXTS[page]):
        if line.startswith("python -m experiments") and "outputs/" in line:
            words = shlex.split(re.sub(r" --n \d+", "", line))[3:]
            if words[0] == "serve":
                answered(open_study(Path(words[1])), monkeypatch)
                continue
            fewer = ["--n", "12", "--overwrite"] if words[0] in PROBES else []
            assert experiments([*words, *fewer]) == 0, line  # as it stands, but of fewer stimuli
    exec("\n".join(blocks(TEXTS[page], "python")), {})


def test_the_readme_is_a_page():
    assert len(TEXTS["README.md"]) < 12_000 and len(TEXTS["README.md"].split()) < 1_800


@pytest.mark.parametrize("page", TEXTS)
def test_what_a_page_names_exists(page):
    text, folder = TEXTS[page], (ROOT / page).parent
    modules = {module for module, _ in COMMANDS.values()} | {"absvit", "experiments.linking"}
    assert set(re.findall(r"python -m ([\w.]+)", text)) <= modules
    assert [line for line in lines_of(text) if line.startswith("bash ") and not (ROOT / line.split()[1]).exists()] == []
    linked = [name.split("#")[0] for name in re.findall(r"\]\((?!http)([^)#]+)", text)]
    made = ("../figures/", "../reference/", "reference/")  # by the book's builder
    assert [name for name in linked if not name.startswith(made) and not (folder / name).exists()] == []


def test_pages_are_short():
    assert {name: len(text.split()) for name, text in TEXTS.items() if len(text.split()) > 1_500} == {}
