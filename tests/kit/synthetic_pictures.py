"""Small class folders and small models."""

import numpy as np
import timm
import torch
from PIL import Image

from absvit.models import checkpoints

CLASSES = ("ant", "bee", "cat", "dog", "elk", "fox")
SIZE = 32


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
