"""Segmented pictures: a folder of images and masks by class, and the objects cut out of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from stimuli.drawing.backgrounds import read_picture
from stimuli.foundation import picture_files
from stimuli.pictures import polygons

__all__ = ["cut", "listed", "resized"]

LAYOUT = "FOLDER/images/WNID/NAME.jpg with FOLDER/masks/WNID/NAME.png"


def listed(folder: str, longest: float = 0) -> dict[str, list[tuple[Path, Path | np.ndarray]]]:
    """List pictures with the masks of their objects, by class.

    Pictures are ``images/WNID/NAME.jpg`` (png ...) with ``masks/WNID/NAME.png``; or outlined ones, as
    :func:`stimuli.pictures.polygons.listed` takes them, of which each object counts for itself. Of these, an
    object whose longer side is below so many pixels is left out, as is a class that has no other.

    Returns
    -------
    Path of the picture, and path of the mask or corners (corner, 2) in pixels, by class.

    Raises
    ------
    FileNotFoundError : there is no such folder, or a picture has no mask.
    ValueError : the folder holds no pictures, or as :func:`stimuli.pictures.polygons.listed`.
    """
    root = Path(folder)
    if folder and (root / "polygons").is_dir() and not (root / "masks").is_dir():
        return _outlined(root, longest)
    if not folder or not (root / "images").is_dir():
        raise FileNotFoundError(f"no folder of segmented pictures at {folder!r}; expected {LAYOUT}")
    found: dict[str, list[tuple[Path, Path]]] = {}
    for name, images in picture_files.by_class(root / "images").items():
        masks = [root / "masks" / image.relative_to(root / "images").with_suffix(".png") for image in images]
        for image, mask in zip(images, masks, strict=True):
            if not mask.is_file():
                raise FileNotFoundError(f"{image} has no mask at {mask}; expected {LAYOUT}")
        found[name] = list(zip(images, masks, strict=True))
    return found


def _outlined(root: Path, longest: float) -> dict[str, list[tuple[Path, np.ndarray]]]:
    """Objects of outlined pictures, by class in the order of the folder's categories."""
    found: dict[str, list] = {name: [] for name in polygons.categories_of(root).values()}
    for picture in polygons.listed(root):
        for outline in picture.outlines:
            corners = outline.corners * picture.size[::-1]
            if np.ptp(corners, axis=0).max() >= longest:
                found[outline.category].append((picture.path, corners))
    if not any(found.values()):
        raise ValueError(f"no outlined object in {root} is {longest:g} pixels long: ask for smaller ones")
    return {name: objects for name, objects in found.items() if objects}


def cut(image: Path, mask: Path | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut an object out of a picture: what is brighter than half grey in a mask of its size, or within corners.

    Returns
    -------
    picture : (y, x, channel) uint8, the object's bounding box.
    mask : (y, x) bool.

    Raises
    ------
    ValueError : a file cannot be read, the sizes differ, or the mask is empty.
    """
    picture = read_picture(image)
    if isinstance(mask, np.ndarray):
        inside, mask = polygons.filled([mask], picture.shape[:2]), f"of the outline in {image}"
    else:
        inside = read_picture(mask)[..., 0] > 127
    if picture.shape[:2] != inside.shape:
        raise ValueError(f"the mask {mask} has {inside.shape} pixels, its picture {picture.shape[:2]}; they must agree")
    if not inside.any():
        raise ValueError(f"the mask {mask} is empty; it must be brighter than half grey where the object is")
    rows, columns = (np.flatnonzero(inside.any(axis)) for axis in (1, 0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return picture[box], inside[box]


def resized(picture: np.ndarray, mask: np.ndarray, longer: int) -> tuple[np.ndarray, np.ndarray]:
    """Bring a cut-out's longer side to a length in pixels; only the object's own colours are mixed.

    Returns
    -------
    colour : (y, x, channel) float32 in [0, 1], of use where the coverage is not 0.
    coverage : (y, x) float32 in [0, 1].
    """
    scale = longer / max(mask.shape)
    width, height = (max(1, round(side * scale)) for side in mask.shape[::-1])
    planes = [mask.astype(np.float32), *np.moveaxis(picture * (mask[..., None] / np.float32(255)), -1, 0)]
    planes = [
        np.asarray(Image.fromarray(plane.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR))
        for plane in planes
    ]
    coverage = np.clip(planes[0], 0, 1)
    return np.stack(planes[1:], axis=-1) / np.maximum(coverage, 1e-3)[..., None], coverage
