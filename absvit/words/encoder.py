"""The contract of an encoder: texts to unit vectors; and which one is taken where none is named."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from torch import Tensor

from absvit.words import ENCODERS

__all__ = ["DEFAULT", "FALLBACK", "Encoder", "encoder_named"]

DEFAULT, FALLBACK = "minilm", "names"


@dataclass(frozen=True)
class Encoder:
    """What turns texts into vectors, near where the texts mean the like. A kind of encoder derives from this.

    Parameters
    ----------
    name : what records and the command line call it.
    line : what it is, in a line.
    """

    name: str
    line: str

    @property
    def sha256(self) -> str:
        """SHA-256, 64 hexadecimal digits, of all that its vectors follow from."""
        raise TypeError(f"{type(self).__name__} must define sha256")

    def embed(self, texts: Sequence[str]) -> Tensor:
        """Encode texts.

        Parameters
        ----------
        texts : any, not empty.

        Returns
        -------
        (text, number) of unit length, the same for a text whatever stands beside it.
        """
        raise TypeError(f"{type(self).__name__} must define embed(texts)")


def encoder_named(name: str | Encoder | None = None) -> Encoder:
    """Give an encoder by its name, or as it is; None for the default, or with a warning its stand-in.

    Raises
    ------
    ValueError : there is none of this name; the nearest is told.
    """
    return ENCODERS.of(_usual() if name is None else name)


@cache
def _usual() -> str:
    """The default where what it needs is installed; said once where it is not."""
    if importlib.util.find_spec("tokenizers") is not None:
        return DEFAULT
    warnings.warn(
        "sentences are matched with names word by word; for an encoder of sentences pip install absvit[words]",
        stacklevel=3,
    )
    return FALLBACK
