"""Seals: the digests of a record's files, and a store that checks what is read against them.

A record has a seal of all that does not vary with the stimulus, its metadata and coordinates, and one of each
chunk of stimuli. Seals lie in the folder of the array ``done``, where zarr looks for nothing but that array.
A chunk's is drafted before the chunk is marked as done and published after that, so that a seal without a
mark, or a mark without a seal, is never what a run that was killed leaves.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from zarr.storage import LocalStore

from stimuli.foundation.files import file_sha256

__all__ = [
    "Damaged", "Sealed", "clear", "damage", "damaged", "digests", "draft", "name_of", "publish", "published", "read",
]  # fmt: skip

FOLDER = "done/seals"


class Damaged(ValueError):
    """A record does not hold what was written."""


class Sealed(LocalStore):
    """A record's store, of which every file that has a digest is checked when it is read.

    Parameters
    ----------
    root : the record.
    wanted : SHA-256 by the name of the file.
    """

    def __init__(self, root: Path, wanted: Mapping[str, str]) -> None:
        super().__init__(root, read_only=True)
        self.wanted = wanted

    async def get(self, key, prototype=None, byte_range=None):
        """Read a file as zarr's own store does.

        Raises
        ------
        Damaged : the file is not what was written.
        """
        value = await super().get(key, prototype, byte_range)
        if key in self.wanted and byte_range is None:
            if value is None:
                raise damage(self.root, {key: "missing"})
            if hashlib.sha256(value.as_buffer_like()).hexdigest() != self.wanted[key]:
                raise damage(self.root, {key: "changed"})
        return value


def damage(path: Path, found: Mapping[str, str], named: int = 5) -> Damaged:
    """Give the error that tells of damaged files."""
    told = ", ".join(f"{name} is {how}" for name, how in list(found.items())[:named])
    more = f" and {len(found) - named} more" if len(found) > named else ""
    return Damaged(f"{path} is damaged ({told}{more}): the probe's own command with --resume mends it")


def digests(path: Path, names: Iterable[str]) -> dict[str, str]:
    """Give the SHA-256 of files by their names; "" of what is no file."""
    return {name: file_sha256(path / name) if (path / name).is_file() else "" for name in names}


def damaged(path: Path, wanted: Mapping[str, str]) -> dict[str, str]:
    """Find files that are not what was written, by SHA-256: "missing" or "changed" by name."""
    found = digests(path, wanted)
    return {name: "changed" if found[name] else "missing" for name in wanted if found[name] != wanted[name]}


def name_of(of: str, drafted: bool = False) -> str:
    """Name of the file of a seal, relative to the record."""
    return f"{FOLDER}/{'.' * drafted}{of}.json"


def draft(path: Path, of: str, facts: Mapping) -> None:
    """Write a seal that counts once it is published: ``files``, SHA-256 by name, and further facts (JSON)."""
    body = json.dumps({"of": of, **facts})
    file = path / name_of(of, drafted=True)
    clear(file)
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{_digest(body)}\n{body}", "utf8", newline="")


def publish(path: Path, of: str) -> None:
    """Let a drafted seal count."""
    drafted, file = path / name_of(of, drafted=True), path / name_of(of)
    if drafted.is_file():
        clear(file)  # a folder could not be replaced
        os.replace(drafted, file)


def published(path: Path) -> set[str]:
    """Say what has a seal that counts, whether that can be read or not."""
    return {file.stem for file in (path / FOLDER).glob("*.json") if not file.name.startswith(".")}


def read(path: Path, of: str) -> dict | None:
    """Read the facts of a seal, a drafted one where there is no other; None if there is none.

    A damaged one is refused.
    """
    for name in (name_of(of), name_of(of, drafted=True)):
        if (path / name).exists():
            facts = _facts(path / name)
            if facts is None or facts["of"] != of:
                raise damage(path, {name: "changed"})
            return facts
    return None


def clear(file: Path) -> None:
    """Remove what stands in the place of a file, be it a folder."""
    if file.is_dir() and not file.is_symlink():
        shutil.rmtree(file)
    else:
        file.unlink(missing_ok=True)


def _facts(file: Path) -> dict | None:
    """What a seal holds; None if that is not what was written."""
    try:
        written, _, body = file.read_text("utf8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return json.loads(body) if written == _digest(body) else None


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
