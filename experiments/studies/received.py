"""Files of data as they come back: whatever wrote them, rows and what could not be read, nothing left out.

Read are the server's store, JSON and CSV of jsPsych 6 to 8, result files of JATOS (a JSON value a line, or
one after the other) and its archives, files of DataPipe, CSV files of ``experiment_psychopy.py``, and folders
and zip archives of them. What a file is shows in its content; its name says nothing.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from experiments.studies.store import stored
from stimuli.foundation.texts import other_separator

__all__ = ["Received", "received"]

NUMBERS = ("list", "block", "trial", "rt", "onset_error", "missed_frames", "early", "degrees_per_pixel")
OBJECTS = ("factors", "onsets", "planned", "place")
TRUTHS = {"true": True, "false": False}
OURS = {"study", "participant", "session"}  # what every row of a study tells
DATABASE, ARCHIVE = b"SQLite format 3\0", b"PK\x03\x04"
BESIDE = ("-wal", "-shm")  # of a database, which reads them itself
DAMAGED, FOREIGN = "damaged or cut off", "foreign"
SHOWN = 2000  # signs of what could not be read that are kept


@dataclass(frozen=True)
class Received:
    """A row, or a part of a file that is none.

    Parameters
    ----------
    file : where it came from.
    place : which row of the file.
    row : what it holds; for what could not be read, {"text": its beginning}.
    trouble : why it is no row of data; "" if it is one.
    """

    file: str
    place: int
    row: dict
    trouble: str = ""


def received(paths: Iterable[Path]) -> list[Received]:
    """Read files, folders of files and archives.

    Raises
    ------
    FileNotFoundError : a file is missing.
    """
    found = []
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"there is no file {path}: name what came back of the study")
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        for file in files:
            if not file.name.startswith(".") and not file.name.endswith(BESIDE):
                found += _of_file(file)
    return found


def _of_file(path: Path) -> list[Received]:
    with open(path, "rb") as file:
        start = file.read(len(DATABASE))
    if start == DATABASE:
        return _of_store(path)
    content = path.read_bytes()
    if not start.startswith(ARCHIVE):
        return _of_bytes(str(path), content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            return [one for name in names for one in _of_bytes(f"{path}/{name}", archive.read(name))]
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        return [Received(str(path), 1, {"text": str(error)}, DAMAGED)]


def _of_store(path: Path) -> list[Received]:
    """Rows of a store, after a page a session: who began and never answered must not be missing."""
    try:
        sessions, rows = stored(path)
    except ValueError as error:
        return [Received(str(path), 1, {"text": str(error)}, FOREIGN)]
    pages = [
        {
            **{name: one[name] for name in ("study", "participant", "session", "list")},
            "phase": "page", "page": "list given to another" if one["given_up"] else "list handed out",
        }
        for one in sessions
    ]  # fmt: skip
    return [Received(str(path), place, row) for place, row in enumerate([*pages, *rows], 1)]


def _of_bytes(name: str, content: bytes) -> list[Received]:
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16" if utf16 else "utf-8-sig", errors="replace")
    if "\0" in text:
        return [Received(name, 1, {"text": "no text"}, FOREIGN)]
    rows = _json_rows(text) if text.lstrip()[:1] in ("{", "[") else _csv_rows(text)
    return [Received(name, place, row, trouble) for place, (row, trouble) in enumerate(rows, 1)]


# ---- JSON ----------------------------------------------------------------------------------------------


def _json_rows(text: str) -> Iterator[tuple[dict, str]]:
    """Objects of arrays, of lines, or one after the other; behind what is damaged, reading goes on."""
    decoder, at, depth = json.JSONDecoder(), 0, 0
    while at < len(text):
        if text[at] in " \t\r\n,[]":
            depth += {"[": 1, "]": -1}.get(text[at], 0)
            at += 1
            continue
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            again = re.compile(r"\n|(?<=\}),\s*(?=\{)").search(text, at)
            end = again.end() if again else len(text)
            yield {"text": text[at:end][:SHOWN]}, DAMAGED
            depth = depth if again else 0
        else:
            yield from _unwrapped(value)
        at = end
    if depth > 0:
        yield {"text": "the array has no end"}, DAMAGED


def _unwrapped(value: object) -> Iterator[tuple[dict, str]]:
    """Rows of a value: an object, one that holds rows (``jsPsych.data.get()``), or one with ``data``."""
    if not isinstance(value, dict):
        yield {"text": json.dumps(value)[:SHOWN]}, FOREIGN
    elif "session" not in value and isinstance(inside := value.get("trials", value.get("values")), list):
        for one in inside:
            yield from _unwrapped(one)
    elif "session" not in value and isinstance(value.get("data"), dict):
        yield _told({**value, **value["data"]})
    else:
        yield _told(value)


def _told(row: dict) -> tuple[dict, str]:
    """A row with why it is none of a study; jsPsych's own rows, of its pages, are taken as pages."""
    if row.keys() >= OURS:
        return row, ""
    if "trial_type" in row and "time_elapsed" in row:
        return {**row, "phase": "page", "page": str(row["trial_type"])}, ""
    return row, FOREIGN


# ---- CSV -----------------------------------------------------------------------------------------------


def _csv_rows(text: str) -> Iterator[tuple[dict, str]]:
    """Rows of a table with a line of names; one with fewer or more cells than names is damaged."""
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = next(lines, [])
    except csv.Error:
        names = []
    if not {*names} >= OURS and "trial_type" not in names:
        yield {"text": text[:SHOWN]}, f"{FOREIGN}{other_separator(text) if text.strip() else ', empty'}"
        return
    while True:
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error as error:
            yield {"text": f"line {lines.line_num}: {error}"}, DAMAGED
            continue
        if not cells:
            continue
        row = {name: _value(name, cell) for name, cell in zip(names, cells, strict=False)}
        yield _told(row) if len(cells) == len(names) else ({"text": ",".join(cells)[:SHOWN]}, DAMAGED)


def _value(name: str, cell: str) -> object:
    """What a cell held before it was written: words stay words, whatever they look like."""
    if name in NUMBERS or name in OBJECTS or name in ("correct", "fullscreen", "simulated"):
        if cell in ("", "null", "NaN", "None"):
            return None
        if cell.lower() in TRUTHS:
            return TRUTHS[cell.lower()]
        try:
            return json.loads(cell)
        except ValueError:
            return cell
    return "" if name in ("response", "key") and cell == "null" else cell
