"""The suites of a robustness profile: which pictures, which labels, and what is done to the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from absvit.data.datasets import SPLIT_NAMES, LabelledPictures, open_dataset, open_folder
from absvit.robustness.attacks import FGSM, PGD, Attack
from absvit.robustness.classes import check_names, imagenet_subset, labels_of, wnids
from absvit.robustness.imagenet_c import check_same_pictures, corrupted_when_shown, on_disk
from absvit.robustness.options import SUITES, SuiteOptions

__all__ = ["Condition", "conditions", "open_pictures"]


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


def conditions(suites: Sequence[str], given: SuiteOptions, names: Sequence[str], size: int) -> list[Condition]:
    """Open everything that is to be shown, and check it before anything is computed.

    ``names`` are the model's classes, ``size`` is the height and width of its input in pixels. Refused are a
    suite that is unknown, not there, or in need of classes that the model has not.
    """
    if wrong := [suite for suite in suites if suite not in SUITES] or [s for s in suites if suites.count(s) > 1]:
        raise ValueError(f"expected suites of {', '.join(SUITES)}, each once; got {', '.join(wrong)}")
    if not suites:
        raise ValueError(f"name at least one suite: {', '.join(SUITES)}")
    known = _clean(given) if {"clean", "fgsm", "pgd"} & {*suites} or given.on_the_fly else None
    found = []
    for suite in suites:
        if suite == "imagenet_c":
            found += _corrupted(given, known, names, size)
        elif suite in ("fgsm", "pgd"):
            found += _attacked(suite, given, known, names)
        elif suite in ("imagenet_a", "imagenet_r"):
            place = given.ina_path if suite == "imagenet_a" else given.inr_path
            found.append(_subset(suite, _given(place, suite), names, given.partial))
        else:
            found.append(_whole(suite, given, known, names))
    return found


def open_pictures(place: Path) -> LabelledPictures:
    """Open class folders, a tar or a stimulus set, or the validation split of a folder that holds one."""
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


def _clean(given: SuiteOptions) -> LabelledPictures:
    return open_pictures(_given(given.data, "the clean suite, an attack or a corruption on the fly"))


def _whole(suite: str, given: SuiteOptions, known: LabelledPictures | None, names: Sequence[str]) -> Condition:
    """A suite of all of the model's classes."""
    places = {"imagenet_sketch": given.insk_path, "imagenet_v2": given.inv2_path, "folder": given.folder}
    pictures = known if suite == "clean" else open_pictures(_given(places[suite], suite))
    if suite.startswith("imagenet"):
        _check_imagenet(suite, names, wnids())
    expected = names
    if suite == "imagenet_v2" and all(name.isdigit() for name in pictures.classes):
        expected = [str(number) for number in range(len(names))]
    place = given.data if suite == "clean" else places[suite]
    check_names(pictures.classes, expected, str(place), given.partial or suite == "folder")
    return Condition(suite, 0, pictures, labels_of(pictures, expected))


def _corrupted(given: SuiteOptions, known: LabelledPictures | None, names: Sequence[str], size: int) -> list[Condition]:
    """The corruptions at all severities, from disk or on the fly."""
    if given.inc_path is not None and given.on_the_fly:
        raise ValueError("give either --inc-path or --on-the-fly, not both")
    of = (given.corruptions, given.severities, size)
    if given.on_the_fly:
        opened = corrupted_when_shown(known, *of, seed=given.seed, frost_folder=given.frost_folder)
    else:
        opened = on_disk(_given(given.inc_path, "imagenet_c"), *of, centre_crop=given.centre_crop)
    found = []
    for name, severity, pictures in opened:
        place = str(given.data) if given.on_the_fly else str(given.inc_path / name / str(severity))
        check_names(pictures.classes, names, place, given.partial)
        found.append(Condition(f"imagenet_c/{name}", severity, pictures, labels_of(pictures, names), resize=False))
    if not given.on_the_fly:
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


def _attacked(suite: str, given: SuiteOptions, known: LabelledPictures, names: Sequence[str]) -> list[Condition]:
    """An attack in every size of ball, at every pass."""
    check_names(known.classes, names, str(given.data), given.partial)
    usual = FGSM if suite == "fgsm" else PGD
    base = replace(usual, targeted=given.targeted, seed=given.seed)
    if suite == "pgd":
        base = replace(base, steps=given.steps, restarts=given.restarts)
    changed = [name for name in ("steps", "restarts") if getattr(base, name) != getattr(usual, name)]
    how = "".join(["/targeted" * base.targeted, *(f"/{name}={getattr(base, name)}" for name in changed)])
    labels, found = labels_of(known, names), []
    aim = _others(labels, len(names), given.seed) if given.targeted else None
    for eps in given.eps:
        for iteration in given.attack_iterations or (None,):
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
