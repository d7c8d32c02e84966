"""The command line of every program here: tyro on dataclasses, one line and exit code 2 for what cannot be done.

It lies in the lowest package because all of them use it.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import io
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence

import tyro

__all__ = ["run"]

UNKNOWN = r"Unrecognized (?:or misplaced )?options:[\s│]*([^\s,│]+)"  # tyro's own words, in a box or not
INTERRUPTED = 130  # as a shell has it: 128 and the number of the signal


def run(
    commands: Mapping[str, Callable] | Callable,
    prog: str,
    arguments: Sequence[str] | None = None,
    refusals: tuple[type[Exception], ...] = (ValueError, OSError),
) -> int:
    """Run the command that the words ask for.

    Parameters
    ----------
    commands : functions by the word that calls them, or one function; what they take stands in their signatures.
    prog : name of the program.
    arguments : words after the program's name; those of the process if left out.
    refusals : exceptions whose message is for the user.

    Returns
    -------
    Exit code: 0; 2, or 130 where it was interrupted, after one line on standard error.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(commands, Mapping):
        if words and not words[0].startswith("-") and words[0] not in commands:
            print(f"error: there is no {words[0]!r} here; expected one of {', '.join(commands)}", file=sys.stderr)
            return 2
        parse, later = tyro.extras.subcommand_cli_from_dict, {name: _later(f) for name, f in commands.items()}
    else:
        parse, later = tyro.cli, _later(commands)
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            command = parse(later, prog=prog, args=words)
        with _warnings_as_lines():
            command()
    except SystemExit as stop:
        unknown, refusal = re.search(UNKNOWN, said.getvalue()), _refusal(stop)
        if unknown:
            asked = words[:1] * isinstance(commands, Mapping)
            near = _options_like(unknown[1], lambda: parse(later, prog=prog, args=[*asked, "--help"]))
            meant = f"did you mean {' or '.join(near)}? " if near else ""
            of = " ".join([prog, *asked])
            print(f"error: there is no option {unknown[1]}; {meant}{of} --help lists them", file=sys.stderr)
        else:
            print(said.getvalue() if refusal is None else f"error: {_one_line(refusal)}\n", file=sys.stderr, end="")
        return stop.code or 0
    except refusals as error:
        print(f"error: {_one_line(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: what has been written is kept", file=sys.stderr)
        return INTERRUPTED
    return 0


def _options_like(word: str, print_help: Callable[[], object]) -> list[str]:
    """Options of a command that are spelt almost like a word, those that begin like it first."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.suppress(SystemExit):
        print_help()
    options = dict.fromkeys(re.findall(r"(?<![\w-])--[a-z][\w-]*", told.getvalue().partition("╰")[0]))
    near = difflib.get_close_matches(word, options, cutoff=0.8)
    return sorted(near, key=lambda option: not option.startswith(word))


@contextlib.contextmanager
def _warnings_as_lines() -> Iterator[None]:
    """Let each warning be one line without the place in our code that gave it, which says nothing to a user."""
    before = warnings.formatwarning
    warnings.formatwarning = lambda message, *_: f"warning: {_one_line(message)}\n"
    try:
        yield
    finally:
        warnings.formatwarning = before


def _later(command: Callable) -> Callable:
    """The command with its parsed arguments, to be called once all words have been understood."""

    @functools.wraps(command)
    def parsed(*args, **kwargs):
        return functools.partial(command, *args, **kwargs)

    return parsed


def _refusal(stop: SystemExit) -> ValueError | None:
    """What a dataclass said of its values, where that made tyro stop; tyro itself would draw a box around it."""
    error = stop.__context__
    while error is not None:
        frames = traceback.extract_tb(error.__traceback__)
        if isinstance(error, ValueError) and any(frame.name == "__post_init__" for frame in frames):
            return error
        error = error.__context__
    return None


def _one_line(error: BaseException | str) -> str:
    return " ".join(str(error).split())
