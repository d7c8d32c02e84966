"""What every encoder promises, tried on a few texts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import torch

from absvit.words import ENCODERS
from absvit.words.encoder import Encoder

__all__ = ["check_encoder"]

TEXTS = ("a dog", "something that flies", "a photograph of a violin in a window, at night", "xqzt", "a dog")
TOLERANCE = 1e-3  # of a length, and of a text among others, whose sums may come in another order


def check_encoder(encoder: Encoder | str) -> None:
    """Try what an encoder promises: texts to unit vectors, each by itself and each time, and a hash.

    Parameters
    ----------
    encoder : or the name of one that a package declares.

    Raises
    ------
    ValueError : a promise is not kept; one sentence says which.
    """
    encoder = ENCODERS.of(encoder)
    for broken in _faults(encoder):
        raise ValueError(f"the encoder {encoder.name!r} {broken}")


def _faults(encoder: Encoder) -> Iterator[str]:
    """What is wrong with an encoder, one sentence after the other; what comes later needs what comes before."""
    if not encoder.line or "\n" in encoder.line:
        yield f"says {encoder.line!r} of what it is: give one line"
    if not (isinstance(encoder.sha256, str) and re.fullmatch("[0-9a-f]{64}", encoder.sha256)):
        yield f"has a sha256 of {encoder.sha256!r}: give 64 hexadecimal digits of all that its vectors follow from"

    found = encoder.embed(TEXTS)
    if not isinstance(found, torch.Tensor) or found.ndim != 2 or len(found) != len(TEXTS):
        came = tuple(found.shape) if isinstance(found, torch.Tensor) else type(found).__name__
        yield f"gives {came} for {len(TEXTS)} texts: expected (text, number)"
    if found.requires_grad or not found.is_floating_point() or not torch.isfinite(found).all():
        yield "gives numbers that are not finite, or carry gradients: give plain floating-point ones"
    if ((found.norm(dim=1) - 1).abs() > TOLERANCE).any():
        yield "gives vectors of another length than 1: normalise them"
    alone = torch.cat([encoder.embed([text]) for text in TEXTS])
    if alone.shape != found.shape or (alone - found).abs().max() > TOLERANCE:
        yield "gives a text another vector beside others: encode each by itself"
    if not torch.equal(encoder.embed(TEXTS), found):
        yield "gives other vectors when it is asked again: draw nothing at random"
    if (found[0] - found[1]).abs().max() < TOLERANCE:
        yield "gives the same vector to different texts"
