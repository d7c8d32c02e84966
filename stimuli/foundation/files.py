"""Files written whole or not at all, and their digests: of a file, and one of many."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

__all__ = ["file_sha256", "fingerprint", "whole", "write_whole"]

END = 64 * 1024  # bytes that are read of each end of a long file
THREADS, AT_ONCE = 16, 4096  # files that are read side by side, and that wait for it


@contextmanager
def whole(path: str | os.PathLike, sync: bool = False, shared: bool = False) -> Iterator[Path]:
    """Write a file beside its place and rename it then: a reader finds the old one or the whole new one.

    The partial file is hidden, ``.NAME.part``. An error removes it; what a kill leaves is written over the
    next time.

    Parameters
    ----------
    path : file, in a folder that exists.
    sync : put it on the disk before it takes its place, so that it outlives a machine that loses power.
    shared : other processes may write the same file now; the partial file has this process's number in its
        name.

    Yields
    ------
    The partial file, to be written; its suffix says nothing of what it holds.

    Raises
    ------
    OSError : it cannot be written or renamed.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part" if shared else f".{path.name}.part")
    try:
        yield part
        if sync:
            with open(part, "rb+") as file:
                os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_whole(path: str | os.PathLike, content: str | bytes, sync: bool = False, shared: bool = False) -> None:
    """Write a text as UTF-8, its line ends as they are, or bytes, as :func:`whole` does it."""
    with whole(path, sync, shared) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def file_sha256(path: str | os.PathLike) -> str:
    """Give the SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(files: Iterable[Path], root: Path) -> str:
    """Tell files from others by name below a root, size and content, quickly enough for a million pictures.

    Of files longer than 128 KiB the first and last 64 KiB stand for the content: another picture
    differs there. A SHA-256 as 64 hexadecimal digits comes out, the same for any order of the files.

    Raises
    ------
    FileNotFoundError : a file is missing, or a link to nothing; it is named.
    """
    digest = hashlib.sha256()
    named = sorted((file.relative_to(root).as_posix(), file) for file in files)
    with ThreadPoolExecutor(THREADS) as readers:  # a disk across a network makes each file wait
        for start in range(0, len(named), AT_ONCE):
            for part in readers.map(lambda one: _told(*one), named[start : start + AT_ONCE]):
                digest.update(part)
    return digest.hexdigest()


def _told(name: str, file: Path) -> bytes:
    """Name, size and content of a file."""
    if not file.exists():
        raise FileNotFoundError(f"{file} is not there, or links to nothing: mend or remove it")
    return f"{name}\0{file.stat().st_size}\0".encode() + _content(file)


def _content(path: Path) -> bytes:
    """SHA-256 of a short file, or of both ends of a long one."""
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size <= 2 * END:
            return hashlib.file_digest(file, "sha256").digest()
        start = file.read(END)
        file.seek(-END, os.SEEK_END)
        return hashlib.sha256(start + file.read(END)).digest()
