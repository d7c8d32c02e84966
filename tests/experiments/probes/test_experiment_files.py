"""Experiment files say what the command line says; what they cannot say is one line."""

import tomllib

import pytest
import xarray as xr
import yaml

from experiments.__main__ import main
from experiments.commands import experiment_file
from experiments.probes import PROBES

FIELDS = {"probe": "bistable", "n": 4, "seed": 3, "chunk": 2, "class-gain": 1.5, "checkpoint": ["seed1"]}
WORDS = ["bistable", "--n", "4", "--seed", "3", "--chunk", "2", "--class-gain", "1.5", "--checkpoint", "seed1"]


def as_toml(fields):
    return "\n".join(f"{name} = {str(value).lower() if isinstance(value, bool) else repr(value)}"
                     for name, value in fields.items())  # fmt: skip


def test_a_file_says_what_the_words_say(tmp_path):
    (tmp_path / "e.yaml").write_text(
        yaml.safe_dump(FIELDS | {"controls": False, "resume": True, "label": None}, sort_keys=False)
    )
    assert experiment_file.words_of(tmp_path / "e.yaml") == [*WORDS, "--no-controls", "--resume"]
    text = as_toml(FIELDS | {"controls": True})
    assert tomllib.loads(text)["checkpoint"] == ["seed1"]
    (tmp_path / "e.toml").write_text(text)
    assert experiment_file.words_of(tmp_path / "e.toml") == [*WORDS, "--controls"]


@pytest.mark.seconds
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
        ("e.yaml", "probe: bystable", "must name a probe, one of alternation, attention_network, bistable"),
        ("e.yaml", "- bistable", "must hold fields"),
        ("e.yaml", "probe: [", "cannot be read"),
        ("e.toml", "probe = ", "cannot be read"),
        ("e.toml", "probe = 'bistable'\n[store]\nout = 'x'", "'store' that bistable does not know"),
        ("e.yaml", "probe: bistable\nout: {a: b}", "out must be a word"),
        ("e.json", "{}", ".yaml, .yml or .toml"),
        ("e.yaml", "probe: bistable\nn: 4\nout: a\nn: 5", "'n' stands there twice"),
        ("e.yaml", "probe: bistable\nn: 4\n? [a]\n: b\n? [a]\n: c", "['a'] stands there twice"),
        ("e.toml", "probe = 'bistable'\nn = 4\nn = 5", "cannot be read"),
        *(
            (f"e.{kind}", text, "cannot be read")
            for kind, text in (
                ("yaml", "probe: bistable\nn: 010"),
                ("yaml", "probe: bistable\nclass-gain: 010.5"),
                ("yaml", "probe: bistable\nn: -0_7"),
                ("yaml", "probe: bistable\nn: 1:30"),
                ("toml", "n = 010"),
                ("yaml", "probe: bistable\nlabel: !!python/object/apply:os.system [a]"),
                ("yaml", "a: &b [*b]\n? *b\n: c"),
                ("yaml", "[" * 5000),
                ("toml", "a = " + "[" * 5000),
            )
        ),
        *(("e.yaml", f"probe: {probe}", "must name a probe") for probe in ("[a]", "{a: b}", "3", "null", "")),
        ("e.yaml", "[a]: b\nprobe: bistable", "cannot be read"),
        *(
            ("e.yaml", f"probe: bistable\nout: x.zarr\n{line}", says)
            for line, says in (
                ("n: 1000000000000", "at most 10,000,000"),
                ("n: 9999999999999999999999", "whole number below 2**63"),
                ("n: .nan", "whole number"),
                ("n: 2001-01-01", "whole number"),
                ("n: [1, 2]", "one word too many"),
                ("n: []", "--n needs a value"),
                ("seed: -1", "seed must be"),
                ("resume: maybe", "one word too many"),
                ("n: true", "--n needs a value"),
                ("gains: [[1]]", "must be a word"),
                ("1: 2", "a field 1"),
                ("class-gain: .inf", "finite"),
                ("model: {}", "must be a word"),
            )
        ),
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
    lines = capsys.readouterr().out.partition("\n\n")[0].splitlines()  # mechanisms stand below
    assert [line.split()[0] for line in lines] == list(PROBES)
    assert all(len(line.split()) > 4 for line in lines)


def test_the_home_folder_is_meant_in_files_too(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "e.yaml").write_text("probe: bistable\nstimuli: ~/none\nout: ~/r.zarr\n")
    assert main(["run", "~/e.yaml"]) == 2
    assert f"error: {tmp_path / 'none'} holds no stimulus set" in capsys.readouterr().err
