"""A study as a folder: what its files hold, writing and opening them, and noticing that they were changed.

::

    study.json       what is asked and shown, and where it runs: the fields of ``FIELDS``
    lists/0001.json  {"list": 1, "keys": {option: key}, "trials": [{"trial", "block", "phase", "item", "instruction",
                     "sentence", "answer", "factors": {name: level},
                     "frames": [{"name", "picture": "pictures/NAME.png" or null, "duration": s or null, "seen"}]}]}
    pictures/        the frames, PNG, each named by its content
    stimuli/         the stimulus set that observers look at; item FAMILY_00012 is its stimulus 12

The rest is the page that shows it. Its version tells what is asked and shown: another word, picture or order
is another version, another host or consent page is not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stimuli.foundation.files import file_sha256, write_whole

__all__ = ["FIELDS", "HOSTS", "LISTS", "PICTURES", "STIMULI", "STUDY", "Study", "open_study", "version_of",
           "write_study"]  # fmt: skip

FORMAT = 1
STUDY, LISTS, PICTURES, STIMULI = "study.json", "lists", "pictures", "stimuli"
HOSTS = ("server", "file", "jatos", "datapipe")
FIELDS = {
    "format": "number of this format",
    "name": "name of the study, that of its folder",
    "version": "12 hexadecimal digits of the SHA-256 over what is asked and shown",
    "probe": "probe whose task it is",
    "family": "family of the stimuli",
    "parameters": "of the family",
    "seed": "of stimuli and lists",
    "made_with": "versions of the programs that wrote it",
    "task": "question, pages {language: [Markdown]}, response {kind, options, keys, time_limit}, practice, feedback, "
    "instructions [{name, sentence, condition}], levels {factor: [level]} in their order",
    "display": "pixels [height, width], degrees [height, width] or null, background [red, green, blue]",
    "page": "fullscreen and calibration: whether the page asks for them",
    "lists": "number of lists",
    "stimuli": "folder of the stimulus set",
    "hosting": "where data go: server, file, jatos, datapipe",
    "datapipe": "identifier of the experiment with DataPipe; empty = none",
}
UNVERSIONED = ("version", "made_with", "hosting", "datapipe")
DIGITS = 12


@dataclass(frozen=True)
class Study:
    """A study that is written.

    Parameters
    ----------
    folder : where it lies.
    about : what study.json holds, the fields of ``FIELDS``.
    """

    folder: Path
    about: dict

    @property
    def name(self) -> str:
        """Its name."""
        return self.about["name"]

    @property
    def version(self) -> str:
        """The version that its data name."""
        return self.about["version"]

    @property
    def lists(self) -> int:
        """Number of its lists, 1 .. lists."""
        return self.about["lists"]

    @property
    def factors(self) -> tuple[str, ...]:
        """Names of the factors that every trial of the lists tells."""
        return tuple(self.list(1)["trials"][0]["factors"])

    @property
    def levels(self) -> dict[str, list[str]]:
        """Levels of the instruction, and of factors that say so, in the order of the design."""
        task = self.about["task"]
        return {"instruction": [one["name"] for one in task["instructions"]], **task.get("levels", {})}

    def list(self, number: int) -> dict:
        """Read a list, as lists/0001.json holds it; a ValueError tells of one that there is not."""
        if not 1 <= number <= self.lists:
            raise ValueError(f"{self.folder} has the lists 1 to {self.lists}, got {number}")
        return _read(_list_file(self.folder, number))

    def check_unchanged(self) -> None:
        """Refuse (ValueError) a study that was changed after it had been written."""
        found = version_of(self.folder)
        if found != self.version:
            raise ValueError(
                f"{self.folder} was changed after it was written: {STUDY} says version {self.version}, what is asked "
                f"and shown is {found}. Put the files back, or write a new study: data of both do not belong together"
            )


def write_study(folder: Path, about: Mapping, lists: Iterable[dict], pictures: Mapping[str, bytes]) -> Study:
    """Write what is asked and shown into a folder that is new.

    Parameters
    ----------
    folder : of the study.
    about : fields of ``FIELDS`` but format, version, and lists, which are added.
    lists : list 1, 2 ... as their files hold them.
    pictures : bytes of the PNG files by their names in pictures/.
    """
    folder = Path(folder)
    for name in (LISTS, PICTURES):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, content in pictures.items():
        (folder / PICTURES / name).write_bytes(content)
    number = 0
    for number, one in enumerate(lists, 1):
        assert one["list"] == number
        write_whole(_list_file(folder, number), json.dumps(one, ensure_ascii=False, indent=1, allow_nan=False))
    told = {"format": FORMAT, **about, "version": "", "lists": number}
    told["version"] = _version(folder, told)
    assert set(told) == set(FIELDS), set(told) ^ set(FIELDS)
    text = json.dumps({name: told[name] for name in FIELDS}, ensure_ascii=False, indent=1, allow_nan=False)
    write_whole(folder / STUDY, text)
    return Study(folder, json.loads(text))


def open_study(folder: Path, unchanged: bool = True) -> Study:
    """Open a study.

    Parameters
    ----------
    folder : of the study.
    unchanged : refuse one that was changed after it had been written; this reads all its pictures.

    Raises
    ------
    FileNotFoundError : the folder holds no study, or a file of it is missing.
    ValueError : study.json cannot be read or is of another format; the study was changed.
    """
    folder = Path(folder)
    if not (folder / STUDY).is_file():
        raise FileNotFoundError(f"{folder} holds no study (no {STUDY}); make one with python -m experiments study")
    about = _read(folder / STUDY)
    if about.get("format") != FORMAT:
        raise ValueError(f"{folder} is a study of format {about.get('format')!r}, expected {FORMAT}: write it again")
    if lacking := [name for name in FIELDS if name not in about]:
        raise ValueError(f"{folder / STUDY} lacks {', '.join(lacking)}: put the file back, or write the study again")
    study = Study(folder, about)
    if unchanged:
        study.check_unchanged()
    return study


def version_of(folder: Path) -> str:
    """Compute the version of what a folder asks and shows now, whatever its study.json says of it."""
    return _version(Path(folder), _read(Path(folder) / STUDY))


def _version(folder: Path, about: Mapping) -> str:
    told = {name: value for name, value in about.items() if name not in UNVERSIONED}
    lists = [_read(_list_file(folder, number)) for number in range(1, about["lists"] + 1)]
    pictures = {path.name: file_sha256(path) for path in sorted((folder / PICTURES).glob("*.png"))}
    text = json.dumps([told, lists, pictures], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def _list_file(folder: Path, number: int) -> Path:
    return folder / LISTS / f"{number:04d}.json"


def _read(path: Path) -> dict:
    """An object of a JSON file; a ValueError or FileNotFoundError names one that is none."""
    if not path.is_file():
        raise FileNotFoundError(f"no file at {path}: put it back, or write the study again")
    try:
        found = json.loads(path.read_text("utf8"))
    except ValueError as error:
        raise ValueError(f"{path} cannot be read as JSON ({error}): put it back, or write the study again") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path} must hold an object, got {type(found).__name__}: write the study again")
    return found
