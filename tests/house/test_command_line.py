"""The shared command line: one line on standard error and exit code 2 for what cannot be done."""

import ast
import contextlib
import io
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import tyro
from programs import PROGRAMS

from stimuli.foundation import command_line, options

LISTED = "prog show --help lists them"
MORE = "prog show --help says more"


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


@dataclass(frozen=True)
class Other:
    """More options."""

    m: int


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


@dataclass(frozen=True)
class Paths:
    """Paths."""

    folder: Path
    files: tuple[Path, ...] = ()
    weights: options.FileOrAddress | None = None
    several: tuple[options.FileOrAddress, ...] = ()
    background: options.Background = "noise"
    pair: tuple[Path, Path] | None = None
    name: str = ""


def read(words: tyro.conf.OmitArgPrefixes[Paths]) -> None:
    """Say what is read."""
    print(words.folder, *words.files, words.weights, *words.several, words.background, words.pair[1], words.name)


def weigh(gain: float = 1.0, number: int = 2) -> None:
    """Do something else."""


SEVERAL = {"show": show, "weigh": weigh}


@pytest.mark.parametrize(
    ("commands", "words", "line"),
    [
        (SEVERAL, "show --n 0", "n must be at least 1, got 0"),
        (SEVERAL, "show --text value", "of no use"),
        (SEVERAL, "show --text file", "not there"),
        (SEVERAL, "show --text a --m 3", f"there is no option --m; {LISTED}"),
        (SEVERAL, "show --no-text=3", f"there is no option --no-text=3; {LISTED}"),
        (SEVERAL, "show --texts 3", f"there is no option --texts (did you mean --text?); {LISTED}"),
        (SEVERAL, "show --gain 2", f"there is no option --gain; {LISTED}"),  # of the other command
        (SEVERAL, "show --txet 2", f"there is no option --txet (did you mean --text?); {LISTED}"),
        (SEVERAL, "shwo", "there is no 'shwo' here; expected one of show, weigh"),
        (SEVERAL, "show --n 1.5", f"--n: expected a whole number, got '1.5'; {MORE}"),
        (SEVERAL, f"show --n {'9' * 20}", f"--n: expected a whole number below 2**63, got {'9' * 20}; {MORE}"),
        ({"show": show}, "", "Expected one of {show}; prog --help says more"),
        (show, "--m", "there is no option --m; prog --help lists them"),
        (read, "", "--folder PATH must be given; prog --help says more"),
        (read, "--foldr x", "there is no option --foldr (did you mean --folder?); prog --help lists them"),
        (read, "--folder x --pare y", "there is no option --pare (did you mean --pair?); prog --help lists them"),
        (read, "--folder", "--folder needs a value; prog --help says more"),
        (read, "--folder x y", "'y' is one word too many; prog --help says more"),
        (read, "--folder x --pair y", "--pair: expected {PATH PATH}, got 'y'; prog --help says more"),
    ],
)
def test_what_cannot_be_done_is_one_line(commands, words, line, capsys):
    assert command_line.run(commands, "prog", words.split()) == 2
    assert capsys.readouterr().err == f"error: {line}\n"


def test_a_value_that_makes_no_sense_names_the_option(capsys):
    assert command_line.run(show, "prog", ["--n", "many"]) == 2
    printed = capsys.readouterr()
    assert "--n" in printed.err and printed.out == ""


def test_a_command_is_made_of_dataclasses(capsys):
    def print_both(options, other):
        print(options.n, other)

    made = command_line.command("Print.", print_both, options=Options(n=7), other=Other)
    assert command_line.run({"print": made}, "prog", ["print", "--m", "2"]) == 0
    assert command_line.run(made, "prog", ["--n", "1", "--m", "2"]) == 0
    assert capsys.readouterr().out == "7 Other(m=2)\n1 Other(m=2)\n"


def test_a_deferred_command_is_made_where_it_is_called(capsys):
    def make():
        made.append("show")
        return show

    made = []
    commands = {"show": command_line.deferred("Show the options.", make), "other": show}
    assert command_line.run(commands, "prog", ["--help"]) == 0
    assert command_line.run(commands, "prog", ["other"]) == 0
    assert not made and capsys.readouterr().out.count("Show the options.") == 2
    assert command_line.run(commands, "prog", ["show", "--n", "4"]) == 0
    assert made == ["show"] and capsys.readouterr().out == "4 \n"


def test_help_says_what_the_options_are(capsys):
    assert command_line.run(show, "prog", ["--help"]) == 0
    assert "How many." in capsys.readouterr().out


DOUBTFUL = """
import sys, warnings
from stimuli.foundation import command_line

def doubtful() -> None:
    "Warn."
    warnings.warn("this may be\\nwrong")
    with warnings.catch_warnings():  # as other libraries do: Python forgets what it has shown
        warnings.simplefilter("always")
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


ENCODINGS = ("ascii", "cp437", "cp850", "cp932", "gbk", "cp949", "latin-1")


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name != "launch"])
def test_help_is_shown_in_every_encoding(name):
    for encoding in ENCODINGS:
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding) for _ in range(2))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = PROGRAMS[name](["--help"])
        text = out.buffer.getvalue().decode(encoding)
        assert code == 0 and "elp" in text and "u2022" not in text, (encoding, text)


PRINTING = """
import sys, warnings
from stimuli.foundation import command_line

def much() -> None:
    "Print."
    print("x\\n" * {n})
    {then}

sys.exit(command_line.run(much, "program", []))
"""


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("n", [1, 100_000])
@pytest.mark.parametrize("then", ["", "raise ValueError('no')"])
def test_a_reader_that_has_gone_is_no_error(n, then, unbuffered):
    program = subprocess.Popen(
        [sys.executable, "-c", PRINTING.format(n=n, then=then)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
    )  # fmt: skip
    program.stdout.close()
    said = program.stderr.read().decode()
    assert program.wait() == 141
    assert said == ("error: no\n" if then and n == 1 and not unbuffered else "")


def test_signs_that_an_encoding_lacks_are_kept_as_numbers():
    words = "'a\N{BULLET}\N{CJK UNIFIED IDEOGRAPH-732B}'"
    program = f"from stimuli.foundation.command_line import run\ndef f() -> None:\n    print({words})\nrun(f, 'f', [])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, env=os.environ | {"PYTHONIOENCODING": "cp437"}
    )
    assert done.stdout.strip() == b"a*\\u732b"


def test_the_home_folder_is_meant_by_type(monkeypatch, capsys):
    monkeypatch.setenv("HOME", "/home/me")

    words = "--folder ~/a --files ~ b~ --weights ~/w --several ~/v https://x/~y --background folder:~/p"
    assert command_line.run(read, "prog", [*words.split(), "--pair", "a", "~/b", "--name", "~/n"]) == 0
    expected = "/home/me/a /home/me b~ /home/me/w /home/me/v https://x/~y folder:/home/me/p /home/me/b ~/n\n"
    assert capsys.readouterr().out == expected


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (MemoryError("Unable to allocate 7 PiB"), "not enough memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes"), "not enough memory"),
        (RuntimeError("CUDA out of memory.\nTried"), "not enough memory"),
        (RuntimeError("value cannot be converted to type int without overflow"), "too large"),
        (OverflowError("cannot fit 'int' into an index-sized integer"), "too large"),
        (RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. "), "DataLoader worker (pid 7)"),
    ],
)
def test_what_the_machine_cannot_do_is_one_line(error, says, capsys):
    def fail() -> None:
        """Fail."""
        raise error

    assert command_line.run(fail, "prog", []) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1


def option_classes():
    """Syntax trees of all dataclasses of ours, with the names of their modules."""
    for package in ("absvit", "experiments", "stimuli"):
        for file in sorted((Path(__file__).parents[2] / package).rglob("*.py")):
            if "@dataclass" in (text := file.read_text("utf8")):
                yield from ((file.stem, node) for node in ast.parse(text).body if isinstance(node, ast.ClassDef))


def path_options():
    """Fields of them that are plain words although they tell of a file, a folder or an address."""
    for module, node in option_classes():
        told = re.split(r"\n    (?=\w)", ast.get_docstring(node, clean=False) or "")
        about = {part.partition("\n")[0]: part.partition("\n")[2] for part in told}
        for field in (line for line in node.body if isinstance(line, ast.AnnAssign)):
            name, hint = field.target.id, ast.unparse(field.annotation)
            tells = re.search(r"^\s+.*\b(file|folder|address)", about.get(name, ""), re.I)
            if re.search(r"\bstr\b", hint) and tells:
                yield f"{module}.{node.name}.{name}"


def test_no_option_of_a_file_is_a_plain_word():
    names = {"photographs.Pictures.classes", "loader.Loader.data_set"}  # of classes, sets
    told = {"single_photographs.WholePhotographs.folder"}  # no option: whence pictures came
    assert set(path_options()) - names == told
