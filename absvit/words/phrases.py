"""Texts as people give them: checked, made alike, and cut into words."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["LONGEST", "STOP_WORDS", "bare", "checked", "words_of"]

LONGEST = 100  # words
LONGEST_WORD = 100  # characters
CONTROL = ("Cc", "Cs", "Co", "Cn")  # categories of Unicode: control, surrogate, private, unassigned
TELLS_NOTHING = (
    "a an the this that these those it its he she they them his her their i me my we us our you your who whom which "
    "what whose there here one ones some any all each every both either neither such same other another is are was "
    "were be been being am do does did doing done have has had having will would shall should can could may might "
    "must of to in on at by for from with about into onto over under as than then so too very just only also and or "
    "but if because while when where how why not no nor yes please something anything thing things "
    "somebody someone"
)
STOP_WORDS = frozenset(TELLS_NOTHING.split(" "))
WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


def words_of(text: str) -> list[str]:
    """Give the words of a text, in lower case, in their order."""
    return WORD.findall(text.casefold())


def bare(phrase: str) -> str:
    """Give a name in lower case without its article."""
    return re.sub(r"^(?:an?|the) ", "", phrase.casefold().replace("_", " "))


def checked(text: object) -> str:
    """Give a text with composed letters and single spaces.

    Raises
    ------
    ValueError : it is none, empty, longer than a sentence, holds control characters, or no word that tells.
    """
    if not isinstance(text, str):
        raise ValueError(f"expected a text, got {type(text).__name__}")
    if len(text) > LONGEST * (LONGEST_WORD + 1) or len(text.split()) > LONGEST:
        raise ValueError(f"a sentence has {LONGEST} words at most, got {len(text.split())}: say it shorter")
    wrong = [sign for sign in text if unicodedata.category(sign) in CONTROL and sign not in "\t\n\r"]
    if wrong:
        raise ValueError(f"a text cannot hold the control character {wrong[0]!a}: leave it out")
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    if not plain:
        raise ValueError("the text is empty: say what to look for, such as 'something that flies'")
    if any(len(word) > LONGEST_WORD for word in plain.split()):
        longest = max(map(len, plain.split()))
        raise ValueError(f"a word has {LONGEST_WORD} letters at most, got one of {longest}")
    if all(word in STOP_WORDS for word in words_of(plain)):
        raise ValueError(f"{plain!r} names nothing to look for: say what, such as 'something that flies'")
    return plain
