"""The small grammar of instructions: what of a sentence is a place, what is to be ignored, and what is left.

::

    sentence = clause {separator clause}
    clause   = [opening] [negation] (phrase [place] | place)
    opening  = look for | look at | search for | find | attend to | watch | watch for   (please before it)
    negation = ignore | not | avoid                   the complement of the clause's weights
    place    = (on | at | in | to | towards) [the] where [half | side | part | edge | corner] [of the picture]
             | everywhere | anywhere              a place without a phrase needs no "on"
    where    = left | right | top | bottom | upper | lower | centre | center | middle
             | top left | upper right ... | corners
    separator = ";" or ","  or  "and", "but" before a negation; "and", "but", "," before a place of its own

A phrase is whatever remains. What stands in double quotes is a phrase as it is: ``"a top hat" on the left``.
A sentence with a word of place or negation that this does not cover is refused, and so are places that exclude
each other; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from absvit.words.phrases import checked, words_of

__all__ = ["Clause", "Reading", "reading"]

EXCLUDING = ({"left", "right"}, {"top", "bottom"})
ALIKE = {"upper": "top", "lower": "bottom", "center": "centre", "middle": "centre", "anywhere": "everywhere"}
_SIDE, _LEVEL = r"(?:left|right)", r"(?:top|bottom|upper|lower)"
_WHERE = rf"(?:{_LEVEL}[ -]{_SIDE}|{_SIDE}|{_LEVEL}|centre|center|middle|corners)"
_OF = r"(?: of the (?:picture|image|photograph|photo|screen|display|scene))?"
_IN = r"(?:on|at|in|to|towards) "
_PLACE = rf"(?:the )?(?P<where>{_WHERE})(?: (?:half|side|part|edge|corner))?{_OF}"
PLACE = re.compile(rf"(?:(?:^(?:{_IN})?|\s{_IN}){_PLACE}|(?:^|\s)(?P<any>everywhere|anywhere))$")
_PLACE_ALONE = rf"(?:{_IN})?(?:the )?(?:{_WHERE}|everywhere|anywhere)"
OPENING = re.compile(r"^(?:please )?(?:look for|look at|search for|find|attend to|watch for|watch)(?: |$)")
NEGATION = re.compile(r"^(?:ignore|not|avoid)(?: |$)")
SEPARATOR = re.compile(
    r"\s*;\s*|\s*,\s*(?:(?:and|but) )?"
    rf"| (?:and|but) (?=(?:ignore|not|avoid) )| (?:and|but) (?={_PLACE_ALONE}\b)"
)
NOT_READ = {
    "left": "place", "right": "place", "top": "place", "bottom": "place", "upper": "place", "lower": "place",
    "centre": "place", "center": "place", "middle": "place", "corner": "place", "corners": "place",
    "everywhere": "place", "anywhere": "place", "nowhere": "place", "above": "place", "below": "place",
    "beside": "place", "behind": "place", "between": "place",
    "not": "negation", "no": "negation", "never": "negation", "without": "negation", "except": "negation",
    "ignore": "negation", "avoid": "negation", "neither": "negation", "nor": "negation",
    "nothing": "negation", "none": "negation", "nobody": "negation", "cannot": "negation",
}  # fmt: skip
QUOTED = re.compile(r'"([^"]*)"')
MARK = "\ue000{}\ue001"
MARKED = re.compile("\ue000(\\d+)\ue001")


@dataclass(frozen=True)
class Clause:
    """One part of a sentence.

    Parameters
    ----------
    phrase : what to look for; "" where a place alone is meant.
    place : words of ``absvit.words.places.REGIONS``, such as ("top", "left"); () for none.
    ignored : whether all this is to be ignored.
    """

    phrase: str
    place: tuple[str, ...] = ()
    ignored: bool = False

    def __str__(self) -> str:
        what = [f'"{self.phrase}"'] if self.phrase else []
        where = [f"the place {' '.join(self.place)}"] if self.place else []
        return ("all but " if self.ignored else "") + " at ".join(what + where)


@dataclass(frozen=True)
class Reading:
    """How a sentence was read; ``str`` says it.

    Parameters
    ----------
    sentence : as it was given, with composed letters and single spaces.
    clauses : its parts, whose weights multiply.
    """

    sentence: str
    clauses: tuple[Clause, ...]

    def __str__(self) -> str:
        return " x ".join(map(str, self.clauses))

    @property
    def phrases(self) -> tuple[str, ...]:
        """Its phrases, each of which says what something looks like."""
        return tuple(clause.phrase for clause in self.clauses if clause.phrase)


def reading(sentence: str) -> Reading:
    """Read a sentence.

    Parameters
    ----------
    sentence : such as "the dog on the left, not the cat".

    Raises
    ------
    ValueError : it is no sentence, or the grammar of this module does not cover it; says what was not read.
    """
    plain = checked(sentence)
    quoted: list[str] = []

    def put_aside(match: re.Match) -> str:
        quoted.append(checked(match[1]))
        return MARK.format(len(quoted) - 1)

    marked = QUOTED.sub(put_aside, plain.rstrip(" .!"))
    clauses = tuple(_clause(part, plain, quoted) for part in SEPARATOR.split(marked))
    _check_places(clauses, plain)
    return Reading(plain, clauses)


def _clause(part: str, sentence: str, quoted: Sequence[str]) -> Clause:
    low = OPENING.sub("", part.strip().lower()).strip()  # lower case, as encoders of sentences read them
    ignored = NEGATION.match(low) is not None
    low = NEGATION.sub("", low).strip()
    found, place = PLACE.search(low), ()
    if found:
        low, said = low[: found.start()].strip(), found["where"] or found["any"]
        place = tuple(ALIKE.get(word, word) for word in re.split(r"[ -]", said))
    if not low and not place:
        raise ValueError(f"a part of {sentence!r} says nothing: leave out its comma, or say what to look for")
    for word in words_of(MARKED.sub(" ", low)):
        if word in NOT_READ or word.endswith("n't"):
            kind = NOT_READ.get(word, "negation")
            raise ValueError(
                f"cannot read {word!r} in {sentence!r} as a {kind}: places stand at the end of a phrase, "
                "as in 'the dog on the left', 'not' and 'ignore' before one; a phrase in double quotes stays as it is"
            )
    phrase = MARKED.sub(lambda mark: quoted[int(mark[1])], low)
    return Clause(checked(phrase) if phrase else "", place, ignored)


def _check_places(clauses: Sequence[Clause], sentence: str) -> None:
    """Refuse places that exclude each other: a product of them would leave nothing."""
    where = {word for clause in clauses if not clause.ignored for word in clause.place}
    for pair in EXCLUDING:
        if pair <= where:
            one, other = sorted(pair)
            asked = f"{sentence!r} asks for {one} and {other}"
            raise ValueError(f"{asked}, whose product is nothing: name one place")
