"""Segmented photographs to try ``natural`` and other families with: four that come with scikit-image."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from skimage import data

__all__ = ["read", "write"]

SIDE = 320  # pixels of the longer side that the pictures are reduced to
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
    """Write the photographs and the masks of their objects, as :func:`cutouts.listed` takes them."""
    for number, (wnid, (name, polygon, ellipses)) in enumerate(OUTLINES.items()):
        picture = read(number)
        factor = SIDE / max(picture.shape[:2])
        picture = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        mask = cv2.fillPoly(np.zeros(picture.shape[:2], np.uint8), [np.array(polygon)], 255)
        for x, y, across, down in ellipses:
            cv2.ellipse(mask, (x, y), (across, down), 0, 0, 360, 255, cv2.FILLED)
        for part, pixels in (("images", picture), ("masks", mask)):
            (folder / part / wnid).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / part / wnid / f"{name}.png")
