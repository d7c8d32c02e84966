"""A dictionary of things: how WordNet describes the 21,843 kinds of ImageNet, as timm lists them.

A word that no class is called by may stand in it, and its description says in other words what it is.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

from timm.data import ImageNetInfo

from absvit.words.phrases import bare

__all__ = ["described"]

EVERY_KIND = "imagenet-21k-goog"


def described(phrase: str) -> tuple[str, ...]:
    """Give the descriptions of what a phrase is a name of.

    Parameters
    ----------
    phrase : a name, with or without an article, or several synonyms with commas between them.

    Returns
    -------
    One description for each sense; of several synonyms, for each sense that shares most of them. None where
    the phrase is no entry.
    """
    entries, descriptions = _read()
    senses = Counter(sense for word in dict.fromkeys(bare(phrase).split(", ")) for sense in entries.get(word, ()))
    most = max(senses.values(), default=0)
    return tuple(descriptions[sense] for sense, shared in senses.items() if shared == most)


@cache
def _read() -> tuple[dict[str, list[int]], list[str]]:
    """Senses of each word, by their places among the descriptions."""
    info = ImageNetInfo(EVERY_KIND)
    entries: dict[str, list[int]] = {}
    whole, names = (info.label_descriptions(detailed=detailed) for detailed in (True, False))
    for sense, name in enumerate(names):
        for word in dict.fromkeys(bare(name).split(", ")):
            entries.setdefault(word, []).append(sense)
    return entries, [text.removeprefix(f"{name}: ") for text, name in zip(whole, names, strict=True)]
