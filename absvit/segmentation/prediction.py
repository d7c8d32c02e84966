"""Prediction: pictures in, label pictures with the data set's palette and overlays out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from absvit.distributed import Process
from absvit.images import PHOTOGRAPH_SUFFIXES, read_photograph
from absvit.models.downloads import replace_file
from absvit.models.perceive import evaluating
from absvit.segmentation.building import Loaded
from absvit.segmentation.classes import coloured
from absvit.segmentation.counting import predicted_classes
from absvit.segmentation.cues import Cue
from absvit.segmentation.tasks import whole_transform_of

__all__ = ["Prediction", "picture_files", "predictions", "write_predictions"]


@dataclass(frozen=True)
class Prediction:
    """A picture with its segmentation.

    Parameters
    ----------
    path : the picture's file.
    picture : (y, x, channel) uint8.
    labels : (iteration, y, x) uint8 classes in every pass; iteration 0 is bottom-up.
    """

    path: Path
    picture: np.ndarray
    labels: np.ndarray


def picture_files(images: Sequence[Path]) -> list[Path]:
    """Give the picture files that are meant.

    Parameters
    ----------
    images : picture files, and folders of them.

    Raises
    ------
    FileNotFoundError : there is no such file.
    ValueError : a folder without pictures, or two pictures whose results would have one name.
    """
    files = []
    for path in images:
        inside = sorted(p for p in path.iterdir() if p.suffix.lower() in PHOTOGRAPH_SUFFIXES) if path.is_dir() else []
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


def predictions(loaded: Loaded, files: Sequence[Path], cue: Cue, process: Process) -> Iterator[Prediction]:
    """Segment pictures of any size, whole.

    Parameters
    ----------
    loaded : the segmenter.
    files : picture files in any mode; they are turned upright as their EXIF orientation says.
    cue : what an AbSViT looks for.
    process : this process; each of several takes its share.

    Yields
    ------
    One prediction a picture, at the picture's size.

    Raises
    ------
    ValueError : a file cannot be read as a picture, or the cue does not fit the model.
    """
    model, transform = loaded.model.to(process.device), whole_transform_of(loaded.recipe)
    prior_for = cue.prior_for(model)
    with evaluating(model):
        for path in files[process.rank :: process.world_size]:
            picture = read_photograph(path)
            image = transform(picture)[None].to(process.device)
            prior = None if prior_for is None else prior_for(tuple(image.shape[-2:]))
            labels = predicted_classes(model, image, picture.size[::-1], prior, loaded.recipe.precision)
            yield Prediction(path, np.asarray(picture), labels[:, 0].cpu().numpy())


def write_predictions(found: Iterator[Prediction], loaded: Loaded, out: Path, draw=None) -> list[Path]:
    """Write ``STEM.png``, the labels of the last pass under the palette, and ``STEM_overlay.png`` for each picture.

    Parameters
    ----------
    found : predictions.
    loaded : gives the classes.
    out : folder, made if missing.
    draw : function of a prediction that gives the overlay as a matplotlib figure; no overlays if left out.

    Returns
    -------
    The files.
    """
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for prediction in found:
        labels = coloured(prediction.labels[-1], loaded.table)
        written.append(out / f"{prediction.path.stem}.png")
        replace_file(written[-1], lambda temporary, labels=labels: labels.save(temporary, "png"))
        if draw is not None:
            figure = draw(prediction)
            written.append(out / f"{prediction.path.stem}_overlay.png")
            replace_file(written[-1], lambda temporary, figure=figure: figure.savefig(temporary, format="png", dpi=200))
    return written
