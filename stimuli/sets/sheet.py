"""Contact sheets: the first stimuli of a set at a glance, with labels and the outlines of their masks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr
from PIL import Image, ImageDraw, ImageFont
from skimage.segmentation import find_boundaries

from stimuli.foundation.files import whole
from stimuli.sets.frames import Frame, Shown, display_of, frames_of, onsets
from stimuli.sets.reading import read_rows, read_table, recipe_of

__all__ = ["in_frames", "of_set", "outlined", "sheet", "write"]

OUTLINES = ((255, 64, 64), (64, 160, 255), (80, 220, 80), (255, 200, 0))  # red, blue, green, yellow; in turn
GAP, LINE, SMALLEST, LARGEST = 6, 13, 128, 224
LABELS_OF_A_TILE = 4
FORMATS = {".png": {"format": "PNG"}, ".jpg": {"format": "JPEG", "quality": 75, "optimize": True}}


def of_set(folder: Path, n: int) -> tuple[np.ndarray, np.ndarray, list[list[str]], int]:
    """Give what a sheet shows of a set.

    Returns
    -------
    images : (stimulus, y, x, channel) uint8.
    masks : (stimulus, object, y, x) bool.
    labels : lines of text of each.
    columns : pictures that stand in a row; 1, where it does not matter.
    """
    dataset, labels = _read(folder, n)
    masks = dataset["object_mask"].values if "object_mask" in dataset else np.zeros((len(labels), 0), bool)
    return dataset["image"].values, masks, labels, 1


def in_frames(folder: Path, n: int, family: Shown) -> tuple[np.ndarray, np.ndarray, list[list[str]], int]:
    """Give what a sheet shows of the course of a set's stimuli in time, as :func:`of_set` does of pictures.

    A row is a stimulus, from left to right its frames with their names and times from the first one's onset.
    """
    dataset, about = _read(folder, n)
    courses = [frames_of(family, dataset, number) for number in range(len(about))]
    longest = max(map(len, courses))
    empty = np.full_like(dataset["image"].values[0], display_of(family, dataset).background)
    images, labels = [], []
    for course, lines in zip(courses, about, strict=True):
        missing = longest - len(course)
        pictures = [empty if frame.picture is None else frame.picture for frame in course]
        images += [*pictures, *[np.full_like(empty, 255)] * missing]
        told = [_times(frame, onset) for frame, onset in zip(course, onsets(course), strict=True)]
        labels += [[*told[0], *lines], *told[1:], *[[""]] * missing]
    return np.stack(images), np.zeros((len(images), 0), bool), labels, longest


def write(
    folder: Path,
    out: Path | None = None,
    n: int = 24,
    columns: int = 6,
    tile: int = LARGEST,
    shown: Callable[[Path, int], tuple[np.ndarray, np.ndarray, list[list[str]], int]] = of_set,
) -> Path:
    """Draw a contact sheet of a set; gives the file.

    Parameters
    ----------
    folder : of the set.
    out : PNG or JPEG file to write; ``FOLDER.png`` beside the folder, if left out.
    n : number of stimuli shown, at least 1; the first ones.
    columns : pictures in a row, at least 1, where what is shown does not say.
    tile : longer side that larger pictures are reduced to, in pixels.
    shown : what is shown of n stimuli of the folder, if it is another kind of folder than a set.

    Raises
    ------
    ValueError : n or columns is below 1, or out does not end in .png or .jpg.
    """
    folder = Path(folder)
    out = folder.resolve().with_name(f"{folder.resolve().name}.png") if out is None else Path(out)
    if min(n, columns) < 1:
        raise ValueError(f"a sheet needs at least 1 stimulus and 1 column, got n = {n} and columns = {columns}")
    if out.suffix.lower() not in FORMATS:
        raise ValueError(f"a contact sheet is a .png or .jpg file, got {out}")
    images, masks, labels, in_a_row = shown(folder, n)
    picture = sheet(images, masks, labels, in_a_row if in_a_row > 1 else columns, tile)
    out.parent.mkdir(parents=True, exist_ok=True)
    with whole(out) as part:
        Image.fromarray(picture).save(part, **FORMATS[out.suffix.lower()])
    return out


def sheet(
    images: np.ndarray, masks: np.ndarray, labels: list[list[str]], columns: int, tile: int = LARGEST
) -> np.ndarray:
    """Lay pictures out in rows, each above its lines of text, as one (y, x, channel) uint8.

    Masks (stimulus, object, y, x) are outlined. Small pictures are enlarged by a whole number, those
    whose longer side is above ``tile`` pixels reduced.
    """
    tiles = [_scaled(image, mask, tile) for image, mask in zip(images, masks, strict=True)]
    height, width = tiles[0].shape[:2]
    columns = min(columns, len(tiles))
    below = LINE * max(len(lines) for lines in labels) + 4
    rows = -(-len(tiles) // columns)
    size = (columns * (width + GAP) + GAP, rows * (height + below + GAP) + GAP)
    page = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(11)
    for number, (shown, lines) in enumerate(zip(tiles, labels, strict=True)):
        row, column = divmod(number, columns)
        corner = (GAP + column * (width + GAP), GAP + row * (height + below + GAP))
        page.paste(Image.fromarray(shown), corner)
        for k, line in enumerate(lines):
            place = (corner[0], corner[1] + height + 1 + LINE * k)
            pen.text(place, _shortened(line, pen, font, width), fill="black", font=font)
    return np.asarray(page)


def outlined(image: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Draw the outline of each mask, just outside of it; in turn red, blue, green and yellow."""
    image = image.copy()
    for k, mask in enumerate(masks):
        image[find_boundaries(mask, mode="outer") & ~mask] = OUTLINES[k % len(OUTLINES)]
    return image


def _read(folder: Path, n: int) -> tuple[xr.Dataset, list[list[str]]]:
    """The first stimuli of a set, and lines of text that tell of each."""
    recipe = recipe_of(folder)
    table = read_table(folder, recipe["variables"]).iloc[:n]
    about = recipe["variables"].items()
    design = [name for name, told in about if told["dims"] == ["stimulus"] and name != "label"]
    return read_rows(folder, table, recipe), [_labels(row, design) for row in table.to_dict("records")]


def _times(frame: Frame, onset: float) -> list[str]:
    """Lines under a frame: its name and when it is shown, and whether observers look at it."""
    end = "the response" if frame.duration is None else f"{onset + frame.duration:.3g} s"
    return [f"{frame.name}{' (observers)' if frame.seen else ''}", f"{onset:.3g} s to {end}"]


def _scaled(image: np.ndarray, masks: np.ndarray, largest: int) -> np.ndarray:
    """A tile of about the same size for any stimuli; outlines are drawn after scaling and stay thin."""
    side = max(image.shape[:2])
    factor = max(1, SMALLEST // side) if side <= largest else largest / side
    size = (max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))
    how = Image.Resampling.NEAREST if factor >= 1 else Image.Resampling.LANCZOS
    tile = np.asarray(Image.fromarray(image).resize(size, how))
    resized = [np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST)) for mask in masks]
    return outlined(tile, np.array(resized, bool).reshape(-1, *tile.shape[:2]))


def _labels(row: dict, design: list[str]) -> list[str]:
    """Lines under a picture: its number and categories, then what the design says of it."""
    counts = Counter(str(value) for name, value in row.items() if str(name).startswith("category_") and value)
    categories = [f"{count} x {name}" if count > 1 else name for name, count in counts.items()]
    named = [f"{name} {_short(row[name])}" for name in design if not name.endswith("_degree")]
    return [f"{row['stimulus']}  {', '.join(categories)}", *named[: LABELS_OF_A_TILE - 1]]


def _short(value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _shortened(text: str, pen: ImageDraw.ImageDraw, font, width: int) -> str:
    """A text that fits under a picture."""
    while pen.textlength(text, font) > width and len(text) > 1:
        text = text.removesuffix("…")[:-1] + "…"
    return text
