"""The sixteen categories in which people and networks are compared (Geirhos et al. 2018, 2019)."""

from __future__ import annotations

from absvit.models.kind_sets.kind_set import KindSet

__all__ = ["SIXTEEN"]


def _numbers(ranges: str) -> tuple[str, ...]:
    """Numbers of ranges such as "294-297 385"."""
    ends = ([int(end) for end in part.split("-")] for part in ranges.split())
    return tuple(str(number) for first, *last in ends for number in range(first, (last or [first])[0] + 1))


SIXTEEN = KindSet(
    "sixteen",
    "entry-level categories of Geirhos et al. 2018 and 2019, each of the kinds of ImageNet that are of it in WordNet",
    {
        "airplane": _numbers("404"),
        "bear": _numbers("294-297"),
        "bicycle": _numbers("444 671"),
        "bird": _numbers("8 10-16 18-20 22-24 80-83 87-96 98-100 127-133 135-145"),
        "boat": _numbers("472 554 625 814 914"),
        "bottle": _numbers("440 720 737 898-899 901 907"),
        "car": _numbers("436 511 817"),
        "cat": _numbers("281-286"),
        "chair": _numbers("423 559 765 857"),
        "clock": _numbers("409 530 892"),
        "dog": _numbers("152-191 193-203 205-226 228-241 243-250 252-257 259 261-263 265-268"),
        "elephant": _numbers("385-386"),
        "keyboard": _numbers("508 878"),
        "knife": _numbers("499"),
        "oven": _numbers("766"),
        "truck": _numbers("555 569 656 675 717 734 864 867"),
    },
    of_imagenet=True,
)
