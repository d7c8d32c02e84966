"""The vocabulary of records: what programs write is told once, and a stranger's words are kept."""

import ast
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from absvit.records.vocabulary import WORDS, attributes_of, described, is_word, page
from stimuli.sets.variables import dataset_of

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("name", "text", "unit"),
    [
        ("token_x", "token centre from the left edge", "pixel"),
        ("class_12", "class index of object 12; -1 = unknown to the model, or no such object", "1"),
        ("mask_1", "share of a token that object 1 covers", "1"),
        ("mce_low", "lower end of the 95 % interval: mean corruption error, in percent of AlexNet's", "percent"),
        ("of_a_stranger", "of a stranger", "1"),
    ],
)
def test_a_name_has_a_long_name_and_a_unit(name, text, unit):
    assert attributes_of(name) == {"long_name": text, "units": unit}
    assert is_word(name) == (name != "of_a_stranger")


def test_words_that_a_variable_or_a_probe_brings_are_kept():
    lag = xr.Variable("stimulus", np.zeros(2), {"long_name": "lag of the flash", "kept": 1})
    given = xr.Dataset({"lag": lag}, {"stimulus": [0, 1], "severity": [1, 2], "offset": ("stimulus", [3, 4])})
    found = described(given, {"offset": ("offset of the flash", "pixel"), "severity": ("how bright it is", "cd")})
    assert found["lag"].attrs == {"long_name": "lag of the flash", "units": "1", "kept": 1}
    assert found["offset"].attrs == {"long_name": "offset of the flash", "units": "pixel"}
    assert found["severity"].attrs == {"long_name": "how bright it is", "units": "cd"}
    assert found["stimulus"].attrs["long_name"] == WORDS["stimulus"][0]
    assert found.equals(given) and not given["offset"].attrs


def test_pictures_are_called_as_in_a_stimulus_set():
    empty = {"image": np.zeros((1, 2, 2, 3), np.uint8)}
    shown = dataset_of(empty, np.arange(1), {"image": ("stimulus picture", "1", ("stimulus", "y", "x", "channel"))})
    for name, variable in shown.variables.items():
        assert attributes_of(name) == {"units": "1"} | variable.attrs


def sentences(source: str) -> list[list[str]]:
    """Names in each dict literal that tells in sentences what words of the vocabulary are."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Dict):
            names = [key.value for key in node.keys if isinstance(key, ast.Constant) and is_word(str(key.value))]
            texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
            long = [text for text in texts if isinstance(text, str) and text.count(" ") >= 2]
            found += [names] if len(names) > 1 and len(long) > 1 else []
    return found


def tellers() -> list[Path]:
    """Modules that write long names."""
    files = [file for package in ("absvit", "experiments") for file in (ROOT / package).rglob("*.py")]
    own = ROOT / "absvit" / "records" / "vocabulary.py"
    return [file for file in files if "long_name" in file.read_text("utf8") and file != own]


def test_no_other_table_of_long_names_stands_anywhere():
    assert sentences((ROOT / "absvit" / "records" / "vocabulary.py").read_text("utf8"))
    found = {str(file.relative_to(ROOT)): sentences(file.read_text("utf8")) for file in tellers()}
    assert {name: tables for name, tables in found.items() if tables} == {}


def test_the_page_has_a_row_for_each_word():
    rows = page().splitlines()
    assert len(rows) > len(WORDS) and all(row.count("|") == 4 for row in rows)
    assert "| `loss` | cross-entropy of the true class | nat |" in rows
