"""Learn what a network tells shape and texture by, from a folder of photographs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from stimuli.foundation import command_line
from stimuli.foundation.options import FileOrAddress

if TYPE_CHECKING:
    from absvit.dimensions.dimension_file import Dimensions


@dataclass(frozen=True)
class Learning:
    """Learn priors for shape and for texture from photographs of anything; a second or two a photograph.

    Example: python -m absvit.dimensions PHOTOGRAPHS --model lite0_dense --out dimensions.safetensors

    Parameters
    ----------
    source
        Class folder of photographs, one folder a class; what the classes are does not matter. Or a file that was
        written before, to shuffle.
    out
        File to be written, .safetensors, with its card inside.
    model
        Network that is to attend: ours, timm's or torchvision's.
    checkpoint
        Its weights; the bundled or released ones, if left out.
    n
        Photographs, at least 4.
    seed
        Of the choice of photographs and the orders of patches.
    layers
        Layers at which tunings of channels are learnt; the last block, if left out.
    shuffle
        The control: what was learnt of each channel is given to another, drawn from this seed.
    """

    source: Annotated[Path, tyro.conf.Positional]
    out: Path
    model: str = "lite0_dense"
    checkpoint: FileOrAddress | None = None
    n: int = 160
    seed: int = 0
    layers: tuple[str, ...] = ()
    shuffle: int | None = None

    def __post_init__(self) -> None:
        if self.n < 4:
            raise ValueError(f"n must be at least 4 photographs, got {self.n}")
        if self.out.suffix != ".safetensors":
            raise ValueError(f"--out ends in .safetensors, got {self.out}")
        if self.source.is_file() and self.shuffle is None:
            raise ValueError(f"{self.source} is a file: give a folder of photographs, or --shuffle SEED, too")


def main(learning: tyro.conf.OmitArgPrefixes[Learning]) -> None:
    """Learn, write, and say what was written."""
    from absvit.dimensions.dimension_file import read_dimensions, write_dimensions

    found = read_dimensions(learning.source) if learning.source.is_file() else _learnt(learning)
    found = found if learning.shuffle is None else found.shuffled(learning.shuffle)
    at = ", ".join(f"{name} ({len(of)} channels)" for name, of in found.tunings.items())
    path = write_dimensions(found, learning.out)
    print(f"{path}: shape and texture of {found.card['pictures']} pictures, at {at}")


def _learnt(learning: Learning) -> Dimensions:
    from absvit.dimensions.learning import learn_dimensions, photographs_in
    from absvit.networks import load_network

    photographs = photographs_in(learning.source, learning.n, learning.seed)
    network = load_network(learning.model, learning.checkpoint)
    return learn_dimensions(network, photographs, learning.layers, learning.seed)


if __name__ == "__main__":
    sys.exit(command_line.run(main, "absvit dimensions"))
