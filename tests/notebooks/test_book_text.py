"""What the pages of the book and the README say: commands, options, files and links exist, nothing is said twice."""

import re
import shlex
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from notebooks.book import reference
from notebooks.book.file_formats import CARD, CHECKPOINT, RECIPE, RECORD

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "notebooks" / "book" / "pages"
TEXTS = {
    str(file.relative_to(ROOT)): file.read_text("utf8") for file in (ROOT / "README.md", *sorted(PAGES.rglob("*.md")))
}
MADE = ("figures/", "reference/")  # by the builder


def blocks(text):
    return re.findall(r"^```bash\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def calls(text):
    """Words of the calls of our programs in a page's blocks, continued lines joined."""
    lines = "\n".join(blocks(text)).replace("\\\n", " ").splitlines()
    told = (re.sub(r"\s#.*", "", line).strip() for line in lines)
    for line in (line for line in told if "python -m " in line):
        yield shlex.split(line[line.index("python -m ") :].split("|")[0].split(">")[0])


def known(module, *words):
    """Options that the help of a program, or of one of its commands, tells of."""
    return set(re.findall(r"--[a-z0-9][\w-]*", reference.said_for_help(module, *words)))


@pytest.mark.parametrize("page", [page for page, text in TEXTS.items() if any(True for _ in calls(text))])
def test_programs_and_options_of_a_page_exist(page):
    for _, _, module, *words in calls(TEXTS[page]):
        program = f"python -m {module}"
        assert program in reference.PROGRAMS, f"{page}: no program {program}"
        module = reference.PROGRAMS[program]
        unknown = {word.split("=")[0] for word in words if word.startswith("--")}
        for depth in range(3):  # such as people score
            if unknown and not any(word.startswith("-") for word in words[:depth]):
                unknown -= known(module, *words[:depth])
        assert not unknown, f"{page}: {program} {' '.join(words[:2])} has no {sorted(unknown)}"


def test_options_in_sentences_are_some_program_s():
    """Inline code that is an option alone is one of a program of ours, or of the official code that a page is about."""
    every = set()
    for module in reference.PROGRAMS.values():
        every |= known(module).union(*(known(module, word) for word in reference.commands_of(module)))
    for file in [*(ROOT / "absvit").rglob("*.py"), *(ROOT / "scripts").glob("*.sh")]:  # official flags, and pytest's
        every |= set(re.findall(r"--[a-z0-9][\w-]*", file.read_text("utf8")))
    lost = {
        (page, option)
        for page, text in TEXTS.items()
        for option in re.findall(r"(?<!`)`(--[a-z0-9][\w-]*)[^`\n]*`(?!`)", text)
        if option not in every
    }
    assert lost == set()


def test_files_that_a_page_names_exist():
    """Paths of our packages, tests and scripts in inline code and blocks."""
    named = re.compile(
        r"\b((?:absvit|experiments|stimuli|notebooks|scripts|tests)/[\w./-]*\w\.(?:py|sh|md|ipynb|json|yaml))\b"
    )
    lost = {(page, path) for page, text in TEXTS.items() for path in named.findall(text) if not (ROOT / path).exists()}
    assert lost == set()


def anchors(page):
    """Names by which a page's headings are linked."""
    headings = re.findall(r"^#{1,4} (.+)$", (ROOT / page).read_text("utf8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_and_anchors_of_a_page_lead_somewhere():
    lost = []
    for page, text in TEXTS.items():
        for target in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)", text):
            name, _, anchor = target.partition("#")
            file = ((ROOT / page).parent / name).resolve() if name else ROOT / page
            if any(made in name for made in MADE) and not file.exists():
                continue  # pages of the builder, which Sphinx itself follows
            if not file.exists() or (anchor and anchor not in anchors(file)):
                lost.append((page, target))
    assert lost == []


def test_the_readme_and_the_pages_are_short():
    words = {page: len(text.split()) for page, text in TEXTS.items()}
    assert words["README.md"] <= 1_800
    assert {page: n for page, n in words.items() if n > 1_500 and "/reference/" not in page} == {}


def sentences(text):
    """Sentences of at least eight words, outside of code and tables."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    prose = "\n".join(line for line in prose.splitlines() if not line.startswith(("|", "#", ":", "<!--")))
    for paragraph in re.split(r"\n\s*\n|\n- ", prose):
        for sentence in re.split(r"(?<=[.:;?!])\s+", " ".join(paragraph.split())):
            if len(sentence.split()) >= 8:
                yield re.sub(r"\W+", " ", sentence.lower()).strip()


def test_nothing_is_said_twice():
    pages = defaultdict(list)
    for page, text in TEXTS.items():
        for sentence in sentences(text):
            pages[sentence].append(page)
    front = {"README.md", "notebooks/book/pages/index.md"}  # two front pages, one of which a checkout shows
    twice = {sentence: where for sentence, where in pages.items() if len(where) > 1 and not set(where) <= front}
    assert twice == {}


QUANTITIES = {  # numbers that stand in several places: how each is written, around the number
    "parameters of absvit_micro": r"absvit_micro`? \(([\d,]+) parameters",
    "kinds of ImageNet": r"ImageNet's ([\d,]+) kinds",
    "drawn categories": r"(\d+) drawn categories",
}


def test_numbers_that_stand_in_several_places_agree():
    everywhere = "\n".join([*TEXTS.values(), (ROOT / "CITATION.cff").read_text("utf8")])
    for what, pattern in QUANTITIES.items():
        found = Counter(re.findall(pattern, everywhere))
        assert len(found) == 1, (what, found)


def test_numbers_of_the_bundled_model_are_those_of_the_model():
    import timm

    import absvit  # noqa: F401  (which timm then knows)

    (said,) = set(re.findall(QUANTITIES["parameters of absvit_micro"], "\n".join(TEXTS.values())))
    network = timm.create_model("absvit_micro")
    assert f"{sum(values.numel() for values in network.parameters()):,}" == said


def test_fields_of_the_formats_are_those_of_the_files(tmp_path, micro):
    import json

    from absvit.models.checkpoints import cards
    from absvit.training import contents
    from experiments.__main__ import main as experiments
    from stimuli.__main__ import main as stimuli

    assert stimuli(["halves", "--n", "2", "--out", str(tmp_path / "set")]) == 0
    assert set(json.loads((tmp_path / "set" / "stimuli.json").read_text())) == set(RECIPE)
    assert experiments(["recognition", "--n", "2", "--out", str(tmp_path / "r.zarr")]) == 0
    attributes = json.loads((tmp_path / "r.zarr" / "zarr.json").read_text())["attributes"]
    assert set(attributes) <= set(RECORD)
    assert set(CHECKPOINT) == {*contents.PARTS, *contents.SEAL}
    known = (name for name in CARD if cards.CARD({name: object()}))
    assert {*known} | {"options", "arguments", "versions"} == set(CARD)  # each of a kind that a card is held to
