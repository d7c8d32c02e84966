"""The command line of every program here: tyro on dataclasses, one line and exit code 2 for refusals.

It lies in the lowest package because all of them use it. How words become values stands in ``options``.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import io
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence

import tyro

from stimuli.foundation.options import TYPES, one_line, refusal
from stimuli.foundation.terminal import printing, unread

__all__ = ["command", "deferred", "run"]

INTERRUPTED = 130  # as a shell has it: 128 and the number of the signal


def command(doc: str, run: Callable, **dataclasses: object) -> Callable:
    """Make a command out of dataclasses, whose fields are its options.

    Parameters
    ----------
    doc : what it does; the help text.
    run : what is called, with an object of each dataclass by keyword.
    dataclasses : by keyword the dataclass, or an object of it whose values are the defaults.
    """

    def start(**given) -> None:
        run(**given)

    kinds, parameters = {}, []
    for name, given in dataclasses.items():
        default = inspect.Parameter.empty if isinstance(given, type) else given
        kinds[name] = tyro.conf.OmitArgPrefixes[given if isinstance(given, type) else type(given)]
        parameters.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default))
    start.__annotations__, start.__doc__ = kinds | {"return": None}, doc
    start.__signature__ = inspect.Signature(parameters)
    return start


def deferred(doc: str, make: Callable[[], Callable]) -> Callable:
    """Stand for a command that is made only where its word is called: a list of commands loads none of them."""

    def unmade() -> None:
        raise AssertionError("run() makes it first")

    unmade.__doc__, unmade.make = doc, make
    return unmade


def run(
    commands: Mapping[str, Callable] | Callable,
    prog: str,
    arguments: Sequence[str] | None = None,
    refusals: tuple[type[Exception], ...] = (ValueError, OSError),
) -> int:
    """Run the command that the words ask for.

    Parameters
    ----------
    commands : functions by the word that calls them, or one function; what they take stands in their
        signatures.
    prog : name of the program.
    arguments : words after the program's name; those of the process if left out.
    refusals : exceptions whose message is for the user.

    Returns
    -------
    Exit code: 0; 2, or 130 where it was interrupted, after one line on standard error; 141 where nobody
    reads what is printed.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    return printing(lambda: _run(commands, prog, words, refusals))


def _run(commands: Mapping[str, Callable] | Callable, prog: str, words: list[str], refusals: tuple) -> int:
    """Run a command, and say in one line why it cannot be done."""
    if isinstance(commands, Mapping):
        if words and not words[0].startswith("-") and words[0] not in commands:
            print(f"error: there is no {words[0]!r} here; expected one of {', '.join(commands)}", file=sys.stderr)
            return 2
        parse = tyro.extras.subcommand_cli_from_dict
    else:
        parse = tyro.cli
    said = io.StringIO()
    try:
        later = _made(commands, words)
        with contextlib.redirect_stderr(said), TYPES:
            parsed = parse(later, prog=prog, args=words)
        with _warnings_as_lines():
            parsed()
    except SystemExit as stop:
        if said.getvalue():
            asked = words[:1] if words and isinstance(commands, Mapping) and words[0] in commands else []
            help_text = functools.partial(_help_text, lambda: parse(later, prog=prog, args=[*asked, "--help"]))
            why = _refused_by(stop) or refusal(said.getvalue(), " ".join([prog, *asked]), help_text)
            print(f"error: {one_line(why)}", file=sys.stderr)
        return stop.code or 0
    except KeyboardInterrupt:
        print("interrupted: what has been written is kept", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if isinstance(error, BrokenPipeError) and unread():
            raise
        line = _of_files(error) if isinstance(error, refusals) else _of_the_machine(error)
        if line is None:
            raise
        print(f"error: {line}", file=sys.stderr)
        return 2
    return 0


def _help_text(print_help: Callable[[], object]) -> str:
    """What a program prints as its help."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.suppress(SystemExit), TYPES:
        print_help()
    return told.getvalue()


def _of_files(error: Exception) -> str:
    """The message of a refusal; where the system gave it, with what to do."""
    text = one_line(error)
    if isinstance(error, OSError) and error.filename and text.startswith("[Errno"):
        return f"cannot use {error.filename} ({error.strerror}): check the path, or choose another"
    return text


def _of_the_machine(error: Exception) -> str | None:
    """Say what the machine could not do; None for a fault of ours."""
    text = one_line(error)
    if died := re.search(r"DataLoader worker \(.*?\)", text):  # torch raises it wherever the program is at that moment
        return f"{died[0]} has died, often for lack of memory: use fewer workers or smaller batches"
    if isinstance(error, MemoryError) or re.search("out of memory|can't allocate memory", text):
        return f"there is not enough memory for this: ask for less at a time ({text or 'no more is said'})"
    if isinstance(error, OverflowError) or "without overflow" in text:
        return f"a number that was given is too large ({text})"
    return None


@contextlib.contextmanager
def _warnings_as_lines() -> Iterator[None]:
    """Let each warning be one line, once, without the place in our code, which says nothing to a user."""
    before, told = warnings.formatwarning, set()

    def line(message: Warning | str, *_: object) -> str:
        new = {f"warning: {one_line(message)}\n"} - told  # other libraries reset Python's own account of what was said
        told.update(new)
        return "".join(new)

    warnings.formatwarning = line
    try:
        yield
    finally:
        warnings.formatwarning = before


def _made(commands: Mapping[str, Callable] | Callable, words: list[str]) -> Mapping[str, Callable] | Callable:
    """The commands to be parsed for; of the deferred ones, that whose word is called."""
    if not isinstance(commands, Mapping):
        return _later(commands)
    called = commands.get(words[0]) if words else None
    made = {words[0]: called.make()} if hasattr(called, "make") else {}
    return {name: _later(function) for name, function in {**commands, **made}.items()}


def _later(command: Callable) -> Callable:
    """The command with its parsed arguments, to be called once all words have been understood."""

    @functools.wraps(command)
    def parsed(*args, **kwargs):
        return functools.partial(command, *args, **kwargs)

    return parsed


def _refused_by(stop: SystemExit) -> ValueError | None:
    """What a dataclass said of its values, where that made tyro stop, which would draw a box around it."""
    error = stop.__context__
    while error is not None:
        frames = traceback.extract_tb(error.__traceback__)
        if isinstance(error, ValueError) and any(frame.name == "__post_init__" for frame in frames):
            return error
        error = error.__context__
    return None
