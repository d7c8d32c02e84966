"""Segmented photographs to try ``natural`` and other families with: four that come with scikit-image."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from skimage import data

__all__ = ["read", "write"]

SIDE = 320  # pixels of the longer side that the pictures are reduced to
TILE, GREY = 24, 128  # half the side of a tile of texture in pixels; what lies around a silhouette
NAMED = {"astronaut": "person", "chelsea": "cat", "coffee": "cup", "rocket": "rocket"}
# WordNet identifier (person, tabby cat, coffee mug, missile): name in scikit-image, and outlines of the object drawn
# by hand: polygons as corners (x, y), and ellipses as centre and radii, in pixels of the reduced picture
OUTLINES = {
    "n00007846": (
        "astronaut",
        [(14, 319), (17, 190), (40, 150), (74, 128), (82, 96), (188, 100), (216, 140), (229, 215), (262, 213),
         (300, 235), (319, 262), (319, 319)],
        [(141, 53, 47, 45)],
    ),
    "n02123045": (
        "chelsea",
        [(20, 212), (27, 150), (22, 90), (28, 40), (46, 0), (256, 0), (264, 22), (255, 56), (257, 98), (244, 128),
         (218, 163), (196, 190), (150, 212)],
        [],
    ),
    "n03063599": ("coffee", [(92, 60), (218, 60), (200, 110), (110, 120)], [(148, 121, 108, 80), (155, 58, 63, 49)]),
    "n03773504": ("rocket", [(152, 202), (153, 84), (156, 74), (160, 64), (165, 74), (168, 84), (168, 202)], []),
}  # fmt: skip


def read(number: int) -> np.ndarray:
    """Give one of the photographs, (y, x, channel) uint8, by its number; they come over and over."""
    names = [name for name, _, _ in OUTLINES.values()]
    return getattr(data, names[number % len(names)])()


def write(folder: Path) -> None:
    """Write the photographs for every family that shows given pictures.

    FOLDER/images and FOLDER/masks are as :func:`cutouts.listed` takes them; FOLDER/outlined holds scenes with
    polygons, and FOLDER/conflict silhouettes filled with the texture of another object.
    """
    found = {}
    for number, (wnid, (name, polygon, ellipses)) in enumerate(OUTLINES.items()):
        picture = read(number)
        factor = SIDE / max(picture.shape[:2])
        picture = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        outlines = [np.array(polygon), *(cv2.ellipse2Poly((x, y), (a, b), 0, 0, 360, 10) for x, y, a, b in ellipses)]
        mask = np.zeros(picture.shape[:2], np.uint8)
        for outline in outlines:
            cv2.fillPoly(mask, [outline], 255)
        _save(folder / "images" / wnid / f"{name}.png", picture)
        _save(folder / "masks" / wnid / f"{name}.png", mask)
        found[NAMED[name]] = picture, mask, outlines
    _write_outlined(folder / "outlined", found)
    for shape, (_, mask, _) in found.items():
        for texture, (picture, within, _) in found.items():
            if shape != texture:
                _save(folder / "conflict" / shape / f"{shape}1-{texture}1.png", _filled(mask, picture, within))


def _write_outlined(folder: Path, found: dict[str, tuple[np.ndarray, np.ndarray, list[np.ndarray]]]) -> None:
    """Write two photographs beside each other as a scene, and the outlines of both objects."""
    names = list(found)
    (folder / "polygons").mkdir(parents=True)
    (folder / "config.yaml").write_text("names:\n" + "".join(f"  {k}: {name}\n" for k, name in enumerate(names)))
    for k, name in enumerate(names):
        other = (k + 1) % len(names)
        scene = np.full((SIDE, 2 * SIDE, 3), GREY, np.uint8)
        lines = []
        for number, left in ((k, 0), (other, SIDE)):
            picture, _, outlines = found[names[number]]
            scene[: picture.shape[0], left : left + picture.shape[1]] = picture
            corners = [(outline + (left, 0)) / (2 * SIDE, SIDE) for outline in outlines]
            lines += [" ".join([str(number), *map(str, of.flatten().tolist())]) for of in corners]
        _save(folder / "images" / f"{name}.png", scene)
        (folder / "polygons" / f"{name}.txt").write_text("\n".join(lines) + "\n")


def _filled(mask: np.ndarray, picture: np.ndarray, within: np.ndarray) -> np.ndarray:
    """A silhouette on grey, filled with tiles of what lies in the middle of another object."""
    rows, columns = (np.flatnonzero(within.any(axis)) for axis in (1, 0))
    down, across = (int(along[len(along) // 2]) for along in (rows, columns))
    tile = picture[max(0, down - TILE) : down + TILE, max(0, across - TILE) : across + TILE]
    repeats = [-(-side // of) for side, of in zip(mask.shape, tile.shape[:2], strict=True)]
    texture = np.tile(tile, (*repeats, 1))[: mask.shape[0], : mask.shape[1]]
    return np.where(mask[..., None] > 0, texture, np.uint8(GREY))


def _save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
