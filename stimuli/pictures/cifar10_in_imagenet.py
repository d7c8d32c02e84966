"""CIFAR-10's ten classes among ImageNet-1k's: full-size photographs that no model of CIFAR-10 saw.

A class of CIFAR-10 stands for its WordNet synset, and ImageNet's classes below that synset belong to it
(Fellbaum 1998; Deng et al. 2009; Krizhevsky 2009 for what CIFAR-10's classes hold), with these decisions:

- dog: all 118 breeds below ``dog``; dingo, dhole and African hunting dog are ``wild dogs`` beside it.
  cat: the five below ``domestic cat``. bird: all 59 below ``bird``. frog: the three below ``frog``, of
  which one is a "bell toad".
- automobile: those below ``car``. truck: those below ``truck`` but the pickup, which CIFAR-10 excludes by
  name; the moving van is a truck by its other name. Buses are neither.
- airplane: airliner and warplane; the airship is no ``heavier-than-air craft``.
- ship: those below ``ship`` that are seen afloat and whole, and the schooner, a ``sailing ship``;
  submarine and wreck are left out, and boats, yawls and catamarans are ``boats`` or no ships.
- horse: the sorrel; a zebra is an ``equine`` beside ``horse``.
- deer: ImageNet-1k has none. Hartebeest, impala and gazelle are the nearest, ``ruminants`` of the same
  build, yet antelopes: numbers of this class are to be read with that in mind.
"""

from __future__ import annotations

import shutil
import tarfile
import zlib
from collections import defaultdict
from pathlib import Path

from stimuli.foundation import picture_files
from stimuli.sets import class_folder

__all__ = ["LISTED", "RANGES", "class_of", "collect"]

LISTED = {
    "airplane": ("n02690373", "n04552348"),
    "automobile": (
        "n02701002", "n02814533", "n02930766", "n03100240", "n03594945", "n03670208", "n03770679", "n03777568",
        "n04037443", "n04285008",
    ),
    "cat": ("n02123045", "n02123159", "n02123394", "n02123597", "n02124075"),
    "deer": ("n02422106", "n02422699", "n02423022"),
    "frog": ("n01641577", "n01644373", "n01644900"),
    "horse": ("n02389026",),
    "ship": ("n02687172", "n03095699", "n03673027", "n03947888", "n04147183"),
    "truck": ("n03345487", "n03417042", "n03796401", "n04461696", "n04467665"),
}  # fmt: skip
# first and last of ImageNet-1k's classes below a synset that are neighbours there, whose numbers are in order
RANGES = {
    "bird": (("n01514668", "n01622779"), ("n01795545", "n01860187"), ("n02002556", "n02058221")),
    "dog": (("n02085620", "n02113978"),),
}


def class_of(wnid: str) -> str | None:
    """Tell which of the ten classes a WordNet number of ImageNet-1k belongs to; None for none."""
    listed = [name for name, wnids in LISTED.items() if wnid in wnids]
    ranged = [name for name, ranges in RANGES.items() if any(low <= wnid <= high for low, high in ranges)]
    return next(iter(listed + ranged), None)


def collect(source: Path, out: Path) -> dict[str, int]:
    """Write the ten classes' photographs among those of an ImageNet folder or tar; all of them, or nothing.

    ``source`` holds ``WNID/PICTURE``, ``out`` gets ``CLASS/WNID_PICTURE``, hard links where possible;
    the number of photographs of each class comes out, in alphabetical order.

    Raises
    ------
    FileNotFoundError : there is no such folder or tar.
    ValueError : it holds no photographs of these classes, cannot be read, or ``out`` holds something.
    """
    source, out = Path(source), Path(out)
    if not source.exists():
        raise FileNotFoundError(f"no pictures at {source}; expected a folder WNID/PICTURE of ImageNet, or a tar of it")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out} exists already; expected a new or empty folder")
    part = out.with_name(f".{out.name}.part")  # an interrupted collection leaves this, and no folder that looks whole
    shutil.rmtree(part, ignore_errors=True)
    try:
        counts = _from_tar(source, part) if source.is_file() else _from_folder(source, part)
        if not counts:
            raise ValueError(
                f"{source} holds no photographs of the ten classes; expected folders named by WordNet numbers, such as "
                "n02099601 (of ImageNet, give val or train)"
            )
        if out.exists():
            out.rmdir()
        part.rename(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return dict(sorted(counts.items()))


def _from_folder(source: Path, out: Path) -> dict[str, int]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in picture_files.in_folder(source):
        name = class_of(path.relative_to(source).parts[0])
        if name is not None:
            found[name].append(path)
    class_folder.link_classes(found, out, lambda path: "_".join(path.relative_to(source).parts))
    return {name: len(paths) for name, paths in found.items()}


def _from_tar(source: Path, out: Path) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    try:
        with tarfile.open(source) as archive:
            for member in archive:
                path = Path(member.name)
                name = class_of(path.parent.name)
                if name is None or not member.isfile() or not picture_files.is_picture(path):
                    continue
                (out / name).mkdir(parents=True, exist_ok=True)
                target = out / name / f"{path.parent.name}_{path.name}"
                target.write_bytes(archive.extractfile(member).read())
                counts[name] += 1
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise ValueError(f"{source} cannot be read as a tar ({error}): get it again") from error
    return counts
