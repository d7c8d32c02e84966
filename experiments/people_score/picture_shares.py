"""What observers see first in a folder of pictures: their share of one reading against another, bottom-up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import scipy

from absvit.images import read_photograph
from absvit.models.class_names import class_indices
from experiments.observers import Observer
from stimuli.foundation import picture_files
from stimuli.pictures.photographs import fitted

__all__ = ["readings_of", "shares_in"]


def readings_of(counts: Path, first: str, second: str) -> dict[str, tuple[str, str]]:
    """Name both readings of each item of a table of counts.

    Parameters
    ----------
    counts : CSV file with the column item.
    first, second : columns of it that name the class of each item; or a class that is the same for all.
    """
    table = pd.read_csv(counts, dtype=str)
    columns = [table[name] if name in table else [name] * len(table) for name in (first, second)]
    return dict(zip(table["item"], zip(*columns, strict=True), strict=True))


def shares_in(folder: Path, observer: Observer, readings: Mapping[str, tuple[str, str]]) -> pd.Series:
    """Give an observer's share of the first reading of each picture, p(first) / (p(first) + p(second)).

    Parameters
    ----------
    folder : of pictures, at any depth; the file's name without its ending is the item.
    observer : who looks, told nothing.
    readings : two of the observer's classes by item; other pictures are left out.

    Returns
    -------
    Series over item, in [0, 1].

    Raises
    ------
    FileNotFoundError : no item has a picture.
    ValueError : the observer does not know a class; two pictures are of one item; a picture cannot be read.
    """
    files: dict[str, Path] = {}
    for path in sorted(path for path in Path(folder).rglob("*") if picture_files.is_picture(path)):
        if path.stem in files and path.stem in readings:
            raise ValueError(f"{files[path.stem]} and {path} are both of the item {path.stem!r}: keep one")
        files[path.stem] = path
    shown = [item for item in readings if item in files]
    if not shown:
        raise FileNotFoundError(f"no picture in {folder} is called as an item of the counts, such as {[*readings][:1]}")
    names = [name for item in shown for name in readings[item]]
    places = class_indices(observer, names)
    if (places < 0).any():
        raise ValueError(f"{observer.name} does not know the class {names[int((places < 0).argmax())]!r}")
    shares = [
        scipy.special.expit(np.subtract(*_logits(observer, files[item])[pair]))
        for item, pair in zip(shown, places.reshape(-1, 2), strict=True)
    ]
    return pd.Series(shares, pd.Index(shown, name="item"), name="share")


def _logits(observer: Observer, file: Path) -> np.ndarray:
    picture = fitted(np.asarray(read_photograph(file)), tuple(observer.size))
    return observer.seen(observer.images(picture[None])).logits[-1, 0, 0].double().cpu().numpy()
