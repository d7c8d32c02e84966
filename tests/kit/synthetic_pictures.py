"""Small class folders and small models."""

import numpy as np
import timm
import torch
from PIL import Image

from absvit.models import checkpoints

CLASSES = ("ant", "bee", "cat", "dog", "elk", "fox")
SIZE = 32
OUTLINED = {3: "fox", 7: "ship", 9: "tea cup"}
OUTLINED_COLOURS = {"fox": (200, 60, 20), "ship": (20, 60, 200), "tea cup": (40, 180, 60)}
# by picture: height, width, and by line: category and left, top, right, bottom in quarters of the picture's sides
OUTLINED_PICTURES = {
    "a.png": ((80, 160), [(3, 0, 0, 1, 2), (7, 2, 1, 4, 3), (3, 1, 3, 2, 4)]),
    "b.png": ((160, 80), [(9, 1, 0, 3, 1), (3, 0, 2, 4, 4)]),
    "c.png": ((96, 96), [(7, 0, 0, 2, 2), (9, 2, 2, 4, 4), (3, 2, 0, 3, 1)]),
    "deep/d.png": ((64, 64), [(7, 0, 0, 4, 4)]),
}


def paint(root, classes=CLASSES, each=2, size=SIZE, seed=0):
    """Class folders of random pictures."""
    generator = np.random.default_rng(seed)
    for name in classes:
        (root / name).mkdir(parents=True)
        for number in range(each):
            pixels = generator.integers(0, 256, (*np.broadcast_to(size, 2), 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    return root


def in_conflict(root, classes=CLASSES[:3], each=2, size=64):
    """Pictures of every shape with every texture; red tells the shape, green the texture, blue the number."""
    for s, shape in enumerate(classes):
        (root / shape).mkdir(parents=True)
        for t, texture in enumerate(classes):
            for number in range(each):
                picture = Image.new("RGB", (size, size + 10), (40 * s, 40 * t, 40 * number))
                picture.save(root / shape / f"{shape}{number + 1}-{texture}{number + 3}.png")
    return root


def model(name="absvit_micro", classes=CLASSES, seed=0):
    """An untrained model whose answers vary from picture to picture."""
    torch.manual_seed(seed)
    made = timm.create_model(name, img_size=SIZE, num_classes=len(classes))
    for parameter in made.parameters():
        parameter.data += 0.2 * torch.randn(parameter.shape)
    made.categories = tuple(classes)
    return made.eval()


def write_model(path, name="absvit_micro", classes=CLASSES, seed=0):
    """The same model as weights with a card."""
    card = {"model": name, "categories": list(classes), "made_with": {"num_classes": len(classes), "img_size": SIZE}}
    checkpoints.write(path, model(name, classes, seed).state_dict(), card)
    return path


def rectangle(category, left, top, right, bottom):
    """Line of a file of polygons: a rectangle in quarters of the picture's sides."""
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return " ".join([str(category), *(f"{x / 4:.6f} {y / 4:.6f}" for x, y in corners)])


def outlined(root):
    """A folder of outlined pictures: rectangles, each in the colour of its category, on white."""
    for name, (size, objects) in OUTLINED_PICTURES.items():
        picture = np.full((*size, 3), 255, np.uint8)
        for category, *box in objects:
            left, top, right, bottom = (round(at * size[k % 2 == 0] / 4) for k, at in enumerate(box))
            picture[top:bottom, left:right] = OUTLINED_COLOURS[OUTLINED[category]]
        for part in ("images", "polygons"):
            (root / part / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(root / "images" / name)
        lines = "\n".join(rectangle(*of) for of in objects)
        (root / "polygons" / name).with_suffix(".txt").write_text(lines + "\n\n")
    (root / "config.yaml").write_text("names:\n" + "".join(f"  {k}: {name}\n" for k, name in OUTLINED.items()))
    return root
