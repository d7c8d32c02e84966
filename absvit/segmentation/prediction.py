"""Prediction: pictures in, label pictures with the data set's palette and overlays out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from absvit.distributed import Process
from absvit.images import read_photograph
from absvit.models.perceive import evaluating
from absvit.segmentation.classes import coloured
from absvit.segmentation.counting import predicted_classes
from absvit.segmentation.loading_segmenter import Loaded
from absvit.segmentation.options import Cue
from absvit.segmentation.problem import whole_transform_of
from stimuli.foundation.files import whole
from stimuli.foundation.picture_files import in_folder

__all__ = ["Prediction", "check_targets", "picture_files", "predictions", "read_files", "write_predictions"]


ENDINGS = ("", "_overlay")  # of the names of labels and overlays


@dataclass(frozen=True)
class Prediction:
    """A picture with its segmentation.

    Parameters
    ----------
    name : of the picture, without ending.
    picture : (y, x, channel) uint8.
    labels : (iteration, y, x) uint8 classes in every pass; iteration 0 is bottom-up.
    truth : (y, x) uint8 true classes, or None where they are not known.
    """

    name: str
    picture: np.ndarray
    labels: np.ndarray
    truth: np.ndarray | None = None


def picture_files(images: Sequence[Path], out: Path | None = None) -> list[Path]:
    """Give the picture files that are meant, in folders too; results in such a folder are no pictures.

    Two pictures whose results would have one name are refused, as is a folder without any.
    """
    if not images:
        raise ValueError("give at least one picture, or a folder of pictures")
    files = []
    for path in images:
        inside = in_folder(path) if path.is_dir() else []
        if out is not None and path.resolve() in out.resolve().parents:
            inside = [picture for picture in inside if out.resolve() not in picture.resolve().parents]
        if path.is_dir() and not inside:
            raise ValueError(f"the folder {path} holds no picture (.jpg, .png ...)")
        files += inside or [path]
    missing = [path for path in files if not path.exists()]
    if missing:
        raise FileNotFoundError(f"no picture at {missing[0]}; check the path")
    stems = [path.stem for path in files]
    twice = [path for path in files if stems.count(path.stem) > 1]
    if twice:
        raise ValueError(f"{twice[0]} and {twice[1]} would both become {twice[0].stem}.png: give them apart")
    return files


def check_targets(files: Sequence[Path], out: Path) -> None:
    """See to it that no result takes the place of a picture, or of another result."""
    targets = [(path, out / f"{path.stem}{end}.png") for path in files for end in ENDINGS]
    given = {path.resolve(): path for path in files}
    for path, target in targets:
        if target.resolve() in given:
            raise ValueError(
                f"the segmentation of {path} would replace the picture {given[target.resolve()]}: choose another --out"
            )
    names = [target for _, target in targets]
    for path, target in targets:
        if names.count(target) > 1:
            raise ValueError(f"two results would be called {target.name}, one of them of {path}: give them apart")


def read_files(files: Sequence[Path], process: Process) -> Iterator[tuple[str, Image.Image, None]]:
    """Read this process's share of pictures in any mode, turned upright as their EXIF orientation says.

    Yields name, picture, and None for the labels, as :func:`predictions` takes them.
    """
    for path in files[process.rank :: process.world_size]:
        yield path.stem, read_photograph(path), None


def predictions(
    loaded: Loaded, pictures: Iterable[tuple[str, Image.Image, np.ndarray | None]], cue: Cue, process: Process
) -> Iterator[Prediction]:
    """Segment 8-bit RGB pictures of any size, whole; each with name and true labels (y, x) uint8 or None."""
    model, transform = loaded.model.to(process.device), whole_transform_of(loaded.recipe)
    prior_for = cue.prior_for(model)
    with evaluating(model):
        for name, picture, truth in pictures:
            image = transform(picture)[None].to(process.device)
            prior = None if prior_for is None else prior_for(tuple(image.shape[-2:]))
            labels = predicted_classes(model, image, picture.size[::-1], prior, loaded.recipe.precision)
            yield Prediction(name, np.asarray(picture), labels[:, 0].cpu().numpy(), truth)


def write_predictions(
    found: Iterable[Prediction], loaded: Loaded, out: Path, draw: Callable[[Prediction], Any] | None = None
) -> list[Path]:
    """Write ``NAME.png``, the last pass's labels under the palette, and ``NAME_overlay.png`` for each picture.

    Gives the files; no overlays without ``draw``, which makes a matplotlib figure of a prediction.
    """
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for prediction in found:
        labels = coloured(prediction.labels[-1], loaded.table)
        written.append(out / f"{prediction.name}{ENDINGS[0]}.png")
        with whole(written[-1]) as part:
            labels.save(part, "png")
        if draw is not None:
            written.append(out / f"{prediction.name}{ENDINGS[1]}.png")
            with whole(written[-1]) as part:
                draw(prediction).savefig(part, format="png", dpi=200)
    return written
