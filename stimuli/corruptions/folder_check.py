"""What lies in a folder of corrupted pictures: its files against their hashes, and a sheet of one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from stimuli.corruptions import CORRUPTIONS, ordered
from stimuli.foundation.files import file_sha256, write_whole
from stimuli.foundation.picture_files import directly_in, in_folder
from stimuli.foundation.texts import read_text

__all__ = ["OF_BENCHMARK", "RECORD", "SUMS", "made", "record_of", "shown", "verify", "write_sums"]

RECORD, SUMS = "corruptions.json", "sha256sums.txt"
OF_BENCHMARK = "ImageNet-C"  # whose elastic_transform is meant; records of earlier versions do not say
NAMED = 5


def record_of(folder: Path) -> dict:
    """Read how a folder of corrupted pictures was made; a ValueError says what cannot be read."""
    path = Path(folder) / RECORD
    try:
        record = json.loads(read_text(path))
    except ValueError as error:
        raise ValueError(f"{path} cannot be read as JSON ({error}): make the folder again") from error
    if not isinstance(record, dict):
        raise ValueError(f"{path} holds no record: make the folder again")
    return record


def made(folder: Path) -> Iterator[Path]:
    """All pictures of a folder, in alphabetical order."""
    found = (path for name in CORRUPTIONS if (folder / name).is_dir() for path in (folder / name).rglob("*"))
    return iter(sorted(path for path in found if path.is_file() and not path.name.startswith(".")))


def write_sums(folder: Path) -> None:
    """List the SHA-256 of every picture, as ``sha256sum -c`` reads it."""
    lines = [f"{file_sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in made(folder)]
    write_whole(folder / SUMS, "".join(lines))


def verify(folder: Path) -> str:
    """Check every picture, its hash, and that each corruption and severity has all; say so in one line.

    Raises
    ------
    ValueError : the folder is not complete, or a picture is missing, extra or changed; they are named.
    """
    folder = Path(folder)
    record = record_of(folder)
    if not (folder / SUMS).is_file():
        raise ValueError(f"{folder} is not complete: give the same python -m stimuli corrupt again, it goes on")
    lines = (folder / SUMS).read_text("utf8").splitlines()
    wanted = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    found = {path.relative_to(folder).as_posix(): path for path in made(folder)}
    faults = {
        "missing": sorted(set(wanted) - set(found)),
        "extra": sorted(set(found) - set(wanted)),
        "changed": sorted(name for name in set(found) & set(wanted) if file_sha256(found[name]) != wanted[name]),
    }
    if any(faults.values()):
        told = "; ".join(f"{kind}: {', '.join(names[:NAMED])}" for kind, names in faults.items() if names)
        raise ValueError(f"{folder} is not what was made. {told}")
    counts = Counter("/".join(name.split("/", 2)[:2]) for name in wanted)
    if short := sorted(condition for condition, count in counts.items() if count != record["pictures"]):
        raise ValueError(
            f"{folder} lacks pictures of {', '.join(short[:NAMED])}; expected {record['pictures']} of each"
        )
    return f"{folder}: {len(counts)} corruptions x severities of {record['pictures']} pictures, all files as made"


def shown(folder: Path, n: int = 0) -> tuple[np.ndarray, np.ndarray, list[list[str]], int]:
    """Collect the corruptions of the first picture as a contact sheet shows them, severities in a row.

    Returns
    -------
    As :func:`stimuli.sets.sheet.of_set`, without masks, and with a column a severity.
    """
    names = ordered(name for name in CORRUPTIONS if (folder / name).is_dir())
    severities = sorted({path.name for name in names for path in directly_in(folder / name)[1]})
    places = {(name, s): folder / name / s for name in names for s in severities if (folder / name / s).is_dir()}
    paths = {key: found[0] for key, place in places.items() if (found := in_folder(place))}
    if not paths:
        raise ValueError(f"{folder} holds no corrupted pictures yet")
    pictures = []
    for path in paths.values():
        with Image.open(path) as picture:
            pictures.append(np.asarray(picture.convert("RGB")))
    labels = [[f"{name} {severity}"] for name, severity in paths]
    images = np.stack(pictures)
    return images, np.zeros((len(images), 0, *images.shape[1:3]), bool), labels, len(severities)
