"""Text files that people write: UTF-8, or what a byte-order mark says; anything else is refused by name."""

from __future__ import annotations

import codecs
import os
from collections.abc import Sequence
from pathlib import Path

__all__ = ["other_separator", "read_text", "some"]

MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
NAMES_SHOWN = 8


def read_text(path: str | os.PathLike) -> str:
    """Read a text file whatever program saved it: without byte-order mark, its lines ended by newlines.

    Raises
    ------
    ValueError : it is no text in UTF-8, or UTF-16 with a byte-order mark.
    """
    content = Path(path).read_bytes()
    encoding = next((name for mark, name in MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        what = f"{error.reason} at byte {error.start}"
        raise ValueError(f"{path} is no text in UTF-8 ({what}): save it as UTF-8") from error
    if "\0" in text:
        raise ValueError(f"{path} is no text in UTF-8 (there is a null character in it): save it as UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def other_separator(text: str) -> str:
    """Say that semicolons or tabs separate a table's columns, to follow on what it lacks."""
    mark = next((mark for mark in ";\t" if mark in text.partition("\n")[0]), None)
    return "" if mark is None else f"; its columns are separated by {mark!r}, not by commas"


def some(names: Sequence[str], most: int = NAMES_SHOWN) -> str:
    """Tell names, the first few of many."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
