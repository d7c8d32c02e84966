"""Which files are pictures: one rule for every program that takes a folder or a tar of them.

What is hidden counts at no level (``._x.jpg`` of a Mac, ``.ipynb_checkpoints``), linked folders are
followed, suffixes decide, and what is left out is said. Names are compared in Unicode's composed form,
whatever form a disk gave them.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import unicodedata
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath

__all__ = [
    "SUFFIXES", "by_class", "directly_in", "in_folder", "is_picture", "left_out", "normal", "say", "say_left",
    "upright", "within_class",
]  # fmt: skip

# the raster formats that Pillow reads; its others are drawings, films, icons and scientific data
SUFFIXES = (
    ".apng", ".avif", ".bmp", ".gif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm",
    ".tga", ".tif", ".tiff", ".webp",
)  # fmt: skip
NAMED = 3
HIDDEN, CYCLE, OTHER, LOOSE = "hidden", "linked to a folder above", "no picture by its suffix", "in no class folder"
WNID = re.compile(r"n\d{8}")


def normal(name: str) -> str:
    """Bring a name to Unicode's composed form (NFC): a Mac writes the umlaut of Loewe as two characters."""
    return unicodedata.normalize("NFC", name)


def upright(of_class: str) -> bool:
    """Whether a picture of a class is turned as its EXIF orientation says.

    All are but ImageNet's, whose folders bear WordNet numbers: published accuracies are of its pictures as
    stored.
    """
    return WNID.fullmatch(of_class) is None


def is_picture(path: PurePath) -> bool:
    """Whether a path within an archive leads to a picture: by its suffix, and hidden at no level."""
    return path.suffix.lower() in SUFFIXES and not any(part.startswith(".") for part in path.parts)


def left_out(paths: Iterable[PurePath]) -> dict[str, list[PurePath]]:
    """Sort what is left out of an archive by its kind; hidden files of other suffixes need no word."""
    left = defaultdict(list)
    for path in paths:
        if path.suffix.lower() in SUFFIXES:
            left[HIDDEN].append(path)
        elif not any(part.startswith(".") for part in path.parts):
            left[OTHER].append(path)
    return left


def say(text: str) -> None:
    """Warn of something about a user's files or design, once for all processes."""
    if multiprocessing.parent_process() is None and os.environ.get("RANK", "0") == "0":
        warnings.warn(text, stacklevel=1)


def say_left(place: str | Path, left: Mapping[str, list[PurePath]]) -> None:
    """Warn of what is left out, if anything is."""
    if told := _told(left):
        say(f"{place}: left out {told}")


def within_class(name: str, of_class: str) -> str:
    """Give the path of a picture below the folder of its class, which tells pictures of a class apart.

    Where no folder bears the name of its class, it is the name of the file.
    """
    parts = PurePath(normal(name)).parts
    return "/".join(parts[parts.index(of_class) + 1 :] if of_class in parts[:-1] else parts[-1:])


def in_folder(folder: Path) -> list[Path]:
    """List the pictures of a folder and those in it, by their names; a warning tells what is left out."""
    left = defaultdict(list)
    found = sorted(_walked(Path(folder), left), key=_order)
    say_left(folder, _below(Path(folder), left))
    return found


def by_class(folder: Path) -> dict[str, list[Path]]:
    """List the pictures of a folder by class, in the order of their names; a warning tells what is left out.

    A class is a folder; its pictures may lie in further ones.

    Raises
    ------
    FileNotFoundError : the folder is missing.
    ValueError : it holds no class folders, one without pictures, or two of one name.
    """
    root = Path(folder)
    if not root.is_dir():
        raise FileNotFoundError(f"no folder at {root}; expected one that holds a folder for each class")
    left = defaultdict(list)
    left[LOOSE], folders = _parted(root, left)
    if not folders:
        raise ValueError(f"{root} holds no class folders; expected {root}/<class>/<picture>")
    found: dict[str, list[Path]] = {}
    for place in folders:
        below, name = defaultdict(list), normal(place.name)
        if name in found:
            raise ValueError(f"{root} holds two folders called {name} in two forms of Unicode: make them one")
        found[name] = sorted(_walked(place, below, (os.path.realpath(root),)), key=_order)
        if not found[name]:
            told = f", only {_told(_below(place, below))}" if any(below.values()) else ""
            raise ValueError(f"class folder {place} holds no picture (.jpg, .png ...){told}; fill it or remove it")
        for kind, paths in below.items():
            left[kind] += paths
    say_left(root, _below(root, left))
    return found


def directly_in(folder: Path) -> tuple[list[Path], list[Path]]:
    """List the pictures and the folders that lie in a folder itself, each in the order of their names."""
    return _parted(Path(folder), defaultdict(list))


def _walked(folder: Path, left: dict[str, list[Path]], above: tuple[str, ...] = ()) -> Iterator[Path]:
    """Pictures of a folder and below."""
    pictures, folders = _parted(folder, left, above)
    yield from pictures
    for inner in folders:
        yield from _walked(inner, left, (*above, os.path.realpath(folder)))


def _parted(folder: Path, left: dict[str, list[Path]], above: Sequence[str] = ()) -> tuple[list[Path], list[Path]]:
    """Pictures and folders in a folder; what is neither is noted by its kind."""
    pictures, folders, above = [], [], {*above, os.path.realpath(folder)}
    with os.scandir(folder) as entries:
        for entry in entries:
            path, is_folder = folder / entry.name, _is_folder(entry)
            named_so = path.suffix.lower() in SUFFIXES
            if entry.name.startswith("."):
                left[HIDDEN] += [path] if is_folder or named_so else []
            elif is_folder and os.path.realpath(path) in above:
                left[CYCLE].append(path)
            elif is_folder:
                folders.append(path)
            elif named_so:
                pictures.append(path)
            else:
                left[OTHER].append(path)
    return sorted(pictures, key=_order), sorted(folders, key=_order)


def _is_folder(entry: os.DirEntry) -> bool:
    """Whether it is a folder, or a link to one; a link to itself, at which ``is_dir`` stops, is none."""
    return os.path.isdir(entry.path) if entry.is_symlink() else entry.is_dir()


def _order(path: PurePath) -> list[str]:
    return normal(path.as_posix()).split("/")


def _told(left: Mapping[str, list[PurePath]]) -> str:
    """What is left out, by kind, the first few of each."""
    parts = []
    for kind, paths in left.items():
        names = [path.as_posix() for path in sorted(paths, key=lambda path: (len(path.parts), _order(path)))]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        parts += [f"{', '.join(names[:NAMED])}{more} ({kind})"] if names else []
    return ", ".join(parts)


def _below(folder: Path, left: Mapping[str, list[Path]]) -> dict[str, list[PurePath]]:
    return {kind: [path.relative_to(folder) for path in paths] for kind, paths in left.items()}
