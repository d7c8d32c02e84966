"""Pictures with a class for every pixel: VOC 2012, Cityscapes, ADE20K, folders of your own, drawn scenes."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import ExifTags, Image, ImageOps
from torchvision.datasets import Cityscapes, VOCSegmentation

from absvit.data.picture_identity import DIGITS
from absvit.images import read_photograph
from absvit.segmentation.classes import ADE20K, IGNORED, VOC, ClassTable, colour_map
from stimuli.foundation.files import fingerprint
from stimuli.foundation.picture_files import in_folder, normal, say
from stimuli.foundation.texts import read_text

__all__ = ["DataSet", "SegmentedPictures", "SegmentedFiles", "Split", "open_pictures"]

DataSet = Literal["VOC", "CITYSCAPES", "ADE20K", "FOLDERS"]
Split = Literal["train", "val"]


class SegmentedPictures(ABC):
    """Pictures with labels. Holds no open file, so that worker processes can share it.

    Parameters
    ----------
    table : what the labels mean.
    """

    def __init__(self, table: ClassTable) -> None:
        self.table = table

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def name(self, index: int) -> str:
        """Name of a picture within its data set."""

    @abstractmethod
    def read(self, index: int) -> tuple[Image.Image, np.ndarray]:
        """Read a picture, 8-bit RGB, and its labels (y, x) uint8, 255 where a pixel does not count.

        A file that is missing, cannot be read, or does not fit the other is a ValueError that names it.
        """

    def fingerprint(self) -> str:
        """SHA-256 over classes and names of the pictures."""
        digest = hashlib.sha256(json.dumps(self.table.names).encode())
        for index in range(len(self)):
            digest.update(self.name(index).encode() + b"\0")
        return digest.hexdigest()

    @abstractmethod
    def identity(self) -> dict[str, int | str]:
        """What tells these pictures from others, in words that can be compared."""

    def contents(self, numbers: Iterable[int]) -> str:
        """SHA-256 over what pictures and labels are; "" where these are no files."""
        return ""


class SegmentedFiles(SegmentedPictures):
    """Picture files, each with a label file.

    Parameters
    ----------
    root : folder that holds both.
    pictures, labels : files, in the same order.
    table : what the labels mean.
    upright : whether pictures and labels are turned, each as its own EXIF orientation says; published data
        sets are read as they are stored.
    """

    def __init__(
        self, root: Path, pictures: Sequence[Path], labels: Sequence[Path], table: ClassTable, upright: bool = False
    ) -> None:
        super().__init__(table)
        self.root, self.pictures, self.labels = Path(root), list(map(Path, pictures)), list(map(Path, labels))
        self.upright = upright

    def __len__(self) -> int:
        return len(self.pictures)

    def name(self, index: int) -> str:
        """Path of a picture below the data set's folder."""
        return self.pictures[index].relative_to(self.root).as_posix()

    def identity(self) -> dict[str, int | str]:
        """Number of the pictures, and digests of names and contents (:func:`files.fingerprint`)."""
        digest = self.contents(range(len(self)))
        return {"n": len(self), "names": self.fingerprint()[:DIGITS], "contents": digest[:DIGITS]}

    def contents(self, numbers: Iterable[int]) -> str:
        """SHA-256 over names and contents of pictures and labels (:func:`files.fingerprint`)."""
        files = (of[number] for number in numbers for of in (self.pictures, self.labels))
        return fingerprint((file for file in files if file.is_file()), self.root)

    def read(self, index: int) -> tuple[Image.Image, np.ndarray]:
        """Read a picture and its labels."""
        path = self.pictures[index]
        try:
            picture = read_photograph(path, self.upright)
        except FileNotFoundError as error:
            raise ValueError(f"{error}: the data set lists it") from error
        labels = self.read_labels(index)
        if labels.shape != picture.size[::-1]:
            turned = ", upright as its EXIF orientation says" * (self.upright and _orientation(path) != 1)
            raise ValueError(
                f"{self.labels[index]} has (y, x) = {labels.shape} pixels, but {path} has "
                f"{picture.size[::-1]}{turned}: a label file must be as large as its picture"
            )
        if self.upright and _turned_alone(path, self.labels[index]):
            say(
                f"pictures in {self.root} are turned as their EXIF orientations say, and labels without one are taken "
                "to be upright; if yours were drawn on the pixels as stored, take the orientation out of the pictures"
            )
        return picture, labels

    def read_labels(self, index: int) -> np.ndarray:
        """Read the labels of a picture, (y, x) uint8."""
        path = self.labels[index]
        if not path.is_file():
            raise ValueError(f"no label file {path} for {self.pictures[index]}: every picture needs one")
        return self.table.labels(_stored(path, self.upright), str(path))


def _orientation(path: Path) -> int:
    """EXIF orientation of a picture, 1 to 8; 1 is upright as stored."""
    with Image.open(path) as picture:
        return picture.getexif().get(ExifTags.Base.Orientation, 1)


def _turned_alone(picture: Path, labels: Path) -> bool:
    """Whether a picture is turned, its labels are not, and its size does not tell whether that is meant."""
    turn = _orientation(picture)
    if turn == 1 or _orientation(labels) != 1:
        return False
    with Image.open(picture) as opened:
        return turn <= 4 or opened.width == opened.height


def _stored(path: Path, upright: bool) -> np.ndarray:
    """Values of a label file, (y, x) integers."""
    try:
        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened) if upright else opened
            picture.load()
            mode, values = picture.mode, np.asarray(picture)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ValueError(f"cannot read the labels {path} (PNG with 8 or 16 bits): {error}") from error
    if mode not in ("P", "L") and not mode.startswith("I"):
        raise ValueError(
            f"{path} holds colours (mode {mode}), but labels are numbers of classes: save it as 8-bit grey or palette "
            "PNG whose values count the classes"
        )
    if values.min() < 0:
        raise ValueError(f"{path} holds the value {values.min()}, but labels are not negative")
    return values.astype(np.int64)


def open_pictures(data_set: DataSet, data_path: Path, split: Split) -> SegmentedFiles:
    """Open one split of a data set in its published layout.

    Parameters
    ----------
    data_set : VOC (``VOCdevkit/VOC2012`` with ``ImageSets/Segmentation/SPLIT.txt``), CITYSCAPES
        (``leftImg8bit`` and ``gtFine``), ADE20K (``ADEChallengeData2016`` with ``images`` and
        ``annotations``), or FOLDERS (``images/SPLIT``, ``labels/SPLIT`` with label files of the same stems,
        and ``classes.txt`` with one name a line, optionally followed by a tab and a colour like ``#ff8000``).
    data_path : folder that holds it; the inner folder that is named first is taken as well.
    split : "train" or "val".

    Raises
    ------
    FileNotFoundError : folder or list of the split are not there.
    ValueError : an unknown name, or a split without pictures.
    """
    openers = {"VOC": _voc, "CITYSCAPES": _cityscapes, "ADE20K": _ade20k, "FOLDERS": _folders}
    if data_set not in openers or split not in ("train", "val"):
        raise ValueError(f"expected one of {', '.join(openers)} and train or val, got {data_set!r} and {split!r}")
    data_path = Path(data_path)
    if not data_path.is_dir():
        raise FileNotFoundError(f"no data set at {data_path}; check --data-path")
    found = openers[data_set](data_path, split)
    if not len(found):
        raise ValueError(f"the {split} split of {data_path} holds no picture")
    if data_set == "FOLDERS":
        _check_classes(found, split)
    return found


def _check_classes(pictures: SegmentedFiles, split: str) -> None:
    """Read labels until every class has been seen, and tell those that never are: scores leave them out."""
    names, seen = pictures.table.names, np.zeros(IGNORED + 1, bool)
    for index in range(len(pictures)):
        seen |= np.bincount(pictures.read_labels(index).ravel(), minlength=IGNORED + 1) > 0
        if seen[: len(names)].all():
            return
    there = [name for name, shown in zip(names, seen, strict=False) if shown]
    never = ", ".join(repr(name) for name, shown in zip(names, seen, strict=False) if not shown)
    told = f"the {split} labels in {pictures.root} never show {never} of classes.txt"
    told += f"; they hold {IGNORED}, which is not counted: store a class by its number from 0" * bool(seen[IGNORED])
    if len(there) < 2:
        raise ValueError(f"{told}; a segmentation needs at least two classes, and every score of this one would be 100")
    say(f"{told}; scores are means over the others")


def _needed(path: Path, what: str) -> Path:
    """A file or folder that has to be there."""
    if not path.exists():
        raise FileNotFoundError(f"no {what} at {path}: check --data-path, or complete the data set")
    return path


def _voc(data_path: Path, split: str) -> SegmentedFiles:
    root = next((p for p in (data_path, *data_path.parents[:2]) if (p / "VOCdevkit" / "VOC2012").is_dir()), data_path)
    inner = _needed(root / "VOCdevkit" / "VOC2012", "VOC 2012")
    _needed(inner / "ImageSets" / "Segmentation" / f"{split}.txt", f"list of the {split} split")
    listed = VOCSegmentation(str(root), year="2012", image_set=split)
    return SegmentedFiles(inner, listed.images, listed.masks, VOC)


def _cityscapes(data_path: Path, split: str) -> SegmentedFiles:
    for folder in ("leftImg8bit", "gtFine"):
        _needed(data_path / folder / split, f"{folder} of the {split} split")
    listed = Cityscapes(str(data_path), split=split, mode="fine", target_type="semantic")
    pairs = sorted((picture, label[0]) for picture, label in zip(listed.images, listed.targets, strict=True))
    trained = sorted((c for c in Cityscapes.classes if 0 <= c.train_id < IGNORED), key=lambda c: c.train_id)
    # -1, the licence plate, is stored as 255 in 8 bits
    values = {c.id % 256: c.train_id if 0 <= c.train_id < IGNORED else IGNORED for c in Cityscapes.classes}
    table = ClassTable(tuple(c.name for c in trained), tuple(c.color for c in trained), values)
    return SegmentedFiles(data_path, [picture for picture, _ in pairs], [label for _, label in pairs], table)


def _ade20k(data_path: Path, split: str) -> SegmentedFiles:
    inner = data_path / "ADEChallengeData2016"
    root, folder = inner if inner.is_dir() else data_path, "training" if split == "train" else "validation"
    pictures = in_folder(_needed(root / "images" / folder, f"{folder} pictures of ADE20K"))
    labels = _needed(root / "annotations" / folder, f"{folder} annotations of ADE20K")
    return SegmentedFiles(root, pictures, [labels / f"{path.stem}.png" for path in pictures], ADE20K)


def _folders(root: Path, split: str) -> SegmentedFiles:
    pictures = _by_name(_needed(root / "images" / split, "folder of pictures"))
    folder, classes = _needed(root / "labels" / split, "folder of labels"), root / "classes.txt"
    _needed(classes, "list of classes (one name a line, in the order of the labels)")
    labels = _by_name(folder)
    if alone := [path.name for name, path in labels.items() if name not in pictures]:
        say(f"{folder}: left out {', '.join(alone[:3])}{' ...' * (len(alone) > 3)}, labels without a picture")
    files = [labels.get(name, folder / f"{name}.png") for name in pictures]
    return SegmentedFiles(root, list(pictures.values()), files, _listed_classes(classes), upright=True)


def _by_name(folder: Path) -> dict[str, Path]:
    """Pictures of a folder by path in it, without suffix; pictures and labels are compared by it."""
    found: dict[str, Path] = {}
    for path in in_folder(folder):
        name = normal(path.relative_to(folder).with_suffix("").as_posix())
        if name in found:
            raise ValueError(f"{found[name]} and {path} bear one name, by which pictures find their labels: keep one")
        found[name] = path
    return found


def _listed_classes(path: Path) -> ClassTable:
    """Classes of a text file: a name a line, perhaps a tab and a colour behind it."""
    lines = [line.split("\t") for line in normal(read_text(path)).splitlines() if line.strip()]
    colours = list(colour_map(min(len(lines), IGNORED)))
    for k, (name, *colour) in enumerate(lines):
        if not colour:
            continue
        try:
            colours[k] = tuple(bytes.fromhex(colour[0].strip().removeprefix("#")))
            assert len(colours[k]) == 3
        except (ValueError, AssertionError) as error:
            raise ValueError(f"{path}: the colour {colour[0]!r} of {name} is not like #ff8000") from error
    try:
        return ClassTable.counted([name.strip() for name, *_ in lines], colours)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
