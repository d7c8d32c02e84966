"""What is printed for people: in whatever encoding they have, and no longer than they read."""

from __future__ import annotations

import codecs
import os
import select
import sys
from collections.abc import Callable
from typing import TextIO

__all__ = ["printing", "unread"]

NO_READER = 141  # as a shell has it: 128 and the number of the signal
PLAIN = {"\N{BULLET}": "*", "\N{EN DASH}": "-", "\N{HORIZONTAL ELLIPSIS}": "...", "\N{MULTIPLICATION SIGN}": "x"}


def printing(program: Callable[[], int]) -> int:
    """Run a program that prints; gives its exit code, or 141 where nobody reads on, as behind ``| head``."""
    codecs.register_error("plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a notebook's has not
            stream.reconfigure(errors="plain")
    try:
        code = program()
        sys.stdout.flush()
    except BrokenPipeError:
        unread()
        return NO_READER
    return code


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Write what an encoding lacks: a plain sign for it, or its number."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(PLAIN.get(sign, sign.encode("ascii", "backslashreplace").decode()) for sign in signs), error.end


def unread() -> bool:
    """Tell whether nobody reads what is printed; what Python still prints at its end then goes nowhere."""
    gone = [stream for stream in (sys.stdout, sys.stderr) if _has_no_reader(stream)]
    for stream in gone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return bool(gone)


def _has_no_reader(stream: TextIO) -> bool:
    """Whether a stream is a pipe whose other end is closed; a flush of an empty buffer does not tell."""
    try:
        poll = select.poll()
        poll.register(stream.fileno(), select.POLLOUT)
    except (AttributeError, OSError, ValueError):  # Windows has no poll, a notebook's stream no number
        return False
    return any(event & select.POLLERR for _, event in poll.poll(0))
