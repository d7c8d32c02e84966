"""Instructions: a sentence as a product of priors, with what it was taken for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from absvit.models.priors import Prior, ProductPrior
from absvit.words.encoder import Encoder
from absvit.words.grammar import Clause, Reading, reading
from absvit.words.places import ComplementPrior, RegionPrior
from absvit.words.text_prior import TextPrior

__all__ = ["InstructionPrior", "instruction"]


@dataclass(frozen=True, eq=False)
class InstructionPrior(ProductPrior):
    """A product of priors that a sentence asks for.

    Parameters
    ----------
    reading : how the sentence was read; ``str`` says it.
    """

    reading: Reading

    @property
    def label(self) -> str:
        """The sentence."""
        return f'"{self.reading.sentence}"'

    def for_images(self, chosen: slice) -> InstructionPrior:
        """The same sentence, for some images."""
        return replace(self, factors=tuple(factor.for_images(chosen) for factor in self.factors))


def instruction(
    sentence: str,
    gain: float | None = None,
    sharpness: float | None = None,
    encoder: str | Encoder | None = None,
) -> InstructionPrior:
    """Make priors of a sentence, such as "the dog on the left": its phrases times its places.

    Parameters
    ----------
    sentence : of the grammar of ``absvit.words.grammar``: places (left, right, top, bottom, centre, corners,
        everywhere), "ignore ..." and "not ..." for the complement of what follows; the rest is what to look
        for.
    gain : factor on the weights of each of its phrases, and of what it leaves; None for the model's defaults.
    sharpness : of its phrases, and of what is left of those to ignore; None for the model's own.
    encoder : of its phrases, or its name; None for the default.

    Returns
    -------
    A prior that composes with all others; its ``reading`` says how the sentence was read.

    Raises
    ------
    ValueError : the grammar does not cover the sentence; says what was not read.

    Examples
    --------
    >>> asked = priors.instruction("the ring on the left")
    >>> asked.reading.clauses[0].place
    ('left',)
    """
    read = reading(sentence)
    return InstructionPrior(tuple(_prior(clause, gain, sharpness, encoder) for clause in read.clauses), read)


def _prior(clause: Clause, gain: float | None, sharpness: float | None, encoder: str | Encoder | None) -> Prior:
    """The prior of a clause."""
    sharp = 1 if clause.ignored else sharpness  # what is left is made sharp instead
    what = [TextPrior(clause.phrase, gain, sharp, encoder)] if clause.phrase else []
    where = [RegionPrior(clause.place)] if clause.place else []
    factors = (*what, *where)
    prior = factors[0] if len(factors) == 1 else ProductPrior(factors)
    return ComplementPrior(prior, gain, sharpness) if clause.ignored else prior
