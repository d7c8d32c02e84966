"""The corruption-dynamics probe: single objects under corruption, and whether further passes recognise them better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
import xarray as xr

from absvit import AbSViT, perceive, priors
from absvit.images import normalise
from experiments.chunks import fill
from experiments.observers import Observer, class_indices, class_names
from experiments.trials import Stimuli, Store, attributes

__all__ = ["Corrupt", "CorruptionDynamics", "probe"]

Corrupt = Callable[[np.ndarray, str, int, np.random.Generator], np.ndarray]

CONDITIONS = {"none": (0, "none"), "class 1": (1, "class"), "absent class": (-1, "absent class")}
LONG_NAMES = {
    "logits": "logit of each class",
    "model": "observer",
    "seed": "seed of the observer's training",
    "corruption": "what is done to the picture",
    "severity": "strength of the corruption, 1 to 5; 0 is the picture itself",
    "iteration": "pass over the image; 0 is bottom-up",
    "prior": "what the model was asked to look for",
    "cue": "object that the prior cues: 1, 0 = none, -1 = one that is not shown",
    "kind": "kind of prior",
    "stimulus": "number of the stimulus",
    "class": "class of the model",
    "class_1": "class index of the object",
    "class_2": "class index of a second object; -1 = there is none",
    "absent_class": "index of a class that is not shown and cued as a catch trial",
}


@dataclass(frozen=True)
class CorruptionDynamics:
    """Parameters of the probe.

    Parameters
    ----------
    corruptions
        Names of corruptions.
    severities
        Strengths, 0 to 5; 0 is the picture itself.
    iterations
        Feedback passes.
    priors
        Of none, class 1 (the object's own class) and absent class (the catch trials).
    class_gain
        Gain of the class cues; the model's default if left out.
    """

    corruptions: tuple[str, ...] = ("gaussian_noise", "motion_blur", "fog", "jpeg_compression")
    severities: tuple[int, ...] = (0, 1, 3, 5)
    iterations: int = 4
    priors: tuple[str, ...] = tuple(CONDITIONS)
    class_gain: float | None = None

    def __post_init__(self) -> None:
        if self.iterations < 0:
            raise ValueError(f"iterations must be at least 0, got {self.iterations}")
        if not self.severities or not all(severity in range(6) for severity in self.severities):
            raise ValueError(f"severities must be of 0 to 5, got {self.severities}")
        if not self.corruptions:
            raise ValueError("name at least one corruption")
        unknown = [name for name in self.priors if name not in CONDITIONS]
        if unknown or not self.priors:
            raise ValueError(f"priors must be some of {', '.join(CONDITIONS)}; got {self.priors}")


def probe(
    observers: Sequence[Observer],
    stimuli: Stimuli | xr.Dataset,
    parameters: CorruptionDynamics,
    seed: int,
    store: Store,
    corrupt: Corrupt,
    names: Sequence[str],
) -> xr.Dataset:
    """Show corrupted single objects, and write the record.

    Parameters
    ----------
    observers : models of one kind, each label with the same seeds; a plain ViT sees the same in every pass.
    stimuli : stimuli with one object of a class that the models know.
    parameters : corruptions, severities, priors and iterations.
    seed : seed of the corruptions; a stimulus gets the same one in every run and under every prior.
    store : where the record goes.
    corrupt : function of a picture (y, x, channel) uint8, a corruption, a severity 1 to 5 and a generator, that gives
        the corrupted picture.
    names : corruptions that it knows.

    Returns
    -------
    The record, opened lazily: logits ([model, seed,] corruption, severity, iteration, prior, stimulus, class).

    Raises
    ------
    ValueError : an unknown corruption, stimuli of several objects or of unknown classes, or logits that are not finite.
    """
    stimuli = stimuli if isinstance(stimuli, Stimuli) else Stimuli.of(stimuli)
    example = stimuli.part(0, 1)
    unknown = [name for name in parameters.corruptions if name not in names]
    if unknown:
        raise ValueError(f"there is no corruption {unknown[0]!r}; expected some of {', '.join(names)}")
    if example.sizes.get("object") != 1:
        raise ValueError(f"corruption dynamics needs one object a stimulus, got {dict(example.sizes)}")
    if (class_indices(observers[0].model, example.attrs["categories"]) < 0).any():
        raise ValueError(f"{observers[0].label} does not know all classes of the stimuli: choose another model")

    def shown(part: slice) -> xr.Dataset:
        return _show(observers, stimuli.part(part.start, part.stop - part.start), parameters, seed, corrupt)

    provenance = partial(attributes, "corruption dynamics", observers, stimuli, parameters, seed)
    return fill(shown, stimuli.n, provenance, store)


def _show(observers: Sequence[Observer], stimuli: xr.Dataset, parameters, seed: int, corrupt: Corrupt) -> xr.Dataset:
    """Show some stimuli under all corruptions: their part of the record."""
    model, numbers = observers[0].model, stimuli["stimulus"].values
    known = class_indices(model, stimuli.attrs["categories"])
    shown = known[stimuli["object_class"].values[:, 0]]
    absent = np.array([_absent(known, c, seed, number) for c, number in zip(shown, numbers.tolist(), strict=True)])
    looks = {
        "none": priors.LearnedPrior(),
        "class 1": priors.ClassPrior(torch.from_numpy(shown), parameters.class_gain),
        "absent class": priors.ClassPrior(torch.from_numpy(absent), parameters.class_gain),
    }
    chosen = [looks[name] for name in parameters.priors]
    by_corruption = []
    for place, name in enumerate(parameters.corruptions):
        by_severity = []
        for severity in parameters.severities:
            pictures = _corrupted(stimuli, name, place, severity, seed, corrupt)
            by_severity.append([_logits(observer, pictures, chosen, parameters.iterations) for observer in observers])
        by_corruption.append(by_severity)
    labels, seeds = (list(dict.fromkeys(names)) for names in zip(*((o.label, o.seed) for o in observers), strict=True))
    values = np.moveaxis(np.array(by_corruption, np.float32), 2, 0)  # observers first
    values = values.reshape(len(labels), len(seeds), *values.shape[1:])
    finite = np.isfinite(values).all(axis=(0, 1, 2, 3, 4, 5, 7))
    if not finite.all():
        raise ValueError(
            f"logits of stimulus {numbers[~finite][0]} are not finite: check the checkpoint and the picture"
        )
    dims = ("model", "seed", "corruption", "severity", "iteration", "prior", "stimulus", "class")
    conditions = [CONDITIONS[name] for name in parameters.priors]
    dataset = xr.Dataset(
        {"logits": (dims, values)},
        {
            "model": np.array(labels, object),
            "seed": np.array(seeds, np.int64),
            "corruption": np.array(parameters.corruptions, object),
            "severity": np.array(parameters.severities, np.int64),
            "iteration": np.arange(parameters.iterations + 1),
            "prior": np.array(parameters.priors, object),
            "cue": ("prior", np.array([cue for cue, _ in conditions], np.int8)),
            "kind": ("prior", np.array([kind for _, kind in conditions], object)),
            "stimulus": numbers,
            "class": np.array(class_names(model), object),
            "class_1": ("stimulus", shown),
            "class_2": ("stimulus", np.full(len(shown), -1)),
            "absent_class": ("stimulus", absent),
        },
    )
    for name, variable in dataset.variables.items():
        variable.attrs.update(long_name=LONG_NAMES[name], units="1")
    return dataset.squeeze([dim for dim in ("model", "seed") if dataset.sizes[dim] == 1], drop=True)


def _absent(known: np.ndarray, shown: int, seed: int, number: int) -> int:
    """A class of the stimuli that a stimulus does not show."""
    return int(np.random.Generator(np.random.Philox(key=[seed, number])).choice(np.setdiff1d(known, [shown])))


def _corrupted(stimuli: xr.Dataset, name: str, place: int, severity: int, seed: int, corrupt: Corrupt) -> np.ndarray:
    """Pictures (stimulus, y, x, channel) uint8 under a corruption; each has its own random numbers."""
    if severity == 0:
        return stimuli["image"].values
    found = []
    for number, picture in zip(stimuli["stimulus"].values.tolist(), stimuli["image"].values, strict=True):
        generator = np.random.Generator(np.random.Philox(key=[seed, ((place + 1) << 40) + (severity << 36) + number]))
        found.append(corrupt(picture, name, severity, generator))
    return np.stack(found)


def _logits(observer: Observer, pictures: np.ndarray, chosen: Sequence[priors.Prior], iterations: int) -> np.ndarray:
    """Logits (iteration, prior, stimulus, class)."""
    model, cfg = observer.model, observer.model.pretrained_cfg
    images = normalise(pictures, cfg["mean"], cfg["std"]).to(next(model.parameters()).device)
    if isinstance(model, AbSViT):
        return perceive(model, images, chosen, iterations).logits.float().cpu().numpy()
    logits = perceive(model, images, iterations=0).logits
    return logits.expand(iterations + 1, len(chosen), -1, -1).float().cpu().numpy()
