"""What was learnt of dimensions, in a small file with its card."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from absvit.models.checkpoints import check_finite
from absvit.models.priors import DimensionPrior
from stimuli.foundation.files import write_whole

__all__ = ["Dimensions", "read_dimensions", "write_dimensions"]

POLES = {"shape": 1.0, "texture": -1.0}
DIRECTION, TUNING = "direction", "tuning."


@dataclass(frozen=True, eq=False)
class Dimensions:
    """Shape and texture, the two ends of one dimension, as a network tells them.

    Parameters
    ----------
    direction : (channel,) mean of places' features in pictures of shape alone, less that of texture alone.
    tunings : by layer, (channel,): how much rather a channel keeps telling pictures apart by their shape than
        by their texture, z-scored over the channels.
    card : what it was learnt from: model, weights, pictures with digest, versions, seed.
    """

    direction: Tensor
    tunings: Mapping[str, Tensor]
    card: Mapping[str, object]

    def prior(self, name: str, gain: float | None = None) -> DimensionPrior:
        """Give the prior that attends to one of them.

        Parameters
        ----------
        name : "shape" or "texture".
        gain : of the prior.

        Raises
        ------
        ValueError : there is no such dimension.
        """
        if name not in POLES:
            raise ValueError(f"dimensions are {' and '.join(POLES)}, got {name!r}")
        sign = POLES[name]
        tunings = {layer: sign * of for layer, of in self.tunings.items()}
        return DimensionPrior(sign * self.direction, gain, dimension=name, tunings=tunings)

    def shuffled(self, seed: int) -> Dimensions:
        """Give the control: what was learnt of each channel is given to another at random."""
        generator = torch.Generator().manual_seed(seed)

        def dealt(values: Tensor) -> Tensor:
            return values[torch.randperm(len(values), generator=generator)]

        tunings = {layer: dealt(of) for layer, of in self.tunings.items()}
        return Dimensions(dealt(self.direction), tunings, {**self.card, "shuffled": seed})


def write_dimensions(dimensions: Dimensions, path: str | os.PathLike) -> Path:
    """Write them as safetensors, the card inside.

    Raises
    ------
    ValueError : the name does not end in .safetensors.
    """
    path = Path(path)
    if path.suffix != ".safetensors":
        raise ValueError(f"expected a file name that ends in .safetensors, got {path}")
    tensors = {TUNING + name: of for name, of in dimensions.tunings.items()} | {DIRECTION: dimensions.direction}
    whole = {name: tensor.cpu().clone() for name, tensor in tensors.items()}
    write_whole(path, save(whole, {"card": json.dumps(dict(dimensions.card))}))
    return path


def read_dimensions(path: str | os.PathLike) -> Dimensions:
    """Read what :func:`write_dimensions` wrote.

    Raises
    ------
    FileNotFoundError : there is no such file.
    ValueError : it holds something else.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no dimensions at {path}: learn them, python -m absvit.dimensions --help")
    try:
        with safe_open(path, "pt") as file:
            card = json.loads((file.metadata() or {}).get("card", "null"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  it is no mapping
    except SafetensorError as error:
        raise ValueError(f"cannot read {path} as safetensors: {error}") from error
    tunings = {name.removeprefix(TUNING): of for name, of in tensors.items() if name.startswith(TUNING)}
    if not isinstance(card, dict) or DIRECTION not in tensors or len(tunings) + 1 != len(tensors):
        raise ValueError(f"{path} holds no dimensions: expected what python -m absvit.dimensions writes")
    check_finite(tensors, str(path))
    return Dimensions(tensors[DIRECTION], tunings, card)
