"""Labelled pictures: class folders, tars, CIFAR, iNaturalist and stimulus sets, all read in the same way."""

from __future__ import annotations

import hashlib
import json
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from PIL import Image
from torchvision.datasets import CIFAR10, CIFAR100

from absvit.data.archives import index_tar, read_member
from absvit.images import class_folder, decode_photograph, read_photograph
from stimuli.foundation.picture_files import normal, upright
from stimuli.foundation.texts import read_text, some
from stimuli.sets.reading import texts_of

__all__ = [
    "DataSet", "InatCategory", "LabelledPictures", "PictureArray", "PictureFiles", "TarredPictures",
    "check_same_classes", "open_dataset", "open_folder",
]  # fmt: skip

DataSet = Literal["IMNET", "CIFAR", "CIFAR10", "INAT", "INAT19", "FOLDER"]
InatCategory = Literal["kingdom", "phylum", "class", "order", "supercategory", "family", "genus", "name"]
SPLIT_NAMES = {"train": ("train",), "val": ("val", "validation", "test")}


class LabelledPictures(ABC):
    """Pictures, each of one class. Holds no open file: it can be pickled, and read by many processes at once.

    Parameters
    ----------
    classes : names of the classes; a target counts them.
    targets : (picture,) int64 class of each picture.
    """

    def __init__(self, classes: Sequence[str], targets: Sequence[int] | np.ndarray) -> None:
        self.classes = tuple(classes)
        self.targets = np.asarray(targets, np.int64)

    def __len__(self) -> int:
        return len(self.targets)

    @abstractmethod
    def name(self, index: int) -> str:
        """Name of a picture, counted from 0, within its data set, the same wherever the data set lies."""

    @abstractmethod
    def read(self, index: int) -> Image.Image:
        """Read a picture as 8-bit RGB, turned as its EXIF orientation says; published data sets are read as stored.

        One that is missing or cannot be read is a ValueError that names it.
        """

    def fingerprint(self) -> str:
        """SHA-256 over classes, names and targets: another order, picture or label gives another one."""
        digest = hashlib.sha256(json.dumps(self.classes).encode())
        digest.update(self.targets.astype("<i8").tobytes())
        for index in range(len(self)):
            digest.update(os.fsencode(self.name(index)) + b"\0")
        return digest.hexdigest()


def _packed(names: Iterable[str]) -> np.ndarray:
    """Names as one array of bytes: a list of a million strings would be copied into every forked worker."""
    return np.array([os.fsencode(name) for name in names], dtype=np.bytes_)


class PictureFiles(LabelledPictures):
    """Picture files below one folder.

    Parameters
    ----------
    root : folder.
    names : path of each picture below it, with forward slashes.
    classes, targets : as in :class:`LabelledPictures`.
    stored : never turn pictures as their EXIF orientation says; :func:`picture_files.upright` decides if not.
    """

    def __init__(
        self, root: Path, names: Iterable[str], classes: Sequence[str], targets: Sequence[int], stored: bool = False
    ) -> None:
        super().__init__(classes, targets)
        self.root, self.stored, self._names = Path(root), stored, _packed(names)

    def name(self, index: int) -> str:
        """Name of a picture."""
        return os.fsdecode(self._names[index])

    def read(self, index: int) -> Image.Image:
        """Read a picture."""
        turned = not self.stored and upright(self.classes[self.targets[index]])
        try:
            return read_photograph(self.root / self.name(index), turned)
        except FileNotFoundError as error:
            raise ValueError(f"{error}: it was there when the data set was opened") from error


class TarredPictures(LabelledPictures):
    """Pictures in one tar file, in folders or in tars named by their classes.

    Parameters
    ----------
    path : uncompressed tar file; see :func:`absvit.data.archives.index_tar`.
    """

    def __init__(self, path: Path) -> None:
        members = index_tar(Path(path))
        classes, targets = np.unique([member.folder for member in members], return_inverse=True)
        super().__init__(classes.tolist(), targets)
        self.path = Path(path)
        self._names = _packed(member.name for member in members)
        self.extent = np.array([(member.offset, member.size) for member in members], np.int64)

    def name(self, index: int) -> str:
        """Name of a picture."""
        return os.fsdecode(self._names[index])

    def read(self, index: int) -> Image.Image:
        """Read a picture."""
        name = f"{self.path}::{self.name(index)}"
        try:
            encoded = read_member(self.path, *self.extent[index].tolist())
        except OSError as error:
            raise ValueError(f"cannot read {name}: {error}") from error
        return decode_photograph(encoded, name, upright(self.classes[self.targets[index]]))


class PictureArray(LabelledPictures):
    """Pictures of one size that are held in memory, such as CIFAR.

    Parameters
    ----------
    pixels : (picture, y, x, channel) uint8.
    classes, targets : as in :class:`LabelledPictures`.
    label : name of the split, with which the names of the pictures begin.
    """

    def __init__(self, pixels: np.ndarray, classes: Sequence[str], targets: Sequence[int], label: str) -> None:
        super().__init__(classes, targets)
        self._pixels, self._label = pixels, label

    def name(self, index: int) -> str:
        """Name of a picture."""
        return f"{self._label}/{index:05d}"

    def read(self, index: int) -> Image.Image:
        """Read a picture."""
        return Image.fromarray(self._pixels[index])


def open_dataset(
    data_set: str,
    data_path: Path,
    split: Literal["train", "val"],
    inat_category: str = "name",
    download: bool = False,
) -> LabelledPictures:
    """Open one split of a data set; the other split is not needed.

    Parameters
    ----------
    data_set : IMNET or FOLDER (class folders, one tar per split, or one of our stimulus sets per split),
        CIFAR (CIFAR-100), CIFAR10, INAT (iNaturalist 2018) or INAT19: the official names.
    data_path : folder that holds ``train`` and ``val`` (or ``validation``, or ``test``) as folders
        ``CLASS/PICTURE``, as tars (``train.tar``, also a tar of one tar per class) or as stimulus sets; for
        CIFAR and iNaturalist what their archives unpack to. A tar itself is taken as the validation split.
    split : "train" or "val".
    inat_category : level of the taxonomy that gives iNaturalist's classes, one of ``InatCategory``.
    download : fetch CIFAR if it is not there.

    Raises
    ------
    FileNotFoundError : data set or split are not there; the message says what was looked for and what is
        there.
    ValueError : an unknown name, an empty class, a damaged archive or table.
    """
    if data_set not in get_args(DataSet):
        raise ValueError(f"data_set must be one of {', '.join(get_args(DataSet))}; got {data_set!r}")
    if split not in SPLIT_NAMES:
        raise ValueError(f"split must be 'train' or 'val', got {split!r}")
    if inat_category not in get_args(InatCategory):
        raise ValueError(f"inat_category must be one of {', '.join(get_args(InatCategory))}; got {inat_category!r}")
    data_path = Path(data_path)
    if data_set.startswith("CIFAR"):
        return _cifar(data_set, data_path, split, download)
    if not data_path.exists():
        raise FileNotFoundError(f"no data set at {data_path}; check --data-path")
    if data_set.startswith("INAT"):
        return _inaturalist(data_path, split, 2019 if data_set == "INAT19" else 2018, inat_category)
    return open_folder(_split_place(data_path, split))


def open_folder(place: Path) -> LabelledPictures:
    """Open pictures that lie in class folders ``CLASS/PICTURE``, in a tar, or in one of our stimulus sets."""
    place = Path(place)
    if place.is_file():
        return TarredPictures(place)
    if (place / "stimuli.json").is_file():
        return _stimulus_set(place)
    samples, classes = class_folder(place)
    names = (path.relative_to(place).as_posix() for path, _ in samples)
    return PictureFiles(place, names, classes, [target for _, target in samples])


def check_same_classes(train: LabelledPictures, val: LabelledPictures) -> None:
    """Refuse two splits whose targets would count different classes, or in another order."""
    if train.classes == val.classes:
        return
    missing, extra = sorted({*train.classes} - {*val.classes}), sorted({*val.classes} - {*train.classes})
    told = [f"lacks {some(missing)}"] if missing else []
    told += [f"has {some(extra)}, which the training split lacks"] if extra else []
    said = " and ".join(told) or "has the same classes in another order"
    raise ValueError(
        f"the validation split {said} ({len(train.classes)} classes to train, {len(val.classes)} to validate): "
        "its labels would be wrong"
    )


def _split_place(data_path: Path, split: str) -> Path:
    """Folder or tar of a split."""
    if data_path.is_file():
        if split == "val":
            return data_path
        raise ValueError(
            f"{data_path} is one file, which can be evaluated but not trained on; to train, give a folder that "
            "holds train.tar and val.tar"
        )
    candidates = [name + suffix for name in SPLIT_NAMES[split] for suffix in ("", ".tar")]
    if found := [data_path / name for name in candidates if (data_path / name).exists()]:
        return found[0]
    there = sorted(entry.name for entry in data_path.iterdir())
    raise FileNotFoundError(
        f"no {split} split in {data_path}: looked for {', '.join(candidates)}; there is {some(there) or 'nothing'}"
    )


def _cifar(data_set: str, data_path: Path, split: str, download: bool) -> PictureArray:
    source = CIFAR10 if data_set == "CIFAR10" else CIFAR100
    try:
        data = source(str(data_path), train=split == "train", download=download)
    except RuntimeError as error:  # torchvision's answer to missing files and wrong check sums
        raise FileNotFoundError(
            f"no intact {source.base_folder} in {data_path}: unpack {source.filename} there"
            + " (python -m absvit.cifar10 FOLDER fetches it as class folders)" * (data_set == "CIFAR10")
        ) from error
    return PictureArray(data.data, data.classes, data.targets, split)


def _json(path: Path):
    """Content of a JSON file of iNaturalist, or of a stimulus set."""
    if not path.is_file():
        raise FileNotFoundError(f"no {path.name} in {path.parent}; it says what the pictures show")
    try:
        return json.loads(read_text(path))
    except ValueError as error:
        raise ValueError(f"{path} cannot be read as JSON ({error}): get it again") from error


def _inaturalist(data_path: Path, split: str, year: int, category: str) -> PictureFiles:
    """Read iNaturalist as DeiT's INatDataset does: classes as the training table names them first.

    The training table is therefore needed for validation too; the training pictures are not.
    """
    tables = {name: _json(data_path / f"{name}{year}.json") for name in {"train", split}}
    try:
        taxa = {int(taxon.get("id", place)): taxon for place, taxon in enumerate(_json(data_path / "categories.json"))}
        named = [str(taxa[int(entry["category_id"])][category]) for entry in tables["train"]["annotations"]]
        classes = list(dict.fromkeys(named))
        number = {name: target for target, name in enumerate(classes)}
        shown = {entry["image_id"]: taxa[int(entry["category_id"])][category] for entry in tables[split]["annotations"]}
        names = [image["file_name"] for image in tables[split]["images"]]
        targets = [number[str(shown[image["id"]])] for image in tables[split]["images"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"the tables {split}{year}.json, train{year}.json and categories.json in {data_path} do not belong "
            f"together or lack something ({type(error).__name__}: {error}): get them again"
        ) from error
    if not names:
        raise ValueError(f"{data_path / f'{split}{year}.json'} lists no picture: get it again")
    # the layout that DeiT expects: train_val2018/2820/a.jpg of train_val2018/Aves/2820/a.jpg
    without = [re.sub(r"^([^/]+)/[^/]+/([^/]+/[^/]+)$", r"\1/\2", name) for name in names]
    if not (data_path / names[0]).exists() and (data_path / without[0]).exists():
        names = without
    if not (data_path / names[0]).exists():
        raise FileNotFoundError(f"no {names[0]} in {data_path}: unpack the pictures of iNaturalist {year} there")
    return PictureFiles(data_path, names, classes, targets, stored=True)


def _stimulus_set(folder: Path) -> PictureFiles:
    """One of our stimulus sets by its labels; where these are categories, all are classes, in their order."""
    categories = [normal(str(name)) for name in _json(folder / "stimuli.json").get("categories") or ()]
    table = texts_of(folder)
    labels = table["label"].map(normal).tolist() if "label" in table else []
    if not labels or not all(labels):
        raise ValueError(f"the stimuli in {folder} have no labels, so they cannot be learned: choose another set")
    classes = categories if set(labels) <= set(categories) else sorted(set(labels))
    return PictureFiles(folder, table["image"], classes, [classes.index(label) for label in labels])
