"""How the words of a command line become values, by type; and what was wrong with them, in one line.

``~`` is the user's home folder in every option of the type Path, FileOrAddress or Background: a shell
writes it out at the start of a word only, and in no file.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from tyro.constructors import ConstructorRegistry, PrimitiveConstructorSpec, PrimitiveTypeInfo

from stimuli.foundation.addresses import without_credentials

__all__ = ["TYPES", "Background", "FileOrAddress", "one_line", "refusal"]

FOLDER = "folder:"
RULE = re.compile(r"─+╮|[─-]{8,}")  # between the title, the message and the advice of tyro's boxes
CLEARER = (
    (r" Got errors:.*", ""),
    (r"no type matching (?:\{None\}\|)?(.*?) could be instantiated from \[(.*)\]", r"expected \1, got \2"),
    (r"invalid choice (.*) for argument '(.*?)'\. Expected one of \((.*?),?\)", r"\2: expected one of \3, got \1"),
    (r"Missing value for argument [('\"]*(?:\w+\.)*(.*?)[,)'\"]*\. Expected .*", r"\1 needs a value"),
    (r"could not convert string to float: ", "expected a number, got "),
    (r"Error parsing ", ""),
)


def _read_by(read: Callable[[str], Any], of: type, metavar: str) -> PrimitiveConstructorSpec:
    """How an option of one word is read."""
    return PrimitiveConstructorSpec(
        nargs=1,
        metavar=metavar,
        instance_from_str=lambda words: read(words[0]),
        is_instance=lambda value: isinstance(value, of),
        str_from_instance=lambda value: [str(value)],
    )


def _background(word: str) -> str:
    return FOLDER + os.path.expanduser(word.removeprefix(FOLDER)) if word.startswith(FOLDER) else word


def _whole(word: str) -> int:
    """A whole number that arrays can count to."""
    try:
        number = int(word)
    except ValueError:
        raise ValueError(f"expected a whole number, got {word!r}") from None
    if abs(number) >= 2**63:
        raise ValueError(f"expected a whole number below 2**63, got {word}")
    return number


FileOrAddress = Annotated[str, _read_by(os.path.expanduser, str, "STR")]
Background = Annotated[str, _read_by(_background, str, "STR")]
TYPES = ConstructorRegistry()


@TYPES.primitive_rule
def _rule(option: PrimitiveTypeInfo) -> PrimitiveConstructorSpec | None:
    if option.type is Path:
        return _read_by(lambda word: Path(word).expanduser(), Path, "PATH")
    return _read_by(_whole, int, "INT") if option.type is int else None


def refusal(said: str, program: str, help_text: Callable[[], str]) -> str:
    """Say in one line what tyro said, in a box, of the words of a command line.

    Among the options of ``help_text`` are those that may have been meant.

    Among the options of ``help_text`` are those that may have been meant.
    """
    message = re.sub("[│╭╰╯]", " ", RULE.split(said)[1])
    missing = _missing(message)
    if unknown := re.search(r"Unrecognized (?:or misplaced )?options:\s+([^\s,]+)", said.replace("│", " ")):
        if not unknown[1].startswith("-"):
            return f"{unknown[1]!r} is one word too many; {program} --help says more"
        near = _meant(unknown[1], help_text())
        meant = f" (did you mean {near[0]}?)" if near else ""
        return f"there is no option {unknown[1]}{meant}; {program} --help lists them"
    text = f"{' and '.join(missing)} must be given" if missing else one_line(message)
    for unclear, clear in CLEARER:
        text = re.sub(unclear, clear, text)
    return f"{text.rstrip('.')}; {program} --help says more"


def _meant(word: str, help_text: str) -> list[str]:
    """Options spelt almost like a word, those that begin like it first; tyro names other commands' as well."""
    options = dict.fromkeys(re.findall(r"(?<![\w-])--[a-z][\w-]*", help_text))
    near = difflib.get_close_matches(word, options, cutoff=0.8)
    return sorted(near, key=lambda option: not option.startswith(word))


def _missing(message: str) -> list[str]:
    """What must be given and is not; arguments that have no name, with what they are."""
    lines = message.rstrip().splitlines()
    start = next((at for at, line in enumerate(lines) if "Missing from" in line), len(lines))
    found = []
    for line in lines[start + 1 :]:
        depth = len(line) - len(line.lstrip())
        if not found:
            outermost = depth
        if depth == outermost:
            found.append(one_line(line))
        elif not found[-1].startswith("-"):
            found[-1] = f"{found[-1]} {one_line(line)}"
    return [re.sub(r"^(\w+) (.*?)\.? ?\(required\)", r"\1 (\2)", name) for name in found]


def one_line(error: BaseException | str) -> str:
    """Put a message into one line, without the password of an address in it."""
    return without_credentials(" ".join(str(error).split()))
