"""Do conditions, categories and pairs of a family follow the trial number, each other, or stay the same over seeds?

For every family and n: what the trial number, another factor, or the same trial of another seed says of a
factor, as the share of right guesses above chance, learned on half of the seeds and tried on the others; the
largest difference of two levels' frequencies in any first n. ``scripts/fault_designs.sh`` prints one table of
it: what was drawn, with how many seeds, the numbers, and which of them is beyond its limit.
"""

import argparse
import sys
import tempfile
from itertools import permutations
from pathlib import Path

import numpy as np
from PIL import Image

from stimuli.families import (
    ambiguous,
    contours,
    crowding,
    cueing,
    cutout_scenes,
    hybrid,
    morph,
    navon,
    objects,
    overlay,
    scenes,
    search,
    single_photographs,
)  # fmt: skip
from stimuli.families import halves as bistable
from stimuli.families.timed import attention_network, change_detection, contextual_search, rsvp
from stimuli.pictures.photographs import Pictures

LIMITS = {"by number": 0.25, "by another": 0.2, "same in two seeds": 0.0, "first factor uneven": 1}  # guesses err
TINY = objects.Objects(size=(32, 32), radius=(0.25, 0.4))
CENTRAL = {"cue": "central", "places": 4, "distractors": 1, "radius": 0.08}
PAIR = ("class 0", "class 1")
FAMILIES = {
    "objects": (objects.draw, TINY, ("class 0",)),
    "pairs": (objects.draw, objects.Objects(size=(32, 32), n_objects=2), PAIR),
    "scenes": (scenes.draw, scenes.Scenes(objects.Objects(size=(32, 32))), ("set_size", *PAIR)),
    "bistable": (bistable.draw, bistable.Halves(objects.Objects(size=(32, 64))), ("side 0", *PAIR)),
    "overlay": (overlay.draw, overlay.Overlay(TINY), ("mix", *PAIR)),
    "hybrid": (hybrid.draw, hybrid.Hybrid(TINY, high=12.0), ("low", *PAIR)),
    "morph": (morph.draw, morph.Morph(TINY, steps=2), ("direction", *PAIR)),
    "ambiguous": (ambiguous.draw, ambiguous.Ambiguous((64, 64)), ("condition", "figure", "version")),
    "cueing": (cueing.draw, cueing.Cueing((64, 64)), ("validity", "target_place", "class 0")),
    "cueing, central": (
        cueing.draw, cueing.Cueing((64, 64), **CENTRAL), ("validity", "target_place", "cue_place", *PAIR),
    ),
    "cueing, none": (
        cueing.draw, cueing.Cueing((64, 64), cue="none", places=4, radius=0.08), ("target_place", "class 0"),
    ),
    "search": (
        search.draw, search.Search((64, 64), set_sizes=(2, 3, 4), radius=0.08),
        ("target", "set_size", "target_form", "target_hue"),
    ),
    "navon": (navon.draw, navon.Navon((64, 64), letters=("H", "S", "T")), ("congruency", *PAIR)),
    "contours": (contours.draw, contours.Contours((64, 64)), ("condition", "figure")),
    "crowding": (crowding.draw, crowding.Crowding((64, 96), radius=0.06), ("spacing", "target_side", *PAIR)),
    "cueing, soas": (
        cueing.draw, cueing.Cueing((64, 64), soas=(0.1, 0.3, 0.8), cue_stays=False),
        ("validity", "target_place", "soa", "class 0"),
    ),
    "rsvp": (rsvp.draw, rsvp.Rsvp((64, 64), lags=(1, 3, 8)), ("t2", "lag", "t2_class", "t1_class", "t1_place")),
    "change_detection": (
        change_detection.draw, change_detection.ChangeDetection((64, 64), set_sizes=(1, 2)),
        ("change", "set_size", "changed_to"),
    ),
    "attention_network": (
        attention_network.draw, attention_network.AttentionNetwork((64, 64)),
        ("congruency", "cue", "answer", "target_place"),
    ),
    "contextual_search": (
        contextual_search.draw, contextual_search.ContextualSearch((64, 64), set_size=3, configurations=3, radius=0.06),
        ("configuration", "configuration_number", "target_direction"),
    ),
}  # fmt: skip


def of_photographs(folder) -> dict:
    """Families that are made of pictures on disk, here small ones of five classes."""
    picture, mask = np.empty((24, 24, 3), np.uint8), np.zeros((24, 24), np.uint8)
    mask[4:20, 4:20] = 255
    for c, k in np.ndindex(5, 8):
        picture[:] = 40 * c, 20 * k, 90
        for place, array in ((f"pictures/n{c}/{k}.png", picture), (f"cut/images/n{c}/{k}.jpg", picture),
                             (f"cut/masks/n{c}/{k}.png", mask)):  # fmt: skip
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(folder / place)
    files = [sorted((folder / "pictures" / f"n{c}").iterdir()) for c in range(5)]

    def of_whole(parameters, n, seed, first=0):
        read = lambda path: np.asarray(Image.open(path))  # noqa: E731
        names = [f"n{c}" for c in range(5)]
        return single_photographs.from_class_folder(files, read, names, parameters, n, seed, first)

    halves = bistable.Halves(objects.Objects(size=(32, 32)), Pictures(folder / "pictures"))
    cut = cutout_scenes.Natural(str(folder / "cut"), (64, 64), enlargement=4)
    return {
        "halves": (bistable.draw, halves, ("side 0", *PAIR)),
        "natural": (cutout_scenes.draw, cut, ("side 0", *PAIR)),
        "whole": (of_whole, single_photographs.WholePhotographs((32, 32)), ("class 0",)),
    }


def levels(stimuli, name: str) -> np.ndarray:
    """A factor's levels, counted from 0; NaN is one."""
    kind, _, k = name.partition(" ")
    values = stimuli[f"object_{kind}"].values[:, int(k)] if k else stimuli[name].values
    return np.unique(values.astype(str), return_inverse=True)[1]


def columns(draw, parameters, names, n: int, seed: int) -> np.ndarray:
    """(factor, stimulus) levels of a family's factors; the first picture of each sequence, where there are any."""
    stimuli = draw(parameters, n, seed)
    if "step" in stimuli:
        stimuli = stimuli.isel(stimulus=stimuli["step"].values == 0)
    return np.array([levels(stimuli, name) for name in names])


def guessed(known: np.ndarray, wanted: np.ndarray) -> float:
    """Share of right guesses (seed, stimulus) above chance, learned on half of the seeds and tried on the others."""
    half, chance = len(known) // 2, np.bincount(wanted.ravel()).max() / wanted.size
    counts = np.zeros((known.max() + 1, wanted.max() + 1))
    np.add.at(counts, (known[:half].ravel(), wanted[:half].ravel()), 1)
    return float((counts.argmax(1)[known[half:]] == wanted[half:]).mean() - chance)


def uneven(drawn: np.ndarray) -> int:
    """Largest difference between how often two levels came in any first n: (seed, stimulus)."""
    running = np.cumsum(drawn[..., None] == np.arange(drawn.max() + 1), axis=1)
    return int((running.max(-1) - running.min(-1)).max())


def measure(family, n: int, seeds: int) -> dict[str, float]:
    """The numbers of one family and n."""
    draw, parameters, names = family
    drawn = np.stack([columns(draw, parameters, names, n, seed) for seed in range(seeds)], axis=1)
    numbers = np.broadcast_to(np.arange(drawn.shape[2]), drawn.shape[1:])
    periods = [k for k in (2, 3, 4, 6, 8, 12, 24) if k <= drawn.shape[2] // 2]
    pairs = [(a, b) for a, b in permutations(range(len(names)), 2) if independent(names[a], names[b])]
    return {
        "by number": max((guessed(numbers % k, column) for column in drawn for k in periods), default=0.0),
        "by another": max((guessed(drawn[a], drawn[b]) for a, b in pairs), default=0.0),
        "same in two seeds": float((drawn[:, 1:] == drawn[:, :-1]).all((0, 2)).mean()),
        "first factor uneven": uneven(drawn[0]),
    }


def beyond(found: dict[str, float]) -> list[str]:
    """Numbers of a family that are beyond their limits, by name."""
    return [name for name, value in found.items() if value > LIMITS[name]]


def independent(one: str, other: str) -> bool:
    """Whether two factors are to say nothing of each other by what they mean."""
    tied = ("class 0", "class 1"), ("validity", "cue_place"), ("target_place", "cue_place"), ("congruency", "class 1")
    return all({one, other} != set(pair) for pair in (*tied, ("spacing", "class 1")))


def main() -> int:
    """Print a row for each family and n; 0 if none is beyond a limit."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seeds", type=int, default=60)
    asked.add_argument("--n", type=int, nargs="+", default=[12, 24, 48, 96])
    words, bad = asked.parse_args(), 0
    with tempfile.TemporaryDirectory() as folder:
        for name, family in {**FAMILIES, **of_photographs(Path(folder))}.items():
            for n in words.n:
                if name == "whole" and n > 40:
                    continue
                found = measure(family, n, words.seeds)
                wrong = beyond(found)
                bad += bool(wrong)
                numbers = "  ".join(f"{key} {value:6.3f}" for key, value in found.items())
                came = f"BEYOND THE LIMIT: {', '.join(wrong)}" if wrong else "balanced"
                print(f"{name:16}n = {n:3}  {words.seeds:4} seeds  {numbers}  {came}", flush=True)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
