"""The command `absvit`: its help lists what there is, and it runs the same as `python -m`."""

import importlib.util
import subprocess
import sys
import sysconfig
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from absvit.__main__ import COMMANDS, main


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_help_lists_every_command_with_both_spellings(arguments, capsys):
    assert main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    for name, (module, purpose) in COMMANDS.items():
        parts = f"absvit {name} ", f"python -m {module} ", purpose
        assert sum(all(part in line for part in parts) for line in lines) == 1


@pytest.mark.parametrize("module", [module for module, _ in COMMANDS.values()])
def test_every_command_can_be_run_as_a_module(module):
    found = importlib.util.find_spec(module)
    assert found and (found.submodule_search_locations is None or importlib.util.find_spec(f"{module}.__main__"))


@pytest.mark.parametrize(("typed", "nearest"), [("modles", "models"), ("experiment", "experiments"), ("zzz", "models")])
def test_unknown_command_names_the_nearest(typed, nearest, capsys):
    assert main([typed, "--n", "3"]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and repr(typed) in said.err and nearest in said.err


def test_a_command_is_run_with_the_remaining_arguments(monkeypatch, capsys, tmp_path):
    (tmp_path / "probe_of_the_command.py").write_text("import sys\nprint(__name__, sys.argv[1:])\nsys.exit(3)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(COMMANDS, "probe", ("probe_of_the_command", "a module made for this test"))
    monkeypatch.setattr(sys, "argv", ["absvit", "something else"])
    with pytest.raises(SystemExit) as exit_status:
        main(["probe", "--n", "3"])
    assert exit_status.value.code == 3
    assert capsys.readouterr().out == "__main__ ['--n', '3']\n"


@pytest.mark.processes
def test_both_spellings_of_the_command_itself_agree():
    assert [entry.value for entry in entry_points(group="console_scripts", name="absvit")] == ["absvit.__main__:main"]
    command = Path(sysconfig.get_path("scripts")) / "absvit"
    spellings = ([str(command), "--help"], [sys.executable, "-m", "absvit", "--help"])
    outputs = [subprocess.run(words, capture_output=True, text=True, check=True).stdout for words in spellings]
    assert outputs[0] == outputs[1] != ""
