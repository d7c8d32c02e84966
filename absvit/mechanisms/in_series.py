"""Mechanisms together: several on one network, one after the other, each told the same prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

from absvit.mechanisms.mechanism import Mechanism, Told
from absvit.models.priors import Prior

if TYPE_CHECKING:
    from absvit.networks.network import Network

__all__ = ["TogetherMechanism", "together"]


@dataclass(frozen=True)
class TogetherMechanism(Mechanism):
    """Each mechanism acts on what those before it leave: on layers, on their pooling, on the answer last.

    It takes the priors that all of them take, and acts where any of them does. Its dose is a factor on
    theirs, so that at a dose of 0 the network gives its own logits; :func:`together` makes one.

    Parameters
    ----------
    mechanisms : which, in order.
    """

    strength: float = 1.0
    mechanisms: tuple[Mechanism, ...] = ()

    @property
    def source(self) -> str:
        """Those of the mechanisms."""
        return "; ".join(each.source for each in self.mechanisms)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of prior that each of them takes."""
        kinds = dict.fromkeys(kind for each in self.mechanisms for kind in each.kinds)
        return tuple(kind for kind in kinds if all({kind, "any"} & {*each.kinds} for each in self.mechanisms))

    @property
    def parameters(self) -> dict[str, object]:
        """The strength, and the name and parameters of each."""
        each = [{"name": of.name, "parameters": of.parameters} for of in self.mechanisms]
        return {"strength": self.strength, "mechanisms": each}

    def acts(self, prior: Prior) -> bool:
        """Say whether any of them acts, at a strength other than 0."""
        return self.strength != 0 and any(each.acts(prior) for each in self.mechanisms)

    def on(self, network: Network) -> Told:
        """Let a network look by all of them."""
        first, *others = map(self._scaled, self.mechanisms)

        def followed(told: Told, each: Mechanism) -> Told:
            return replace(each.after(told), facts=told.facts)

        told = reduce(followed, others, first.on(network))
        return replace(told, mechanism=self, kinds=("learned", *self.kinds))

    def _scaled(self, each: Mechanism) -> Mechanism:
        """One of them at its share of the strength; at 1 as it is, since feedback's may be the model's."""
        own = 1.0 if each.strength is None else each.strength
        return each if self.strength == 1 else replace(each, strength=self.strength * own)


def together(mechanisms: Sequence[Mechanism]) -> TogetherMechanism:
    """Put mechanisms together, in the order in which they act.

    >>> together([MECHANISMS["evidence_gate"], replace(MECHANISMS["decision_bias"], strength=2.0)])

    Raises
    ------
    ValueError : there are fewer than two, or no kind of prior tells all of them; on a network, which of them
        cannot act on what another leaves.
    """
    mechanisms = tuple(mechanisms)
    if len(mechanisms) < 2:
        raise ValueError(f"expected two mechanisms or more to put together, got {len(mechanisms)}")
    names = [each.name for each in mechanisms]
    line = f"{', then '.join(names)}: one after the other, told the same prior"
    found = TogetherMechanism("+".join(names), line, mechanisms=mechanisms)
    if not found.kinds:
        each = "; ".join(f"{of.name} takes {', '.join(of.kinds)}" for of in mechanisms)
        raise ValueError(f"no kind of prior tells all of {found.name} ({each}): choose some that share one")
    return found
