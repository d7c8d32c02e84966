"""Classes of the segmentation data sets: names, colours, and which value in a label file stands for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

__all__ = ["ADE20K", "IGNORED", "VOC", "ClassTable", "colour_map", "coloured"]

IGNORED = 255  # label of pixels that count neither in training nor in the test
MOST_CLASSES = 255


@dataclass(frozen=True)
class ClassTable:
    """What a data set's labels mean.

    Parameters
    ----------
    names : names of the classes, in the order of a model's outputs.
    colours : (red, green, blue) in 0..255 of each class.
    values : class, or :data:`IGNORED`, of each value that a label file may hold.
    """

    names: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...]
    values: Mapping[int, int]

    def __post_init__(self) -> None:
        if not 2 <= len(self.names) <= MOST_CLASSES or len(self.names) != len(self.colours):
            raise ValueError(
                f"expected 2 to {MOST_CLASSES} classes with one colour each, got {len(self.names)} names and "
                f"{len(self.colours)} colours"
            )
        if len(set(self.names)) < len(self.names):
            twice = next(name for name in self.names if self.names.count(name) > 1)
            raise ValueError(f"the class {twice!r} is named twice: give each class one name")

    def labels(self, stored: np.ndarray, name: str) -> np.ndarray:
        """Turn the values (y, x) of a label file into uint8 classes, :data:`IGNORED` where none counts.

        A value of no class is refused, under the file's name.
        """
        table = np.full(max(65536, int(stored.max()) + 1), -1, np.int32)
        table[list(self.values)] = list(self.values.values())
        classes = table[stored]
        if (classes < 0).any():
            unknown = np.unique(stored[classes < 0]).tolist()
            shown = ", ".join(map(str, unknown[:8])) + (" ..." if len(unknown) > 8 else "")
            known = sorted(self.values)
            raise ValueError(
                f"{name} holds the values {shown}, which stand for no class: expected {known[0]} to "
                f"{[v for v in known if v != IGNORED][-1]}" + (f", or {IGNORED} to ignore" if IGNORED in known else "")
            )
        return classes.astype(np.uint8)

    @classmethod
    def counted(cls, names: Sequence[str], colours: Sequence[tuple[int, int, int]] | None = None) -> ClassTable:
        """The table of labels that count the classes from 0, 255 to ignore; colours are VOC's if left out."""
        colours = colour_map(len(names)) if colours is None else tuple(map(tuple, colours))
        return cls(tuple(names), colours, {IGNORED: IGNORED} | {k: k for k in range(min(len(names), IGNORED))})


def colour_map(n: int) -> tuple[tuple[int, int, int], ...]:
    """PASCAL VOC's colours of n classes, 256 at most: a class's bits spread over red, green and blue."""
    bits = (np.arange(n)[:, None] >> np.arange(8)) & 1  # (class, bit)
    colours = np.zeros((n, 3), int)
    for place in range(8):
        colours[:, place % 3] |= bits[:, place] << (7 - place // 3)
    return tuple(map(tuple, colours.tolist()))


def coloured(labels: np.ndarray, table: ClassTable) -> Image.Image:
    """Make a picture in mode P of labels (y, x) uint8 under the data set's palette, as VOC stores them.

    :data:`IGNORED` is shown in white.
    """
    picture = Image.fromarray(labels.astype(np.uint8)).convert("L")
    palette = np.full((256, 3), 255, np.uint8)
    palette[: len(table.colours)] = table.colours
    picture.putpalette(palette.tobytes())
    return picture


VOC = ClassTable.counted(
    (
        "background",
        "aeroplane",
        "bicycle",
        "bird",
        "boat",
        "bottle",
        "bus",
        "car",
        "cat",
        "chair",
        "cow",
        "diningtable",
        "dog",
        "horse",
        "motorbike",
        "person",
        "pottedplant",
        "sheep",
        "sofa",
        "train",
        "tvmonitor",
    )  # fmt: skip
)

# names and colours of the MIT scene parsing benchmark, as its own tools and mmseg have them
ADE20K_NAMES = """
wall, building, sky, floor, tree, ceiling, road, bed, windowpane, grass, cabinet, sidewalk, person, earth, door,
table, mountain, plant, curtain, chair, car, water, painting, sofa, shelf, house, sea, mirror, rug, field, armchair,
seat, fence, desk, rock, wardrobe, lamp, bathtub, railing, cushion, base, box, column, signboard, chest of drawers,
counter, sand, sink, skyscraper, fireplace, refrigerator, grandstand, path, stairs, runway, case, pool table, pillow,
screen door, stairway, river, bridge, bookcase, blind, coffee table, toilet, flower, book, hill, bench, countertop,
stove, palm, kitchen island, computer, swivel chair, boat, bar, arcade machine, hovel, bus, towel, light, truck,
tower, chandelier, awning, streetlight, booth, television receiver, airplane, dirt track, apparel, pole, land,
bannister, escalator, ottoman, bottle, buffet, poster, stage, van, ship, fountain, conveyer belt, canopy, washer,
plaything, swimming pool, stool, barrel, basket, waterfall, tent, bag, minibike, cradle, oven, ball, food, step, tank,
trade name, microwave, pot, animal, bicycle, lake, dishwasher, screen, blanket, sculpture, hood, sconce, vase, traffic
light, tray, ashcan, fan, pier, crt screen, plate, monitor, bulletin board, shower, radiator, glass, clock, flag
"""
ADE20K_COLOURS = """
787878 b47878 06e6e6 503232 04c803 787850 8c8c8c cc05ff e6e6e6 04fa07 e005ff ebff07 96053d 787846 08ff33 ff0652 8fff8c
ccff04 ff3307 cc4603 0066c8 3de6fa ff0633 0b66ff ff0747 ff09e0 0907e6 dcdcdc ff095c 7009ff 08ffd6 07ffe0 ffb806 0aff47
ff290a 07ffff e0ff08 6608ff ff3d06 ffc207 ff7a08 00ff14 ff0829 ff0599 0633ff eb0cff a09614 00a3ff 8c8c8c fa0a0f 14ff00
1fff00 ff1f00 ffe000 99ff00 0000ff ff4700 00ebff 00adff 1f00ff 0bc8c8 ff5200 00fff5 003dff 00ff70 00ff85 ff0000 ffa300
ff6600 c2ff00 008fff 33ff00 0052ff 00ff29 00ffad 0a00ff adff00 00ff99 ff5c00 ff00ff ff00f5 ff0066 ffad00 ff0014 ffb8b8
001fff 00ff3d 0047ff ff00cc 00ffc2 00ff52 000aff 0070ff 3300ff 00c2ff 007aff 00ffa3 ff9900 00ff0a ff7000 8fff00 5200ff
a3ff00 ffeb00 08b8aa 8500ff 00ff5c b800ff ff001f 00b8ff 00d6ff ff0070 5cff00 00e0ff 70e0ff 46b8a0 a300ff 9900ff 47ff00
ff00a3 ffcc00 ff008f 00ffeb 85ff00 ff00eb f500ff ff007a fff500 0abed4 d6ff00 00ccff 1400ff ffff00 0099ff 0029ff 00ffcc
2900ff 29ff00 ad00ff 00f5ff 4700ff 7a00ff 00ffb8 005cff b8ff00 0085ff ffd600 19c2c2 66ff00 5c00ff
"""
ADE20K = ClassTable(
    tuple(" ".join(ADE20K_NAMES.split()).split(", ")),
    tuple(tuple(bytes.fromhex(colour)) for colour in ADE20K_COLOURS.split()),
    {0: IGNORED} | {k: k - 1 for k in range(1, 151)},
)
