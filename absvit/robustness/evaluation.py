"""Evaluation of every condition, picture by picture, into one record that can be stopped and goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import dask.array
import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn
from torch.utils.data import Dataset

from absvit.data.loading import loading
from absvit.images import eval_transform
from absvit.models import AbSViT
from absvit.models.perceive import evaluating
from absvit.records import provenance
from absvit.records.fill import fill_chunks
from absvit.records.vocabulary import described
from absvit.robustness.attacks import normalised, pass_logits, perturb
from absvit.robustness.imagenet_c import contents_of
from absvit.robustness.options import SuiteRecordOptions
from absvit.robustness.scores import empty_scores, scores
from absvit.robustness.suites import Condition

__all__ = ["Preprocessing", "evaluate"]

PER_SAMPLE = {
    "predicted": np.int32, "correct": np.int8, "in_top5": np.int8, "loss": np.float32,
    "truth_probability": np.float32, "confidence": np.float32,
}  # fmt: skip
OF_STIMULUS = {
    "condition": np.int16, "shown_suite": np.int16, "shown_severity": np.int8, "picture": np.int32,
    "target": np.int32, "aim": np.int32,
}  # fmt: skip


@dataclass(frozen=True)
class Preprocessing:
    """What pictures go through before the model.

    Parameters
    ----------
    size : height and width of the input in pixels.
    crop_pct, interpolation, mean, std : as in :func:`absvit.images.eval_transform`.
    """

    size: int
    crop_pct: float
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, model: nn.Module) -> Preprocessing:
        """Give a model's own preprocessing; its actual input size counts where it has one."""
        cfg, embed = model.pretrained_cfg, getattr(model, "patch_embed", None)
        size = getattr(embed, "img_size", None) or cfg["input_size"][-2:]
        if size[0] != size[1]:
            raise ValueError(f"expected a model with a square input, got {tuple(size)}")
        crop, interpolation = cfg.get("crop_pct") or 0.875, cfg.get("interpolation") or "bicubic"
        return cls(int(size[0]), crop, interpolation, tuple(cfg["mean"]), tuple(cfg["std"]))

    def transform(self, resize: bool):
        """Function of a picture that gives pixels (channel, y, x) in [0, 1], not normalised."""
        black, one = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
        return eval_transform(self.size, self.crop_pct, self.interpolation, black, one, resize)


def evaluate(
    model: nn.Module,
    shown: Sequence[Condition],
    names: Sequence[str],
    options: SuiteRecordOptions,
    iterations: int = 1,
    facts: dict | None = None,
) -> xr.Dataset:
    """Show every picture under every condition once, whatever the number of processes.

    Parameters
    ----------
    model : any classifier, on the device of the process; left in the mode that it was in.
    shown : the conditions.
    names : names of the model's classes.
    options : where the record goes, and how it is worked off.
    iterations : feedback passes of an AbSViT.
    facts : further parameters and attributes of the record, such as model, checkpoint and its SHA-256.

    Returns
    -------
    The record: per-sample variables (iteration, stimulus), and scores (suite, severity, iteration).

    Raises
    ------
    FileNotFoundError, ValueError : a picture cannot be read or has another size; what is done stays in the
        record.
    """
    pixels, table, device = Preprocessing.of(model), _stimuli(shown), next(model.parameters()).device
    passes = 1 + iterations if isinstance(model, AbSViT) else 1

    def layout() -> xr.Dataset:
        attributes = _attributes(shown, pixels, passes, options, device, facts or {})
        return _layout(table, shown, names, passes, options.chunk).assign_attrs(attributes)

    def values_of(parts: list[slice]) -> Iterator[xr.Dataset]:
        batches = [batch for part in parts for batch in _batches(part, table["condition"], options.batch_size)]
        pictures = _Shown(shown, table, pixels)
        loader = iter(loading(pictures, _collate, options.num_workers, batch_sampler=batches) if batches else ())
        for part in parts:
            values = {name: np.empty((passes, part.stop - part.start), kind) for name, kind in PER_SAMPLE.items()}
            filled = part.start
            while filled < part.stop:
                images, numbers = next(loader)
                condition = shown[table["condition"][numbers[0]]]
                seen = _seen(model, images.to(device), condition, numbers, table, pixels, passes)
                for name, value in seen.items():
                    values[name][:, numbers - part.start] = value
                filled += len(numbers)
            data = {name: (("iteration", "stimulus"), value) for name, value in values.items()}
            yield xr.Dataset(data | {name: ("stimulus", column[part]) for name, column in table.items()})

    with evaluating(model):
        return fill_chunks(options, layout, values_of, partial(_made_of, shown, table), scores)


@torch.no_grad()
def _seen(
    model: nn.Module, images: Tensor, condition: Condition, numbers: np.ndarray, table: dict, pixels, passes: int
) -> dict[str, np.ndarray]:
    """What the model makes of a batch of one condition, in every pass: (iteration, image) by name."""
    among = None if condition.among is None else torch.from_numpy(condition.among).to(images.device)

    def counted_classes(name: str) -> Tensor:
        classes = torch.from_numpy(table[name][numbers].astype(np.int64)).to(images.device)
        return classes if among is None else torch.searchsorted(among, classes)

    counted = counted_classes("target")
    if condition.attack is not None:
        images = perturb(
            model, images, counted if condition.aim is None else counted_classes("aim"), condition.attack, pixels.mean,
            pixels.std, table["picture"][numbers], condition.attack_iteration, among,
        )  # fmt: skip
    logits = pass_logits(model, normalised(images, pixels.mean, pixels.std), passes - 1).float()
    logits = logits if among is None else logits[..., among]
    log_probabilities = logits.log_softmax(-1)
    truth = log_probabilities.gather(-1, counted.expand(passes, -1)[..., None])[..., 0]
    best = logits.topk(min(5, logits.shape[-1]), dim=-1).indices
    predicted = best[..., 0]
    found = {
        "predicted": predicted if among is None else among[predicted],
        "correct": predicted == counted,
        "in_top5": (best == counted[:, None]).any(-1),
        "loss": -truth,
        "truth_probability": truth.exp(),
        "confidence": log_probabilities.max(-1).values.exp(),
    }
    return {name: value.cpu().numpy() for name, value in found.items()}


class _Shown(Dataset):
    """Pictures of all conditions, one after another."""

    def __init__(self, shown: Sequence[Condition], table: dict, pixels: Preprocessing) -> None:
        self.shown, self.condition, self.picture = shown, table["condition"], table["picture"]
        self.transforms = {resize: pixels.transform(resize) for resize in (False, True)}

    def __getitem__(self, number: int) -> tuple[Tensor, int]:
        condition = self.shown[self.condition[number]]
        try:
            picture = condition.pictures.read(int(self.picture[number]))
        except ValueError as error:
            where = condition.suite + (f" at severity {condition.severity}" if condition.severity else "")
            raise ValueError(f"{where}: {error}; mend it, then go on with --resume") from error
        return self.transforms[condition.resize](picture), number


def _collate(rows: list) -> tuple[Tensor, np.ndarray]:
    return torch.stack([image for image, _ in rows]), np.array([number for _, number in rows])


def _batches(part: slice, condition: np.ndarray, size: int) -> Iterator[list[int]]:
    """Numbers of a chunk in batches of one condition each: a function of the chunk, whoever works it off."""
    borders = part.start + 1 + np.flatnonzero(np.diff(condition[part]))
    for run in np.split(np.arange(part.start, part.stop), borders - part.start):
        yield from (run[at : at + size].tolist() for at in range(0, len(run), size))


def _stimuli(shown: Sequence[Condition]) -> dict[str, np.ndarray]:
    """What is known of every stimulus: a picture under a condition."""
    suites = list(dict.fromkeys(condition.suite for condition in shown))
    columns = {
        "condition": [np.full(len(c.labels), k) for k, c in enumerate(shown)],
        "shown_suite": [np.full(len(c.labels), suites.index(c.suite)) for c in shown],
        "shown_severity": [np.full(len(c.labels), c.severity) for c in shown],
        "picture": [np.arange(len(c.labels)) for c in shown],
        "target": [c.labels for c in shown],
    }
    if any(c.aim is not None for c in shown):
        columns["aim"] = [np.full(len(c.labels), -1) if c.aim is None else c.aim for c in shown]
    return {name: np.concatenate(parts).astype(OF_STIMULUS[name]) for name, parts in columns.items()}


def _made_of(shown: Sequence[Condition], table: dict, part: slice) -> str:
    """Digest of the contents of the pictures that a chunk shows, as they are on disk."""
    digest, condition, picture = hashlib.sha256(), table["condition"][part], table["picture"][part]
    for number in np.unique(condition):
        digest.update(contents_of(shown[number].pictures, picture[condition == number]).encode())
    return digest.hexdigest()


def _layout(table: dict, shown: Sequence[Condition], names: Sequence[str], passes: int, chunk: int) -> xr.Dataset:
    """The whole record without its values."""
    n = len(table["target"])
    coordinates = {
        "iteration": np.arange(passes),
        "stimulus": np.arange(n),
        "suite": np.array(list(dict.fromkeys(c.suite for c in shown)), object),
        "severity": np.unique([c.severity for c in shown]),
        "class": np.array(list(names), object),
        **{name: ("stimulus", values) for name, values in table.items()},
    }
    data = {
        name: (("iteration", "stimulus"), dask.array.zeros((passes, n), dtype=kind, chunks=(passes, chunk)))
        for name, kind in PER_SAMPLE.items()
    }
    whole = described(xr.Dataset(data, coordinates))
    return whole.merge(empty_scores(whole))


def _attributes(
    shown: Sequence[Condition],
    pixels: Preprocessing,
    passes: int,
    options: SuiteRecordOptions,
    device: torch.device,
    facts: dict,
) -> dict:
    """Provenance of the record: two runs that go on with each other must have all of it in common."""
    told = [
        {
            "suite": c.suite, "severity": c.severity, "pictures": len(c.labels), "resize": c.resize,
            "fingerprint": c.pictures.fingerprint(), "among": 0 if c.among is None else len(c.among),
            "attack": None if c.attack is None else asdict(c.attack), "attack_iteration": c.attack_iteration,
        }
        for c in shown
    ]  # fmt: skip
    parameters = {"iterations": passes - 1, "batch_size": options.batch_size, "chunk": options.chunk}
    parameters |= {"preprocessing": asdict(pixels), **facts.get("parameters", {})}
    known = {name: value for name, value in facts.items() if name != "parameters"}
    made = provenance("robustness", facts.get("seed", 0), parameters, device.type)
    return made | {"conditions": json.dumps(told)} | known
