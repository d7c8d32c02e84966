"""Published files: where they lie, what they must be, and how they come into the user's cache.

None of them is part of this project: most have no licence that would allow it. ``files.csv`` holds their
addresses and digests alone.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from tqdm import tqdm

from stimuli.foundation.fetching import cache_folder, fetch_published
from stimuli.foundation.files import file_sha256, whole
from stimuli.foundation.texts import some

if TYPE_CHECKING:
    from experiments.people.published_source import Source

__all__ = ["PublishedFile", "cached_file", "fetch_source", "files_of", "read_digest", "verified"]

HOST = "https://raw.githubusercontent.com"
MANIFEST = Path(__file__).with_name("files.csv")


@dataclass(frozen=True)
class PublishedFile:
    """A file of a repository at a commit.

    Parameters
    ----------
    repository : owner/name.
    commit : commit, or branch where no commit is known; the digest decides either way.
    path : in the repository.
    size : in bytes.
    sha256 : of the file.
    """

    repository: str
    commit: str
    path: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """Name of the file alone."""
        return PurePosixPath(self.path).name

    @property
    def address(self) -> str:
        """Where it is fetched from."""
        return "/".join([HOST, self.repository, self.commit, quote(self.path)])


@cache
def _manifest() -> dict[str, tuple[PublishedFile, ...]]:
    found: dict[str, list[PublishedFile]] = {}
    with open(MANIFEST, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            told = row["repository"], row["commit"], row["path"], int(row["bytes"]), row["sha256"]
            found.setdefault(row["source"], []).append(PublishedFile(*told))
    return {name: tuple(files) for name, files in found.items()}


def files_of(source: str) -> tuple[PublishedFile, ...]:
    """Give the files that ``files.csv`` lists for a source."""
    return _manifest()[source]


def cached_file(source: Source, file: PublishedFile) -> Path:
    """Give the place of a file in the user's cache, whether it is there or not."""
    return cache_folder() / "people" / source.name / file.name


def read_digest(paths: Iterable[Path]) -> str:
    """Give one SHA-256 for some files: that of what ``sha256sum`` prints of them, in the order of their names."""
    lines = sorted((path.name, file_sha256(path)) for path in map(Path, paths))
    return hashlib.sha256("".join(f"{digest}  {name}\n" for name, digest in lines).encode()).hexdigest()


def _another_version(source: Source, file: PublishedFile, path: Path, found: str) -> ValueError:
    return ValueError(
        f"{path} is another version than {source.name} declares: its SHA-256 is {found}, that of {file.path} "
        f"in {file.repository} at {file.commit} is {file.sha256}; delete it and fetch {file.address}"
    )


def verified(source: Source, folder: Path) -> list[Path]:
    """Find the files of a source in a folder, and below it, and check what they hold.

    Parameters
    ----------
    source : whose files; where it declares none, all files of its pattern are taken.
    folder : where they are, under their own names.

    Raises
    ------
    FileNotFoundError : the folder or a file is not there.
    ValueError : a file is of another version; both SHA-256 are said.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}: name that with the files of {source.name}")
    if not source.files:
        found = sorted(folder.rglob(source.pattern))
        if not found:
            raise FileNotFoundError(f"{folder} holds no file {source.pattern}, as {source.name} calls them")
        return found
    named: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        named.setdefault(path.name, []).append(path)
    lacking = [file for file in source.files if file.name not in named]
    if lacking:
        raise FileNotFoundError(
            f"{folder} lacks {len(lacking)} of the {len(source.files)} files of {source.name}: "
            f"{some([file.name for file in lacking], 2)}; the first is fetched from {lacking[0].address}"
        )
    return [_of_content(source, file, named[file.name]) for file in source.files]


def _of_content(source: Source, file: PublishedFile, paths: Iterable[Path]) -> Path:
    """That of some files of one name which holds what was published."""
    for path in paths:
        if (found := file_sha256(path)) == file.sha256:
            return path
    raise _another_version(source, file, path, found)


def fetch_source(source: Source, folder: Path | None = None) -> list[Path]:
    """Bring the files of a source into the user's cache; what is there already is checked and kept.

    Parameters
    ----------
    source : whose files.
    folder : where they lie already; they are fetched from their repository, if left out. A download that was
        cut off is gone on with.

    Returns
    -------
    The files in the cache, in the order of the declaration.

    Raises
    ------
    FileNotFoundError : a file is not there and cannot be fetched; says which, and where to put it.
    ValueError : a file is of another version.
    PermissionError : the cache cannot be written.
    """
    if not source.files:
        raise ValueError(
            f"{source.name} declares no files with their digests: get them from {source.reference or 'its owner'} "
            f"and read them where they are (--from FOLDER)"
        )
    given = dict(zip(source.files, verified(source, folder), strict=True)) if folder else {}
    shown = tqdm(source.files, source.name, unit="file", disable=None)  # on a terminal alone
    return [_brought(source, file, given.get(file)) for file in shown]


def _brought(source: Source, file: PublishedFile, given: Path | None) -> Path:
    place = cached_file(source, file)
    if place.exists():
        if (found := file_sha256(place)) != file.sha256:
            raise _another_version(source, file, place, found)
        return place
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if given is None:
            return fetch_published(file.address, place, file.sha256)
        with whole(place, shared=True) as part:
            part.write_bytes(given.read_bytes())
        return place
    except OSError as error:
        raise _not_brought(source, file, place, error) from error


def _not_brought(source: Source, file: PublishedFile, place: Path, error: OSError) -> OSError:
    if error.filename:  # the system's word on a file; the network's has none
        return PermissionError(
            f"{source.name} cannot be kept at {error.filename} ({error.strerror}): set ABSVIT_CACHE to a folder "
            "that can be written, or read its files where they are (--from FOLDER)"
        )
    lacking = [each for each in source.files if not cached_file(source, each).exists()]
    why = str(error).splitlines()[0][:200]
    return FileNotFoundError(
        f"{len(lacking)} of the {len(source.files)} files of {source.name} are not cached, and {file.address} "
        f"cannot be fetched ({why}): fetch it elsewhere and put it at {place}, or name a folder that holds them "
        f"(python -m experiments people fetch {source.name} --from FOLDER)"
    )
