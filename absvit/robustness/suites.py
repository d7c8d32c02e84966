"""The suites of a robustness profile: which pictures, which labels, and what is done to the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from absvit.data.datasets import SPLIT_NAMES, LabelledPictures, open_dataset, open_folder, some
from absvit.robustness.attacks import FGSM, PGD, Attack
from absvit.robustness.classes import check_names, imagenet_subset, labels_of, wnids
from absvit.robustness.imagenet_c import check_same_pictures, corrupted_when_shown, on_disk
from stimuli.corruptions import BENCHMARK, SEVERITIES

__all__ = ["SUITES", "Condition", "Sources", "conditions", "open_pictures"]

SUITES = (
    "clean", "imagenet_c", "imagenet_a", "imagenet_r", "imagenet_sketch", "imagenet_v2", "folder", "fgsm", "pgd",
)  # fmt: skip


@dataclass(frozen=True)
class Sources:
    """Where pictures are, and what is done to them.

    Parameters
    ----------
    data
        Clean pictures: class folders, a tar, a stimulus set, or a folder that holds one of these as val.
    inc_path
        ImageNet-C: CORRUPTION/SEVERITY/CLASS/PICTURE, as python -m stimuli corrupt writes it.
    on_the_fly
        Corrupt the clean pictures when they are shown, instead of --inc-path.
    frost_folder
        Pictures of frost for corruption on the fly, for textures other than our own.
    corruptions
        Which corruptions.
    severities
        1 to 5.
    centre_crop
        Cut out the middle of corrupted pictures that are larger than the model's input.
    ina_path
        ImageNet-A.
    inr_path
        ImageNet-R.
    insk_path
        ImageNet-Sketch.
    inv2_path
        ImageNet-V2; folders named by wnid, or 0 to 999 as it is distributed.
    folder
        Class folders of your own, named as the model names its classes; it may lack some of them.
    partial
        Take folders that lack some of the classes; by default that is an error.
    eps
        Sizes of the attacks' ball in grey levels of 255; several make a sweep.
    steps
        Steps of PGD, each of half the ball's size.
    restarts
        Random starts of PGD, of which each picture keeps the best.
    targeted
        Attack towards another class, drawn for each picture, instead of away from the true one.
    attack_iterations
        Passes of an AbSViT whose logits are attacked, 0 the bottom-up one; the last one, if left out.
    seed
        Seed of attacks and of corruptions on the fly.
    """

    data: Path | None = None
    inc_path: Path | None = None
    on_the_fly: bool = False
    frost_folder: Path | None = None
    corruptions: tuple[str, ...] = BENCHMARK
    severities: tuple[int, ...] = SEVERITIES
    centre_crop: bool = False
    ina_path: Path | None = None
    inr_path: Path | None = None
    insk_path: Path | None = None
    inv2_path: Path | None = None
    folder: Path | None = None
    partial: bool = False
    eps: tuple[float, ...] = (1.0,)
    steps: int = 5
    restarts: int = 1
    targeted: bool = False
    attack_iterations: tuple[int, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("corruptions", "severities", "eps", "attack_iterations"):
            values = [value if isinstance(value, str) else f"{value:g}" for value in getattr(self, name)]
            if repeated := sorted({value for value in values if values.count(value) > 1}):
                raise ValueError(f"expected each of the {name.replace('_', ' ')} once, got {some(repeated)} repeatedly")
        if self.frost_folder is not None and not self.on_the_fly:
            raise ValueError("--frost-folder is for corruption on the fly: add --on-the-fly, or leave it out")


@dataclass(frozen=True, eq=False)
class Condition:
    """Pictures that are shown in one way.

    Parameters
    ----------
    suite : its name in the record, such as clean, imagenet_a, imagenet_c/fog or pgd/eps=1.
    severity : of a corruption, 1 to 5; 0 where there is none.
    pictures : what is shown.
    labels : (picture,) model's class of each.
    resize : whether pictures are resized before the centre is cut out.
    among : model's classes among which the decision falls; all, if None.
    attack : what is done to the pictures, if anything.
    aim : (picture,) model's class that a targeted attack goes towards.
    attack_iteration : pass of an AbSViT whose logits are attacked; its last one, if None.
    """

    suite: str
    severity: int
    pictures: LabelledPictures
    labels: np.ndarray
    resize: bool = True
    among: np.ndarray | None = None
    attack: Attack | None = None
    aim: np.ndarray | None = None
    attack_iteration: int | None = None


def conditions(suites: Sequence[str], sources: Sources, names: Sequence[str], size: int) -> list[Condition]:
    """Open everything that is to be shown, and check it before anything is computed.

    Parameters
    ----------
    suites : some of ``SUITES``, each once.
    sources : where their pictures are.
    names : names of the model's classes.
    size : height and width of the model's input in pixels.

    Raises
    ------
    FileNotFoundError, ValueError : a suite is unknown or not there, its folders do not fit, or it needs classes that
        the model has not; the message says which.
    """
    if wrong := [suite for suite in suites if suite not in SUITES] or [s for s in suites if suites.count(s) > 1]:
        raise ValueError(f"expected suites of {', '.join(SUITES)}, each once; got {', '.join(wrong)}")
    if not suites:
        raise ValueError(f"name at least one suite: {', '.join(SUITES)}")
    known = _clean(sources) if {"clean", "fgsm", "pgd"} & {*suites} or sources.on_the_fly else None
    found = []
    for suite in suites:
        if suite == "imagenet_c":
            found += _corrupted(sources, known, names, size)
        elif suite in ("fgsm", "pgd"):
            found += _attacked(suite, sources, known, names)
        elif suite in ("imagenet_a", "imagenet_r"):
            place = sources.ina_path if suite == "imagenet_a" else sources.inr_path
            found.append(_subset(suite, _given(place, suite), names, sources.partial))
        else:
            found.append(_whole(suite, sources, known, names))
    return found


def open_pictures(place: Path) -> LabelledPictures:
    """Open class folders, a tar or a stimulus set, or the validation split of a folder that holds one.

    Parameters
    ----------
    place : where.

    Raises
    ------
    FileNotFoundError, ValueError : nothing is there, or it does not fit.
    """
    place = Path(place)
    if place.is_dir() and any((place / (name + end)).exists() for name in SPLIT_NAMES["val"] for end in ("", ".tar")):
        return open_dataset("FOLDER", place, "val")
    return open_folder(place)


def _given(place: Path | None, suite: str) -> Path:
    """The place of a suite."""
    options = {
        "imagenet_c": "--inc-path, or --on-the-fly with --data", "imagenet_a": "--ina-path",
        "imagenet_r": "--inr-path", "imagenet_sketch": "--insk-path", "imagenet_v2": "--inv2-path",
        "folder": "--folder",
    }  # fmt: skip
    if place is None:
        raise ValueError(f"{suite} needs its pictures: give {options.get(suite, '--data')}")
    return place


def _clean(sources: Sources) -> LabelledPictures:
    return open_pictures(_given(sources.data, "the clean suite, an attack or a corruption on the fly"))


def _whole(suite: str, sources: Sources, known: LabelledPictures | None, names: Sequence[str]) -> Condition:
    """A suite of all of the model's classes."""
    places = {"imagenet_sketch": sources.insk_path, "imagenet_v2": sources.inv2_path, "folder": sources.folder}
    pictures = known if suite == "clean" else open_pictures(_given(places[suite], suite))
    if suite.startswith("imagenet"):
        _check_imagenet(suite, names, wnids())
    expected = names
    if suite == "imagenet_v2" and all(name.isdigit() for name in pictures.classes):
        expected = [str(number) for number in range(len(names))]
    place = sources.data if suite == "clean" else places[suite]
    check_names(pictures.classes, expected, str(place), sources.partial or suite == "folder")
    return Condition(suite, 0, pictures, labels_of(pictures, expected))


def _corrupted(sources: Sources, known: LabelledPictures | None, names: Sequence[str], size: int) -> list[Condition]:
    """The corruptions at all severities, from disk or on the fly."""
    if sources.inc_path is not None and sources.on_the_fly:
        raise ValueError("give either --inc-path or --on-the-fly, not both")
    of = (sources.corruptions, sources.severities, size)
    if sources.on_the_fly:
        opened = corrupted_when_shown(known, *of, seed=sources.seed, frost_folder=sources.frost_folder)
    else:
        opened = on_disk(_given(sources.inc_path, "imagenet_c"), *of, centre_crop=sources.centre_crop)
    found = []
    for name, severity, pictures in opened:
        place = str(sources.data) if sources.on_the_fly else str(sources.inc_path / name / str(severity))
        check_names(pictures.classes, names, place, sources.partial)
        found.append(Condition(f"imagenet_c/{name}", severity, pictures, labels_of(pictures, names), resize=False))
    if not sources.on_the_fly:
        shown = [(f"{c.suite.removeprefix('imagenet_c/')}/{c.severity}", c.pictures) for c in found]
        check_same_pictures(shown)
    return found


def _subset(suite: str, place: Path, names: Sequence[str], partial: bool) -> Condition:
    """ImageNet-A or -R: 200 classes, among which the decision falls."""
    wanted = imagenet_subset(suite[-1])
    _check_imagenet(suite, names, wanted)
    pictures = open_pictures(place)
    check_names(pictures.classes, wanted, str(place), partial)
    among = np.array(sorted(names.index(name) for name in wanted), np.int64)
    return Condition(suite, 0, pictures, labels_of(pictures, names), among=among)


def _attacked(suite: str, sources: Sources, known: LabelledPictures, names: Sequence[str]) -> list[Condition]:
    """An attack in every size of ball, at every pass."""
    check_names(known.classes, names, str(sources.data), sources.partial)
    usual = FGSM if suite == "fgsm" else PGD
    base = replace(usual, targeted=sources.targeted, seed=sources.seed)
    if suite == "pgd":
        base = replace(base, steps=sources.steps, restarts=sources.restarts)
    changed = [name for name in ("steps", "restarts") if getattr(base, name) != getattr(usual, name)]
    how = "".join(["/targeted" * base.targeted, *(f"/{name}={getattr(base, name)}" for name in changed)])
    labels, found = labels_of(known, names), []
    aim = _others(labels, len(names), sources.seed) if sources.targeted else None
    for eps in sources.eps:
        for iteration in sources.attack_iterations or (None,):
            name = f"{suite}/eps={eps:g}{how}" + ("" if iteration is None else f"/pass={iteration}")
            found.append(Condition(name, 0, known, labels, attack=base.at(eps), aim=aim, attack_iteration=iteration))
    return found


def _others(labels: np.ndarray, n: int, seed: int) -> np.ndarray:
    """A wrong class of n for each picture."""
    shift = [1 + int(np.random.default_rng([seed, number]).integers(n - 1)) for number in range(len(labels))]
    return (labels + np.array(shift, np.int64)) % n


def _check_imagenet(suite: str, names: Sequence[str], wanted: Sequence[str]) -> None:
    """Refuse a model that does not know a suite's classes."""
    if lacking := {*wanted} - {*names}:
        renamed = len(names) >= len(wanted)  # perhaps they are these, under other names
        raise ValueError(
            f"{suite} needs the ImageNet classes, and the model's {len(names)} classes lack {len(lacking)} of its "
            f"{len(wanted)}: take a model that was trained on them"
            + (", or name its classes by wnid with --classes FILE" if renamed else "")
        )
