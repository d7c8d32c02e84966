"""Tiny data sets in the published layouts of VOC 2012, Cityscapes and ADE20K, and a pair of folders, for the tests."""

import numpy as np
from PIL import Image

SIZE = (48, 64)  # y, x


def pair(seed, values):
    """A picture of coloured blocks, and the block of each pixel as a value of the labels."""
    chance = np.random.default_rng(seed)
    blocks = chance.integers(0, len(values), (SIZE[0] // 16, SIZE[1] // 16))
    index = blocks.repeat(16, 0).repeat(16, 1)
    colours = np.random.default_rng(99).integers(0, 256, (len(values), 3))
    noise = chance.normal(0, 10, (*SIZE, 3))
    picture = np.clip(colours[index] + noise, 0, 255).astype(np.uint8)
    return Image.fromarray(picture), Image.fromarray(np.asarray(values)[index].astype(np.uint8))


def save(root, picture, labels, picture_path, label_path):
    for path, image in ((picture_path, picture), (label_path, labels)):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        image.save(root / path)


def voc(root, n=3):
    """VOC: labels are palette pictures of class numbers, 255 on the outlines."""
    inner = root / "VOCdevkit" / "VOC2012"
    for split, first in (("train", 0), ("val", 100)):
        names = [f"2007_{first + k:06d}" for k in range(n)]
        (inner / "ImageSets" / "Segmentation").mkdir(parents=True, exist_ok=True)
        (inner / "ImageSets" / "Segmentation" / f"{split}.txt").write_text("\n".join(names) + "\n")
        for k, name in enumerate(names):
            picture, labels = pair(first + k, [0, 1, 15, 20, 255])
            labels = labels.convert("P")
            labels.putpalette(list(range(256)) * 3)
            save(inner, picture, labels, f"JPEGImages/{name}.jpg", f"SegmentationClass/{name}.png")
    return root


def cityscapes(root, n=3):
    """Cityscapes: 7 is road, 26 car, 0 unlabelled, 255 the licence plate (-1)."""
    for split in ("train", "val"):
        for k in range(n):
            picture, labels = pair(k + 100 * (split == "val"), [7, 11, 26, 0, 255])
            stem = f"{split}/ulm/ulm_{k:06d}_000019"
            save(root, picture, labels, f"leftImg8bit/{stem}_leftImg8bit.png", f"gtFine/{stem}_gtFine_labelIds.png")
    return root


def ade20k(root, n=3):
    """ADE20K: 0 does not count, 1 to 150 are the classes."""
    inner = root / "ADEChallengeData2016"
    for split, folder in (("train", "training"), ("val", "validation")):
        for k in range(n):
            picture, labels = pair(k + 100 * (split == "val"), [0, 1, 3, 150])
            stem = f"{folder}/ADE_{split}_{k + 1:08d}"
            save(inner, picture, labels, f"images/{stem}.jpg", f"annotations/{stem}.png")
    return root


def folders(root, n=3):
    """A pair of folders with classes of their own."""
    for split in ("train", "val"):
        for k in range(n):
            picture, labels = pair(k + 100 * (split == "val"), [0, 1, 2, 255])
            save(root, picture, labels, f"images/{split}/p{k}.png", f"labels/{split}/p{k}.png")
    (root / "classes.txt").write_text("ground\nwall\t#ff8000\nsky\n")
    return root


TREES = {"VOC": voc, "CITYSCAPES": cityscapes, "ADE20K": ade20k, "FOLDERS": folders}
