"""A design of an experiment, and the lists of trials that it gives to participants.

Items are counterbalanced over conditions as in studies of words (Latin-square lists; Clark 1973, Raaijmakers,
Schrijnemakers and Gremmen 1999): nobody meets an item under two conditions unless items are repeated, and
over the lists each item is shown under each condition equally often.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from stimuli.designs.listing import FIRST, block_orders, ordered, plan_of, shares, turns, unordered
from stimuli.foundation.design import crossed, generator, unbalanced

__all__ = ["Design"]

STREAM = 60  # of what is drawn for lists; 48 is that of the orders of sets


@dataclass(frozen=True)
class Design:
    """What participants go through: factors, repeats, blocks, and what the order has to keep to.

    Parameters
    ----------
    within
        Levels by factor that every participant meets, crossed with each other and with the items' factors.
    between
        Levels by factor of which a participant has one throughout.
    repeats
        Times that a participant sees an item, each time under another combination of the levels within as
        long as there are any; as many as combinations for every item under each of them.
    trials
        Different items in a participant's test; None for all. Others go to other participants.
    in_a_row
        Largest number of trials in a row with the same level: of factors within, of factors of the items, and
        of the right answer ("answer"). The same item never comes twice in a row.
    blocked
        Factors within that stay the same throughout a block.
    blocks
        Blocks of the test, with breaks between them; of each combination of blocked levels, where there are.
    order
        Order of blocked levels: rows of a Williams square over the participants, or each one's own at random.
    keys
        Which key means which option: rows of a Latin square over the participants, or the same for all.
    practice, catch
        Trials of practice before the test, and trials in its course that are there to see whether
        participants attend. Their items are those that say so in their column ``phase``; without that column
        the last ones, first ``practice``, then ``catch``, which are then none of the test's.

    Examples
    --------
    >>> from stimuli.designs import Design
    >>> sides = Design(within={"instruction": ("attend left", "attend right")}, practice=4)
    >>> sides.repeats
    1
    """

    within: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    between: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    repeats: int = 1
    trials: int | None = None
    in_a_row: Mapping[str, int] = field(default_factory=dict)
    blocked: tuple[str, ...] = ()
    blocks: int = 1
    order: Literal["latin", "shuffled"] = "latin"
    keys: Literal["latin", "fixed"] = "latin"
    practice: int = 0
    catch: int = 0

    def __post_init__(self) -> None:
        for name, levels in (*self.within.items(), *self.between.items()):
            if not levels or len(set(levels)) < len(levels) or isinstance(levels, str):
                raise ValueError(f"the factor {name!r} needs one or more different levels, got {levels!r}")
        if twice := {*self.within} & {*self.between}:
            raise ValueError(f"a factor is within or between participants, {min(twice)!r} is told as both")
        if strange := [name for name in self.blocked if name not in self.within]:
            raise ValueError(f"blocked factors are of {', '.join(self.within) or 'those within'}, got {strange[0]!r}")
        least = {"repeats": 1, "blocks": 1, "practice": 0, "catch": 0, "trials": 1}
        for name, bound in least.items():
            if (value := getattr(self, name)) is not None and value < bound:
                raise ValueError(f"{name} must be at least {bound}, got {value}")
        for name, limit in self.in_a_row.items():
            if name in (*self.blocked, *self.between):
                raise ValueError(f"{name!r} stays the same throughout a block: leave it out of in_a_row")
            if limit < 1:
                raise ValueError(f"in_a_row is at least 1 trial of a level, got {limit} of {name!r}")
        for name, known in (("order", ("latin", "shuffled")), ("keys", ("latin", "fixed"))):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be {' or '.join(known)}, got {getattr(self, name)!r}")

    def lists(
        self,
        items: pd.DataFrame,
        participants: int,
        seed: int = 0,
        keys: Sequence[str] = (),
        answer: Callable[[pd.DataFrame], Iterable[str]] | None = None,
        nearly: bool = False,
    ) -> pd.DataFrame:
        """Make the lists of trials of participants.

        Parameters
        ----------
        items : a row an item: ``item``, its factors, and where it is to say so itself ``phase``, which it is for;
            ``block``, in which it comes; and ``answer``, the right one. Factors that come first are balanced
            best; those with many levels, such as places in pixels, are carried along.
        participants : number of lists, at least 1.
        seed : of everything that is drawn, 0 to 2**64 - 1; the same seed gives the same lists, byte for byte.
        keys : of the response, whose order is balanced over the lists.
        answer : function of trials that gives the right answer to each, where that is no matter of the item.
        nearly : whether levels may come once more or less often where numbers do not allow that they come
            equally often; else they are refused.

        Returns
        -------
        DataFrame, a row a trial: list (from 1), block (from 1, practice is one), phase, trial (from 1
            in each list), item, the factors within and between, those of the items, answer, and key_order, for
            :func:`stimuli.designs.key_map`.

        Raises
        ------
        ValueError : the lists cannot be balanced, or no order keeps to ``in_a_row``; it says what can be
            changed.
        """
        if participants < 1:
            raise ValueError(f"participants must be at least 1, got {participants}")
        plan = plan_of(self, items, generator(seed, STREAM, 0))
        if not nearly:
            self.check(len(items))
        counts = self._kinds(int((plan.phase == "test").sum()), len(keys))
        kinds = crossed(np.arange(participants), counts.values(), seed, STREAM).tolist()
        randoms = [generator(seed, STREAM, 1 + number) for number in range(participants)]
        numbered = [
            unordered(plan, kind, random).assign(list=1 + number)
            for number, (kind, random) in enumerate(zip(kinds, randoms, strict=True))
        ]
        trials = plan.shown(pd.concat(numbered, ignore_index=True))
        if answer is not None:
            trials["answer"] = np.asarray(list(answer(trials)), object)
        limits = dict(self.in_a_row) | ({"item": 1} if self.repeats > 1 else {})
        _check_limits(limits, trials)
        rows = np.split(trials.index.to_numpy(), np.flatnonzero(np.diff(trials["list"])) + 1)
        orders = [own[ordered(trials.iloc[own], limits, random)] for own, random in zip(rows, randoms, strict=True)]
        places = np.concatenate([1 + np.arange(len(own)) for own in rows])
        table = trials.iloc[np.concatenate(orders)].reset_index(drop=True).assign(trial=places)
        last = [name for name in ("answer", "key_order") if name in table]
        first = [*FIRST, *self.within, *self.between]
        return table[[*first, *table.columns.drop([*first, *last]), *last]]

    def uneven(self, n_items: int, participants: int | None = None, n_keys: int = 0) -> str:
        """Say what so many items, or participants, leave unbalanced, and the nearest that do not.

        Parameters
        ----------
        n_items : those of practice and catch trials included.
        participants : number of lists; not looked at if left out.
        n_keys : keys of the response.

        Returns
        -------
        One sentence; "" where nothing is.
        """
        aside, most = self.practice + self.catch, self.trials or 0
        step = self._step()
        n = n_items - aside
        if most % step:
            near = _nearest(most, step)
            return f"trials = {most} cannot have {self._told(step)}; the nearest numbers are {near}"
        step = most or step
        if n < 1 or n % step:
            own = f" ({aside} of them for practice and catch trials)" if aside else ""
            near = _nearest(n, step, aside)
            return f"{n_items} items{own} cannot give {self._told(step)}; the nearest numbers of items are {near}"
        if participants is None:
            return ""
        said = unbalanced(participants, self._kinds(n, n_keys))
        return said.replace("n = ", "participants = ", 1).replace("nearest n ", "nearest number ", 1)

    def check(self, n_items: int, participants: int | None = None, n_keys: int = 0) -> None:
        """Refuse (ValueError) numbers that leave something unbalanced, in the sentence of :meth:`uneven`."""
        if said := self.uneven(n_items, participants, n_keys):
            raise ValueError(said)

    def _step(self) -> int:
        """Number that the items of a test are a multiple of, for every combination in every block equally often."""
        size = math.prod(map(len, self.within.values())) * self.blocks
        return size // math.gcd(size, self.repeats)

    def _told(self, step: int) -> str:
        """What cannot be had of items."""
        parts = [f"{len(levels)} {name}" for name, levels in self.within.items()]
        parts += [f"{self.blocks} blocks"] if self.blocks > 1 else []
        parts += [f"{self.trials} trials a participant"] if self.trials else []
        return f"{' x '.join(parts) or 'trials'} equally often (a multiple of {step} in the test)"

    def _kinds(self, n_test: int, n_keys: int) -> dict[str, int]:
        """Levels by name of what lists differ in but order, as ``crossed`` takes them."""
        return {
            "item lists": turns(self) * shares(self, n_test),
            **{name: len(levels) for name, levels in self.between.items()},
            "key orders": n_keys if n_keys and self.keys == "latin" else 1,
            "block orders": len(block_orders(self)),
        }


def _check_limits(limits: Mapping[str, int], trials: pd.DataFrame) -> None:
    """Refuse limits of what is no factor of the trials."""
    if strange := [name for name in limits if name not in trials]:
        near = difflib.get_close_matches(strange[0], map(str, trials.columns), 1, 0.5)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"in_a_row is about factors of the trials, which have no {strange[0]!r}{meant}")


def _nearest(n: int, step: int, aside: int = 0) -> str:
    """The multiples of a number on either side, or the first, with what comes beside."""
    below = max(0, n // step * step)
    return " and ".join(str(size + aside) for size in (below, below + step) if size)
