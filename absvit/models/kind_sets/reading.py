"""Sets of kinds by name, or from a user's own file."""

from __future__ import annotations

import csv
from pathlib import Path

from absvit.models.class_names import IMAGENET_CLASSES
from absvit.models.kind_sets import KIND_SETS
from absvit.models.kind_sets.kind_set import KindSet

__all__ = ["kind_set_of"]

COLUMNS = {"kind": False, "imagenet_index": True}  # the second one, and whether it holds numbers of ImageNet
EXPECTED = "a CSV file with the columns category and kind, a kind a line, such as category,kind / pet,tabby / pet,pug"


def kind_set_of(given: str | Path | KindSet) -> KindSet:
    """Give a set of kinds by its name, from a file, or as it is.

    Parameters
    ----------
    given : name of a set that is declared; or a CSV file with the columns ``category`` and ``kind`` (words, as
        :class:`KindSet` has them) or ``imagenet_index`` (numbers), a kind a line.

    Raises
    ------
    FileNotFoundError : there is neither such a set nor such a file.
    ValueError : the file is none, or a category is without kinds or has a kind twice; the line is told.
    """
    if isinstance(given, KindSet) or str(given) in KIND_SETS:
        return KIND_SETS.of(given)
    file = Path(given)
    if not file.is_file():
        known = ", ".join(KIND_SETS)
        raise FileNotFoundError(f"there is no set of kinds {str(given)!r}: expected one of {known}, or {EXPECTED}")
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, skipinitialspace=True, strict=True)
            rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(map(str.strip, row))]
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is no CSV file in UTF-8 ({error}): expected {EXPECTED}") from None
    if not rows or len(rows[0][1]) != 2 or rows[0][1][0] != "category" or rows[0][1][1] not in COLUMNS:
        raise ValueError(f"{file} begins with {','.join(rows[0][1]) if rows else 'nothing'!r}: expected {EXPECTED}")
    numbers = COLUMNS[rows[0][1][1]]
    return KindSet(file.name, f"kinds of {file}", _kinds(file, rows[1:], numbers), numbers)


def _number(file: Path, line: int, text: str) -> str:
    """A number of ImageNet's, without zeros before it."""
    if not (text.isascii() and text.isdigit() and int(text) < IMAGENET_CLASSES):
        raise ValueError(f"{file}, line {line}, has the number {text!r}: expected one of 0 to {IMAGENET_CLASSES - 1}")
    return str(int(text))


def _kinds(file: Path, rows: list[tuple[int, list[str]]], numbers: bool) -> dict[str, tuple[str, ...]]:
    """Words of each category, or numbers, of numbered rows."""
    kinds: dict[str, dict[str, int]] = {}
    for line, row in rows:
        if len(row) != 2:
            raise ValueError(
                f"{file}, line {line}, has {len(row)} columns: expected category,kind, names that hold a comma in "
                'double quotation marks, such as fish,"tench, Tinca tinca"'
            )
        category, kind = row if not numbers else (row[0], _number(file, line, row[1]))
        if not category or not kind:
            lacking = f"the category {category!r} without a kind" if category else f"the kind {kind!r} of no category"
            raise ValueError(f"{file}, line {line}, has {lacking}: expected category,kind")
        if kind in kinds.setdefault(category, {}):
            first = kinds[category][kind]
            raise ValueError(f"{file} has {category},{kind} twice, in lines {first} and {line}: leave out one of them")
        kinds[category][kind] = line
    for name in kinds:
        if alike := [other for other in kinds if other != name and other.casefold() == name.casefold()]:
            raise ValueError(
                f"{file} has the categories {name!r} and {alike[0]!r}: write them alike, or name one otherwise"
            )
    if not kinds:
        raise ValueError(f"{file} has no categories: expected {EXPECTED}")
    return {category: tuple(words) for category, words in kinds.items()}
