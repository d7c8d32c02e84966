"""Turn a PyTorch checkpoint, such as an official one, into safetensors with a card."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated, Literal

import tyro

from stimuli.foundation import command_line
from stimuli.foundation.options import FileOrAddress


@dataclass(frozen=True)
class Conversion:
    """Convert a checkpoint to safetensors and a JSON card, after a strict check against the architecture.

    Example: python -m absvit.convert official.pth absvit_tiny.safetensors --model absvit_tiny_patch16_224

    Parameters
    ----------
    source
        Checkpoint file, or its address.
    out
        File to be written, .safetensors; the card gets the same stem and .json.
    model
        Name of the model that the weights belong to.
    which
        "model", or "ema" for the exponential moving average.
    overwrite
        Replace files that are there already.
    by_position
        The file names its tensors otherwise: take them in their order, each of the model's shape.
    """

    source: Annotated[FileOrAddress, tyro.conf.Positional]
    out: Annotated[Path, tyro.conf.Positional]
    model: str
    which: Literal["model", "ema"] = "model"
    overwrite: bool = False
    by_position: bool = False


def convert(conversion: Conversion) -> dict:
    """Convert a checkpoint, and give the card that was written.

    It holds model, which, source and its SHA-256, parameters, package version, grid of tokens, the model's
    default prior gains, and the epoch and arguments of the training where the source has them.
    """
    from absvit.models import checkpoints, zoo

    out = conversion.out
    present = [str(path) for path in (out, out.with_suffix(".json")) if path.exists()]
    if present and not conversion.overwrite:
        raise ValueError(f"{' and '.join(present)} exists already; choose another name or pass --overwrite")
    model = zoo.create_model(conversion.model)
    checkpoint = checkpoints.read(conversion.source, which=conversion.which)
    weights = checkpoint.state_dict
    weights = checkpoints.by_position(model, weights) if conversion.by_position else weights
    checkpoints.load_into(model, weights, grid=checkpoint.grid)
    card = {
        **checkpoint.card,
        "model": conversion.model,
        "which": conversion.which,
        "source": checkpoint.source,
        "source_sha256": checkpoint.sha256,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "package_version": metadata.version("absvit"),
    }
    if (grid := checkpoints.token_grid(model)) is not None:
        card["grid"] = list(grid)
    if hasattr(model, "prior_gains"):
        card["prior_gains"] = model.prior_gains
    return {**card, "weights_sha256": checkpoints.write(out, weights, card)}


def main(conversion: tyro.conf.OmitArgPrefixes[Conversion]) -> None:
    """Convert a checkpoint and say what was written."""
    card = convert(conversion)
    print(f"{conversion.out}: {card['model']}, {card['parameters']:,} parameters, from {card['source']}")


if __name__ == "__main__":
    sys.exit(command_line.run(main, "absvit convert"))
