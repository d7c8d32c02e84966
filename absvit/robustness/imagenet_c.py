"""ImageNet-C: corrupted pictures on disk, or corrupted when they are shown.

Hendrycks and Dietterich, Benchmarking neural network robustness to common corruptions and perturbations, ICLR
2019.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from absvit.data.datasets import LabelledPictures, open_folder
from absvit.data.picture_identity import contents
from stimuli import corruptions
from stimuli.corruptions import folder_check
from stimuli.corruptions.folder_job import prepared
from stimuli.corruptions.frost_textures import check_folder
from stimuli.foundation.files import fingerprint
from stimuli.foundation.picture_files import directly_in, normal, say, within_class
from stimuli.foundation.texts import some

__all__ = ["Corrupted", "Sized", "check_same_pictures", "contents_of", "corrupted_when_shown", "on_disk"]


class Sized(LabelledPictures):
    """Pictures that must have the model's size, since those of ImageNet-C are never resized.

    Parameters
    ----------
    pictures : what is shown.
    size : height and width in pixels.
    centre_crop : take larger pictures too; their middle is cut out.
    """

    def __init__(self, pictures: LabelledPictures, size: int, centre_crop: bool = False) -> None:
        super().__init__(pictures.classes, pictures.targets)
        self.pictures, self.size, self.centre_crop = pictures, size, centre_crop

    def name(self, index: int) -> str:
        """Name of a picture."""
        return self.pictures.name(index)

    def read(self, index: int) -> Image.Image:
        """Read a picture; one of another size is refused."""
        picture, size = self.pictures.read(index), self.size
        if picture.size == (size, size) or (self.centre_crop and min(picture.size) >= size):
            return picture
        hint = "--centre-crop cuts out the middle" if min(picture.size) >= size else "make them larger"
        raise ValueError(
            f"{self.name(index)} has {picture.width} x {picture.height} pixels, and the model takes {size} x {size}; "
            f"corrupted pictures are not resized: {hint}"
        )


class Corrupted(LabelledPictures):
    """Clean pictures, corrupted when read: the pixels that ``python -m stimuli corrupt`` would write.

    Parameters
    ----------
    pictures : clean pictures.
    corruption, severity : what to do to them.
    size : pictures of another height or width are brought to it first, as ImageNet-C does with 224 pixels.
    seed : seed of all that is random.
    frost_folder : pictures of frost, for textures other than our own.
    """

    def __init__(
        self,
        pictures: LabelledPictures,
        corruption: str,
        severity: int,
        size: int,
        seed: int = 0,
        frost_folder: Path | None = None,
    ) -> None:
        super().__init__(pictures.classes, pictures.targets)
        self.pictures, self.corruption, self.severity, self.size = pictures, corruption, severity, size
        self.seed, self.frost_folder = seed, frost_folder

    def name(self, index: int) -> str:
        """Name of a picture, CLASS/FILE in composed Unicode, on which all that is random depends."""
        of_class = self.classes[self.targets[index]]
        return f"{of_class}/{within_class(self.pictures.name(index), of_class)}"

    def read(self, index: int) -> Image.Image:
        """Read a picture and corrupt it."""
        pixels = np.asarray(self.pictures.read(index))
        if pixels.shape[:2] != (self.size, self.size):
            pixels = prepared(pixels, self.size)
        generator = corruptions.generator_for(self.seed, self.corruption, self.severity, self.name(index))
        made = corruptions.corrupt(pixels, self.corruption, self.severity, generator, self.frost_folder)
        return Image.fromarray(made)


def contents_of(pictures: LabelledPictures, numbers: np.ndarray) -> str:
    """Tell what pictures are made of: SHA-256 over files, those of frost, too, where it is put on here."""
    digest = contents(getattr(pictures, "pictures", pictures), numbers)
    if isinstance(pictures, Corrupted) and pictures.corruption == "frost" and pictures.frost_folder is not None:
        digest += fingerprint(check_folder(pictures.frost_folder), pictures.frost_folder)
    return digest


def on_disk(
    root: Path, names: Sequence[str], severities: Sequence[int], size: int, centre_crop: bool = False
) -> Iterator[tuple[str, int, LabelledPictures]]:
    """Open ``ROOT/CORRUPTION/SEVERITY/CLASS/PICTURE``: yields corruption, severity, pictures.

    Severities or corruptions that are missing, and whatever else is there, are refused with their names.
    """
    root, layout = Path(root), "CORRUPTION/SEVERITY/CLASS/PICTURE"
    if not root.is_dir():
        raise FileNotFoundError(f"no folder of corrupted pictures at {root}; expected {layout} in it")
    corruptions.check(tuple(names), tuple(severities))
    _check_folders(root, names, tuple(corruptions.CORRUPTIONS), "corruption", layout)
    for name in names:
        levels = [str(level) for level in corruptions.SEVERITIES]
        _check_folders(root / name, [str(level) for level in severities], levels, "severity", layout)
    made = folder_check.record_of(root) if (root / folder_check.RECORD).is_file() else None
    if "elastic_transform" in names and made and made.get("elastic_transform") != folder_check.OF_BENCHMARK:
        say(
            f"{root} was made when elastic_transform was that of the package imagecorruptions: its error is not "
            "comparable with ImageNet-C's; make the folder again, or rename this one elastic_imagecorruptions"
        )
    for name in names:
        for severity in severities:
            yield name, severity, Sized(open_folder(root / name / str(severity)), size, centre_crop)


def corrupted_when_shown(
    pictures: LabelledPictures,
    names: Sequence[str],
    severities: Sequence[int],
    size: int,
    seed: int = 0,
    frost_folder: Path | None = None,
) -> Iterator[tuple[str, int, LabelledPictures]]:
    """Corrupt clean pictures when shown, so that no copy is needed: yields corruption, severity, pictures.

    motion_blur and snow need ImageMagick; where it is missing, the FileNotFoundError names its package.
    """
    corruptions.check(tuple(names), tuple(severities), frost_folder)
    if missing := next((told for name in names if (told := corruptions.CORRUPTIONS[name].missing())), None):
        raise FileNotFoundError(missing)
    for name in names:
        for severity in severities:
            yield name, severity, Corrupted(pictures, name, severity, size, seed, frost_folder)


def check_same_pictures(shown: Sequence[tuple[str, LabelledPictures]]) -> None:
    """Refuse corruptions and severities whose errors could not be compared: all show the same pictures."""
    named: dict[str, set[str]] = {}
    for place, pictures in shown:
        found = {normal(pictures.name(k)) for k in range(len(pictures))}
        named[place] = next((known for known in named.values() if known == found), found)  # equal ones are kept once
    every = set().union(*named.values())
    lacking = {place: sorted(every - names) for place, names in named.items() if names != every}
    if lacking:
        told = [f"{place} lacks {len(names)} ({', '.join(names[:2])}{' ...' * (len(names) > 2)})"
                for place, names in lacking.items()]  # fmt: skip
        raise ValueError(
            f"corruptions and severities must hold the same {len(every)} pictures, but {some(told)}: complete them, or "
            "remove these pictures everywhere"
        )


def _check_folders(root: Path, wanted: Sequence[str], known: Sequence[str], kind: str, layout: str) -> None:
    """Refuse a folder that lacks one that is wanted or holds one that is not known."""
    there = {path.name for path in directly_in(root)[1]}
    missing, extra = [name for name in wanted if name not in there], sorted(there - {*known})
    if missing or extra:
        told = [f"lacks the folders of {kind} {some(missing)}"] if missing else []
        told += [f"holds {some(extra)}, which is no {kind}"] if extra else []
        raise ValueError(f"{root} {' and '.join(told)}; expected {layout}")
