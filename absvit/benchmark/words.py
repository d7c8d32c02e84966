"""Words: what sentences do to pictures of two halves, where the map from words never saw what they mean."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from absvit.benchmark.hosts import auc, interval
from absvit.images import normalise
from absvit.models import AbSViT, load_model
from absvit.models.class_names import class_indices, class_names
from absvit.models.perceive import perceive
from absvit.models.priors import ClassPrior, Prior, VectorPrior
from absvit.words import WordMap, instruction, meaning, word_map
from absvit.words.encoder import encoder_named
from absvit.words.knowledge import Kinds, texts_of
from absvit.words.regression import fitted
from stimuli.drawing.backgrounds import read_picture
from stimuli.pictures import class_folders
from stimuli.sets.resizing import resized

__all__ = ["Words", "words"]

AT_ONCE, BIAS = 4, 4.0  # pictures; logits of the decision bias


@dataclass(frozen=True)
class Words:
    """Words: halves of two kinds that a map from words never saw, told in words; or given pairs of kinds.

    The kinds are dealt to folds; those of a fold meet each other, and are told by a map of all other folds, whose
    strength and use of the dictionary are chosen on kinds of these alone that are left out in turn.

    Parameters
    ----------
    folder
        Class folder of photographs of kinds that the model knows; the first of each is shown.
    pairs
        CSV file with columns sentence, level, fits, fits_not: one name of a kind that a sentence fits, one that it
        does not. The whole map is told these, instead of folds.
    model
        An AbSViT.
    encoder
        Of texts; the default, if left out.
    folds
        Number of folds.
    n
        Pictures of two halves at most; all, if left out.
    seed
        Of folds, pairs and random directions.
    threads
        CPU threads; 0 leaves torch's choice.
    out
        File for the results as JSON; none is written if left out.
    """

    folder: Path
    pairs: Path | None = None
    model: str = "absvit_lite0"
    encoder: str = ""
    folds: int = 5
    n: int | None = None
    seed: int = 0
    threads: int = 0
    out: Path | None = None


def words(parameters: Words) -> list[dict]:
    """Measure sentences: a row for each kind of them, with 95 % bootstrap intervals over pictures."""
    if parameters.threads:
        torch.set_num_threads(parameters.threads)
    model = load_model(parameters.model)
    known = class_folders.listed(parameters.folder)
    places = class_indices(model, list(known)).tolist()
    files = {place: paths[0] for place, paths in zip(places, known.values(), strict=True) if place >= 0}
    if len(files) < 4 * parameters.folds:
        raise ValueError(f"{parameters.model} knows {len(files)} kinds of {parameters.folder}: expected four a fold")
    measured = _left_out if parameters.pairs is None else _of_pairs
    rows = []
    for row in measured(parameters, model, files):
        rows.append(row)
        print(_line(row), flush=True)
    return rows


def _left_out(parameters: Words, model: AbSViT, files: dict[int, Path]) -> Iterator[dict]:
    """Kinds of each fold under a map of all others."""
    encoder = encoder_named(parameters.encoder or None)
    whole, drawn = word_map(model, encoder).kinds, np.random.default_rng(parameters.seed)
    folds = [fold.tolist() for fold in np.array_split(drawn.permutation(list(files)), parameters.folds)]
    found: dict[str, dict[str, list]] = {}
    for k, fold in enumerate(folds):
        others = [kind for kind in range(len(whole.names)) if kind not in set(fold)]
        told = _told(fitted(whole.some(others), encoder), others, whole, fold, parameters.seed + k)
        n = len(fold) // 2 if parameters.n is None else -(-parameters.n // parameters.folds)
        pairs = np.array(fold[: 2 * (len(fold) // 2)]).reshape(-1, 2)[:n]
        for few in np.array_split(pairs, -(-len(pairs) // AT_ONCE)):
            absent = torch.tensor([fold[(fold.index(pair[1]) + 1) % len(fold)] for pair in few.tolist()])
            images = _pictures(model, files, few.tolist())
            for name, values in _seen(model, images, torch.from_numpy(few), absent, told, fold).items():
                for measure, of in values.items():
                    found.setdefault(name, {}).setdefault(measure, []).append(of.double().numpy())
    for name, values in found.items():
        yield {"told": name} | {measure: interval(np.concatenate(of)) for measure, of in values.items()}


def _told(known: WordMap, others: Sequence[int], whole: Kinds, fold: Sequence[int], seed: int) -> dict[str, Tensor]:
    """Weights (kind of the fold, any kind) of what is told of each kind, by the way of telling it."""
    texts = {level: [of[kind] for kind in fold] for level, of in texts_of(whole.names).items()}
    ways = {"name": texts["name"], "one word": [name.split(", ")[0] for name in texts["name"]]}
    ways |= {level: of for level, of in texts.items() if level != "name"}
    ways["name of another kind"] = texts["name"][2:] + texts["name"][:2]
    weights = {}
    for name, of in ways.items():
        weights[name] = torch.zeros(len(fold), len(whole.names))
        weights[name][:, others] = known.weights(of)
    random = torch.randn(len(fold), len(whole.names), generator=torch.Generator().manual_seed(seed))
    own = F.one_hot(torch.tensor(fold), len(whole.names)).float()
    return {"own class direction": own} | weights | {"random direction": random - random.mean(1, keepdim=True)}


def _pictures(model: AbSViT, files: dict[int, Path], pairs: Sequence[Sequence[int]]) -> Tensor:
    """Images whose left and right halves show two kinds."""
    height, width = model.patch_embed.img_size
    halves = [[resized(read_picture(files[kind]), (height, width // 2)) for kind in pair] for pair in pairs]
    config = model.pretrained_cfg
    return normalise(np.stack([np.concatenate(pair, 1) for pair in halves]), config["mean"], config["std"])


def _seen(
    model: AbSViT, images: Tensor, classes: Tensor, absent: Tensor, told: dict[str, Tensor], fold: Sequence[int]
) -> dict[str, dict[str, Tensor]]:
    """Measures of each picture, by what is told: of its left kind, its right one, and one that is absent."""
    rows = F.normalize(model.get_classifier().weight, dim=1)
    cued = torch.cat([classes.T, absent[None]])
    at = torch.tensor([[fold.index(kind) for kind in of] for of in cued.tolist()])
    priors = [_prior(model, weights[of] @ rows) for weights in told.values() for of in at]
    seen = perceive(model, images, priors)
    logits, weights = (of.unflatten(0, (len(told), 3)) for of in (seen.logits[1], seen.prior_weights[0]))
    inside = _sides(model, len(images))
    found = {}
    for k, name in enumerate(told):
        found[name] = _scores(logits[k], classes, absent)
        places = weights[k, :2, :, -inside.shape[-1] :]
        found[name]["AUC"] = torch.stack([auc(*one) for one in zip(places, inside, strict=True)]).mean(0)
        if name in ("own class direction", "name", "description"):
            known = torch.stack([_positive(told[name][of]) for of in at])
            found[f"decision bias, {name}"] = _scores(seen.logits[0, 0] + BIAS * known, classes, absent)
    return found


def _prior(model: AbSViT, directions: Tensor) -> Prior:
    """Directions (image, channel) at the gain of a class."""
    return VectorPrior(directions, model.prior_gains["class"])


def _positive(weights: Tensor) -> Tensor:
    """Weights (image, kind) above 0 relative to their largest."""
    return weights.clamp(min=0) / weights.amax(1, keepdim=True).clamp(min=1e-9)


def _sides(model: AbSViT, n: int) -> Tensor:
    """Places of the left and of the right half, (side, image, place)."""
    down, across = model.patch_embed.grid_size
    left = (torch.arange(across) < across // 2).expand(n, down, across).flatten(1)
    return torch.stack([left, ~left])


def _scores(logits: Tensor, classes: Tensor, absent: Tensor) -> dict[str, Tensor]:
    """What a cue did, of logits (cue, image, class) under cues for the left kind, the right one, an absent one."""
    by = logits.softmax(-1)
    own = by[:2].gather(-1, classes.T[..., None])[..., 0]
    other = by[:2].gather(-1, classes.T.flip(0)[..., None])[..., 0]
    won = own > other
    return {
        "selection": won.double().mean(0),
        "both decide": won.all(0).double(),
        "p cued": own.mean(0),
        "absent p": by[2].gather(-1, absent[:, None])[:, 0],
        "absent named": (by[2].argmax(-1) == absent).double(),
    }


def _of_pairs(parameters: Words, model: AbSViT, files: dict[int, Path]) -> Iterator[dict]:
    """Sentences of a file over pairs of kinds of which one fits, by the level of the sentence."""
    with parameters.pairs.open(encoding="utf-8", newline="") as file:
        asked = list(csv.DictReader(file))
    names = {name: place for place, name in enumerate(class_names(model))}
    for row in asked:
        if unknown := [row.get(of) for of in ("fits", "fits_not") if names.get(row.get(of)) not in files]:
            raise ValueError(
                f"{parameters.pairs} names {unknown[0]!r}, which is no kind that {parameters.folder} shows"
            )
    encoder = parameters.encoder or None
    found: dict[str, list[dict]] = {}
    for k, row in enumerate(asked[: parameters.n]):
        pair = [names[row[of]] for of in ("fits", "fits_not")][:: 1 if k % 2 == 0 else -1]
        fits, other = names[row["fits"]], names[row["fits_not"]]
        told = instruction(row["sentence"], encoder=encoder)
        seen = perceive(model, _pictures(model, files, [pair]), [told, ClassPrior(fits)])
        places = seen.prior_weights[0, :, 0, -_sides(model, 1).shape[-1] :]
        side = _sides(model, 2)[k % 2]
        meant = [meaning(phrase, model, encoder) for phrase in told.reading.phrases]
        wins = [bool(of[fits] > of[other]) for of in (seen.logits[1, 0, 0], seen.logits[1, 1, 0], seen.logits[0, 0, 0])]
        area = auc(places, side)
        values = [*wins, *area.tolist(), min(of.confidence for of in meant), any(of.doubtful for of in meant)]
        found.setdefault(row["level"], []).append(dict(zip(MEASURED, map(float, values), strict=True)))
    for level, rows in found.items():
        cells = {name: interval(np.array([row[name] for row in rows])) for name in MEASURED}
        yield {"told": level, "n": len(rows)} | cells


MEASURED = ("fitting wins", "own class wins", "bottom-up", "AUC", "own AUC", "confidence", "doubtful")


def _line(row: dict) -> str:
    cells = {name: (cell["value"], *cell["interval"]) for name, cell in row.items() if isinstance(cell, dict)}
    text = [f"{name} {value:.3f} [{low:.3f}, {high:.3f}]" for name, (value, low, high) in cells.items()]
    return f"{row['told']:32} " + "; ".join(text)
