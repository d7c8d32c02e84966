"""The shared command line: one line on standard error and exit code 2 for what cannot be done."""

import subprocess
import sys
from dataclasses import dataclass

import pytest
import tyro

from stimuli import command_line


@dataclass(frozen=True)
class Options:
    """Options.

    Parameters
    ----------
    n
        How many.
    """

    n: int = 3

    def __post_init__(self):
        if self.n < 1:
            raise ValueError(f"n must be at least 1,\ngot {self.n}")


def show(options: tyro.conf.OmitArgPrefixes[Options], text: str = "") -> None:
    """Show the options."""
    if text == "value":
        raise ValueError("of no\nuse")
    if text == "file":
        raise FileNotFoundError("not there")
    if text == "fault":
        raise ZeroDivisionError("ours")
    print(options.n, text)


def test_a_command_runs_with_its_arguments(capsys):
    assert command_line.run({"show": show}, "prog", ["show", "--n", "5", "--text", "x"]) == 0
    assert command_line.run(show, "prog", ["--n", "4"]) == 0
    assert capsys.readouterr().out == "5 x\n4 \n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["show", "--n", "0"], "error: n must be at least 1, got 0"),
        (["show", "--text", "value"], "error: of no use"),
        (["show", "--text", "file"], "error: not there"),
        (["show", "--text", "a", "--m", "3"], "error: there is no option --m; prog show --help lists them"),
        (["show", "--no-text=3"], "error: there is no option --no-text=3; prog show --help lists them"),
        (
            ["show", "--texts", "3"],
            "error: there is no option --texts; did you mean --text? prog show --help lists them",
        ),
        (["shwo"], "error: there is no 'shwo' here; expected one of show, tell"),
    ],
)
def test_what_cannot_be_done_is_one_line(words, line, capsys):
    assert command_line.run({"show": show, "tell": show}, "prog", words) == 2
    assert capsys.readouterr().err == line + "\n"


def test_a_value_that_makes_no_sense_names_the_option(capsys):
    assert command_line.run(show, "prog", ["--n", "many"]) == 2
    printed = capsys.readouterr()
    assert "--n" in printed.err and printed.out == ""


def test_one_command_alone_lists_its_own_options(capsys):
    assert command_line.run(show, "prog", ["--m"]) == 2
    assert capsys.readouterr().err == "error: there is no option --m; prog --help lists them\n"


def test_help_says_what_the_options_are(capsys):
    assert command_line.run(show, "prog", ["--help"]) == 0
    assert "How many." in capsys.readouterr().out


DOUBTFUL = """
import sys, warnings
from stimuli import command_line

def doubtful() -> None:
    "Warn."
    warnings.warn("this may be\\nwrong")

code = command_line.run(doubtful, "program", [])
warnings.warn("as ever")
sys.exit(code)
"""


def test_a_warning_is_one_line_that_names_no_code():
    done = subprocess.run([sys.executable, "-c", DOUBTFUL], capture_output=True, text=True)
    first, second, *_ = done.stderr.splitlines()
    assert done.returncode == 0 and first == "warning: this may be wrong"
    assert second.endswith("UserWarning: as ever")


def test_a_fault_of_ours_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        command_line.run(show, "prog", ["--text", "fault"])


def test_the_words_of_the_process_are_taken_by_default(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["prog", "--n", "7"])
    assert command_line.run(show, "prog") == 0
    assert capsys.readouterr().out == "7 \n"


def test_who_interrupts_is_told_in_one_line(capsys):
    def interrupted() -> None:
        """Be interrupted."""
        raise KeyboardInterrupt

    assert command_line.run(interrupted, "prog", []) == 130
    assert capsys.readouterr().err == "interrupted: what has been written is kept\n"
