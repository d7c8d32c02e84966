"""Experiment files say what the command line says; what they cannot say is one line."""

import tomllib

import pytest
import xarray as xr
import yaml

from experiments import experiment_file
from experiments.__main__ import PROBES, main

FIELDS = {"probe": "bistable", "n": 4, "seed": 3, "chunk": 2, "class-gain": 1.5, "checkpoint": ["seed1"]}
WORDS = ["bistable", "--n", "4", "--seed", "3", "--chunk", "2", "--class-gain", "1.5", "--checkpoint", "seed1"]


def as_toml(fields):
    return "\n".join(f"{name} = {str(value).lower() if isinstance(value, bool) else repr(value)}"
                     for name, value in fields.items())  # fmt: skip


def test_a_file_says_what_the_words_say(tmp_path):
    (tmp_path / "e.yaml").write_text(
        yaml.safe_dump(FIELDS | {"controls": False, "resume": True, "label": None}, sort_keys=False)
    )
    assert experiment_file.words_of(tmp_path / "e.yaml", PROBES) == [*WORDS, "--no-controls", "--resume"]
    text = as_toml(FIELDS | {"controls": True})
    assert tomllib.loads(text)["checkpoint"] == ["seed1"]
    (tmp_path / "e.toml").write_text(text)
    assert experiment_file.words_of(tmp_path / "e.toml", PROBES) == [*WORDS, "--controls"]


def test_a_file_runs_and_goes_on(tmp_path, capsys):
    (tmp_path / "e.yaml").write_text(yaml.safe_dump(FIELDS | {"out": str(tmp_path / "file.zarr")}))
    assert main(["run", str(tmp_path / "e.yaml"), "--share", "1", "2"]) == 0
    assert xr.open_zarr(tmp_path / "file.zarr")["done"].values.tolist() == [0, 0, 1, 1]
    assert main(["run", str(tmp_path / "e.yaml")]) == 2
    assert "--resume" in capsys.readouterr().err
    assert main(["run", str(tmp_path / "e.yaml"), "--resume"]) == 0
    assert main([*WORDS, "--out", str(tmp_path / "words.zarr")]) == 0
    xr.testing.assert_equal(xr.open_zarr(tmp_path / "file.zarr").load(), xr.open_zarr(tmp_path / "words.zarr").load())


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            "e.yaml",
            "probe: bistable\nitreations: 3",
            "'itreations' that bistable does not know; the nearest are iterations",
        ),
        ("e.yaml", "probe: bystable", "must name a probe, one of bistable"),
        ("e.yaml", "- bistable", "must hold fields"),
        ("e.yaml", "probe: [", "cannot be read"),
        ("e.toml", "probe = ", "cannot be read"),
        ("e.toml", "probe = 'bistable'\n[store]\nout = 'x'", "'store' that bistable does not know"),
        ("e.yaml", "probe: bistable\nout: {a: b}", "out must be a word"),
        ("e.json", "{}", ".yaml, .yml or .toml"),
    ],
)
def test_a_file_that_cannot_be_is_one_line(name, text, says, tmp_path, capsys):
    (tmp_path / name).write_text(text)
    assert main(["run", str(tmp_path / name)]) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1


def test_a_missing_file_is_one_line(tmp_path, capsys):
    assert main(["run", str(tmp_path / "none.yaml")]) == 2
    assert "no experiment file" in capsys.readouterr().err


def test_list_says_what_every_probe_does(capsys):
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(PROBES)
    assert all(len(line.split()) > 4 for line in lines)
