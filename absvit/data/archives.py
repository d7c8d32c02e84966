"""Pictures inside tar files: indexed once, then read in any order by any number of processes."""

from __future__ import annotations

import tarfile
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from stimuli.foundation.picture_files import is_picture, left_out, normal, say_left

__all__ = ["Member", "index_tar", "read_member"]


class Member(NamedTuple):
    """A picture in a tar file.

    Parameters
    ----------
    name : path within the tar; within a tar in a tar, after the name of that one and ``::``.
    folder : name of the folder that holds it, or of the inner tar without its suffix: the class.
    offset : first byte of its content within the (outer) file.
    size : number of its bytes.
    """

    name: str
    folder: str
    offset: int
    size: int


def index_tar(path: Path) -> list[Member]:
    """List the pictures of an uncompressed tar, and of such tars in it, by class, then name, unread.

    Members are ``.../CLASS/PICTURE`` or ``.../CLASS.tar``: ImageNet's own training archive is such a tar of
    tars. Positions of bytes are noted rather than open files, so that what is listed can be pickled and read
    by forked workers, which share file positions. Refused are a compressed or truncated tar, empty folders,
    and links.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no tar file at {path}; check the path")
    with path.open("rb") as file:
        members = _members(_Part(file, 0, path.stat().st_size), str(path), None)
    if not members:
        raise ValueError(f"{path} holds no picture; expected members CLASS/PICTURE or CLASS.tar")
    if unsorted := next((member.name for member in members if not member.folder), None):
        raise ValueError(
            f"{path}: {unsorted} lies in no folder, so its class is not known; expected CLASS/PICTURE "
            "(ImageNet's own validation tar does not tell classes: sort its pictures into class folders)"
        )
    return sorted(members, key=lambda member: (member.folder, member.name))


def _members(part: _Part, name: str, folder: str | None) -> list[Member]:
    """Pictures of the tar that is a part of a file; all of one folder if it is named."""
    found, folders, filled, left = [], set(), set(), []
    part.seek(0)
    try:
        with tarfile.open(fileobj=part, mode="r:") as tar:
            for entry in tar:
                tar.members = []  # or it would keep every entry of the archive in memory
                inner, place = PurePosixPath(entry.name), part.start + entry.offset_data
                if entry.isdir():
                    folders |= set() if any(part.startswith(".") for part in inner.parts) else {str(inner)}
                elif entry.linkname and is_picture(inner):
                    raise ValueError(
                        f"{name}: {entry.name} is a link to {entry.linkname}, not a picture: pack the pictures "
                        "themselves (tar --dereference --hard-dereference)"
                    )
                elif not entry.isfile():
                    continue
                elif inner.suffix.lower() == ".tar" and not inner.name.startswith(".") and folder is None:
                    below = _members(_Part(part.file, place, entry.size), f"{name}::{entry.name}", inner.stem)
                    if not below:
                        raise ValueError(f"class archive {name}::{entry.name} holds no picture")
                    found += [member._replace(name=f"{entry.name}::{member.name}") for member in below]
                elif is_picture(inner):
                    found.append(Member(entry.name, normal(folder or inner.parent.name), place, entry.size))
                    filled.update(str(parent) for parent in inner.parents)
                else:
                    left.append(inner)
            part.seek(tar.offset)
            complete = part.read(tarfile.BLOCKSIZE) == bytes(tarfile.BLOCKSIZE)
    except tarfile.ReadError as error:
        raise ValueError(
            f"{name} cannot be read as an uncompressed tar ({error}); it may be truncated: get it again, or "
            "decompress it if it is compressed"
        ) from error
    if not complete:
        raise ValueError(f"{name} ends before its end mark: it is truncated or damaged, get it again")
    if folder is None and (empty := sorted(folders - filled)):
        raise ValueError(f"{name}: folder {empty[0]} holds no picture; fill it or remove it")
    say_left(name, left_out(left))
    return found


class _Part:
    """Some bytes of a file, seen as a file of their own."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self.file, self.start, self.size = file, start, size

    def seek(self, position: int) -> int:
        return self.file.seek(self.start + position) - self.start

    def tell(self) -> int:
        return self.file.tell() - self.start

    def read(self, size: int) -> bytes:
        return self.file.read(max(0, min(size, self.size - self.tell())))


def read_member(path: Path, offset: int, size: int) -> bytes:
    """Read bytes of a file, through a file position of this call's own; fewer where the file ends before."""
    with path.open("rb", buffering=0) as file:
        file.seek(offset)
        return file.read(size)
