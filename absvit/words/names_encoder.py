"""The fallback of an encoder: the words of a text, counted; nothing is known of what they mean."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from absvit.words.encoder import Encoder
from absvit.words.phrases import STOP_WORDS, words_of

__all__ = ["NAMES", "NamesEncoder"]

PLURAL = re.compile(r"(?<=[^su])s$")


@dataclass(frozen=True)
class NamesEncoder(Encoder):
    """A bag of words: each, without a plural's s, has a random direction of its own (Weinberger et al. 2009).

    A phrase is near a kind where they share words: those of its name, or of its description, which mostly
    says what it is a kind of. Texts without words in common are nearly orthogonal.

    Parameters
    ----------
    width : numbers of a vector.
    """

    width: int = 1024

    @property
    def sha256(self) -> str:
        """That of what it does and how wide it is."""
        return hashlib.sha256(f"words without s, signs of SHAKE-256, {self.width}".encode()).hexdigest()

    def embed(self, texts: Sequence[str]) -> Tensor:
        """Encode texts; function words count only where a text has no others."""
        return F.normalize(torch.stack([self._sum(text) for text in texts]), dim=-1)

    def _sum(self, text: str) -> Tensor:
        words = words_of(text) or [text]
        telling = [word for word in words if word not in STOP_WORDS] or words
        return torch.stack([self._direction(PLURAL.sub("", word)) for word in telling]).sum(0)

    def _direction(self, word: str) -> Tensor:
        """Signs (number,) that are always this word's."""
        drawn = hashlib.shake_256(word.encode()).digest(self.width)
        return torch.tensor([1.0 if byte & 1 else -1.0 for byte in drawn])


NAMES = NamesEncoder("names", "words in common with names and descriptions; needs nothing")
