"""What may be looked for in a picture: the kinds that a network sees bottom-up, in all of it and in its parts."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from absvit.networks.network import Network
from absvit.networks.readout import Readout

__all__ = ["Suggestion", "part_probabilities", "suggested"]

PART = 0.25  # of the picture's height and width


@dataclass(frozen=True)
class Suggestion:
    """A kind that may be there.

    Parameters
    ----------
    index : of the class.
    category : its name.
    whole : its probability of the whole picture.
    part : its largest probability of a part; NaN where nothing is known of places.
    at : x and y of that part's centre, as fractions of the picture's width and height; None where there is none.
    """

    index: int
    category: str
    whole: float
    part: float = float("nan")
    at: tuple[float, float] | None = None


def suggested(network: Network, images: Tensor, n: int = 8) -> list[Suggestion]:
    """Suggest what may be looked for in a picture.

    Half are the kinds that are most probable of the whole picture, the others those that are most probable of
    any part: what shares a picture with something else is often seen there alone.

    Parameters
    ----------
    network : who looks, bottom-up.
    images : (1, channel, y, x), normalised, of its size.
    n : how many, at least 1.

    Returns
    -------
    Suggestions, the most probable of the whole or of a part first.
    """
    with torch.no_grad():
        places, logits = network.seen(images)
        whole = logits[0].softmax(-1)
        most = whole.argsort(descending=True).tolist()
        if places is None:
            return [Suggestion(k, network.categories[k], whole[k].item()) for k in most[:n]]
        parts = part_probabilities(network.readout, places)[0]
    best, where = parts.flatten(0, 1).max(0)
    in_parts = best.argsort(descending=True).tolist()
    chosen = list(dict.fromkeys([*most[: -(-n // 2)], *in_parts[:n]]))[:n]
    chosen.sort(key=lambda k: -max(whole[k], best[k]))
    found = [(k, whole[k].item(), best[k].item(), _centre(where[k].item(), parts, network.readout)) for k in chosen]
    return [Suggestion(k, network.categories[k], *about) for k, *about in found]


def _centre(number: int, parts: Tensor, readout: Readout) -> tuple[float, float]:
    """Centre of the part of a number, x and y as fractions of the picture's width and height."""
    down, across = divmod(number, parts.shape[1])
    (rows, columns), (n_down, n_across) = readout.grid, parts.shape[:2]
    return (across + (columns - n_across + 1) / 2) / columns, (down + (rows - n_down + 1) / 2) / rows


def part_probabilities(readout: Readout, places: Tensor) -> Tensor:
    """Probabilities of each part by itself: its places are pooled as those of the picture are.

    Parameters
    ----------
    readout : the network's places and its linear head.
    places : (image, place, channel).

    Returns
    -------
    (image, row, column, class) of parts a quarter as high and wide as the picture, one place apart.
    """
    sides = [max(1, round(PART * side)) for side in readout.grid]
    maps = places.transpose(1, 2).unflatten(2, readout.grid)
    pooled = F.avg_pool2d(maps, sides, stride=1).permute(0, 2, 3, 1)
    return readout.classify(pooled.flatten(0, 2)).softmax(-1).unflatten(0, pooled.shape[:3])
