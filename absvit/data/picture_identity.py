"""What tells a data set's pictures from others: number, and digests of names and contents."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from absvit.data.archives import read_member
from absvit.data.datasets import LabelledPictures, PictureFiles, TarredPictures
from stimuli.foundation.files import fingerprint

__all__ = ["DIGITS", "contents", "identity"]

DIGITS = 16  # of a digest that people are to compare


def identity(pictures: LabelledPictures) -> dict[str, int | str]:
    """Tell pictures from others: more or fewer, other names or labels, others under the same names.

    Gives n, names and contents, in which a change can be told by name.
    """
    return {
        "n": len(pictures),
        "names": pictures.fingerprint()[:DIGITS],
        "contents": contents(pictures)[:DIGITS],
    }


def contents(pictures: LabelledPictures, numbers: Iterable[int] | None = None) -> str:
    """SHA-256 over what the pictures are: of files and archives their bytes, of others their pixels.

    Files that are missing, which a training may leave out, are left out here too; all numbers count if left
    out.
    """
    numbers = range(len(pictures)) if numbers is None else [int(number) for number in numbers]
    if isinstance(pictures, PictureFiles):
        files = (pictures.root / pictures.name(index) for index in numbers)
        return fingerprint((file for file in files if file.is_file()), pictures.root)
    digest = hashlib.sha256()
    if isinstance(pictures, TarredPictures):
        for offset, size in pictures.extent[numbers].tolist():
            digest.update(f"{size}\0".encode() + read_member(pictures.path, offset, size))
    else:
        for index in numbers:
            digest.update(pictures.read(index).tobytes())
    return digest.hexdigest()
