"""Vectors of texts by an encoder, computed once: kept in memory, and in the user's cache."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from absvit.words.encoder import Encoder
from stimuli.foundation.fetching import cache_folder
from stimuli.foundation.files import whole

__all__ = ["place_of", "vectors"]

KEPT = 256  # sets of texts in memory
UNIT = 1e-3


def vectors(texts: Sequence[str], encoder: Encoder) -> Tensor:
    """Encode texts, or give what is kept of them.

    Parameters
    ----------
    texts : any, not empty.
    encoder : whose vectors; another one's, by its SHA-256, are none of them.

    Returns
    -------
    (text, number) float32 of unit length.

    Raises
    ------
    ValueError : the encoder gives something else.
    """
    return _kept(tuple(texts), encoder)


def place_of(texts: Sequence[str], encoder: Encoder) -> Path:
    """Give the file in the user's cache that keeps the vectors of texts, whether it is there or not."""
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    return cache_folder() / "words" / encoder.sha256[:16] / f"{digest[:32]}.npy"


@lru_cache(KEPT)
def _kept(texts: tuple[str, ...], encoder: Encoder) -> Tensor:
    place = place_of(texts, encoder)
    try:
        found = torch.from_numpy(np.load(place, allow_pickle=False))
        return _checked(found, texts, encoder)
    except (OSError, ValueError, EOFError, TypeError):
        pass  # not kept, or damaged: made anew
    found = _checked(encoder.embed(texts), texts, encoder).float()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with whole(place, shared=True) as part, open(part, "wb") as file:
            np.save(file, found.numpy(), allow_pickle=False)
    except OSError:
        pass  # a cache that cannot be written only costs time
    return found


def _checked(found: Tensor, texts: tuple[str, ...], encoder: Encoder) -> Tensor:
    fits = isinstance(found, Tensor) and found.ndim == 2 and len(found) == len(texts)
    if not fits or not bool(((found.norm(dim=1) - 1).abs() < UNIT).all()):
        came = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise ValueError(
            f"the encoder {encoder.name} gives {came} for {len(texts)} texts: expected vectors (text, number) "
            "of unit length"
        )
    return found
