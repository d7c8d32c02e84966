"""The corruption-dynamics probe: single objects under corruption, and whether further passes recognise them better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr

from absvit import perceive
from absvit.images import normalise
from absvit.records.fill import Store, fill
from experiments import cues
from experiments.demands import check_classes, check_variables
from experiments.observers import Observer, class_names
from experiments.probe import Condition, Stimuli, Trial
from experiments.show import attributes, by_gain, priors_of, trial_of

__all__ = ["Corrupt", "CorruptionDynamics", "GeneratorFor", "conditions", "probe"]

Corrupt = Callable[[np.ndarray, str, int, np.random.Generator], np.ndarray]
GeneratorFor = Callable[[int, str, int, str], np.random.Generator]

LONG_NAMES = {
    "logits": "logit of each class",
    "model": "observer",
    "seed": "seed of the observer's training",
    "gain": "factor on the weights of the cues",
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
class CorruptionDynamics(cues.Cues):
    """Parameters of the probe.

    Parameters
    ----------
    corruptions
        Names of corruptions.
    severities
        Strengths, 0 to 5; 0 is the picture itself.
    """

    iterations: int = 4
    corruptions: tuple[str, ...] = ("gaussian_noise", "motion_blur", "fog", "jpeg_compression")
    severities: tuple[int, ...] = (0, 1, 3, 5)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.severities or not all(severity in range(6) for severity in self.severities):
            raise ValueError(f"severities must be of 0 to 5, got {self.severities}")
        if not self.corruptions:
            raise ValueError("name at least one corruption")
        for name in ("corruptions", "severities"):
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                raise ValueError(f"{name} must differ from each other, got {getattr(self, name)}")


def conditions() -> list[Condition]:
    """List the priors: no cue, the object's own class, a class that is not shown, and the controls."""
    own = partial(cues.class_cue, "class_1")
    return [
        Condition("none", 0, "none", cues.learned),
        Condition("class 1", 1, "class", own),
        Condition("absent class", -1, "absent class", partial(cues.class_cue, "absent_class")),
        Condition("random vector", 0, "random vector", cues.random_vector),
        Condition("shuffled class 1", 1, "shuffled class", partial(cues.shuffled, own)),
    ]


def probe(
    observers: Sequence[Observer],
    stimuli: Stimuli | xr.Dataset,
    parameters: CorruptionDynamics,
    seed: int,
    store: Store,
    corrupt: Corrupt,
    generator_for: GeneratorFor,
    names: Sequence[str],
) -> xr.Dataset:
    """Show corrupted single objects, and write the record.

    Parameters
    ----------
    observers : models of one kind, each label with the same seeds; a plain ViT sees the same in every pass.
    stimuli : stimuli with one object of a class that the models know.
    parameters : corruptions, severities, priors, gains and iterations.
    seed : seed of the corruptions, catch trials, random vectors and shuffles; a stimulus gets the same corruption in
        every run, under every prior and beside whichever others.
    store : where the record goes.
    corrupt : function of a picture (y, x, channel) uint8, a corruption, a severity 1 to 5 and a generator, that gives
        the corrupted picture.
    generator_for : function of the seed, a corruption, a severity and the stimulus that gives the generator.
    names : corruptions that ``corrupt`` knows.

    Returns
    -------
    The record, opened lazily: logits ([model, seed,] gain, corruption, severity, iteration, prior, stimulus, class).

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
    check_variables(example, ("object_class", "object_mask"), "corruption dynamics")
    check_classes(observers, example.attrs["categories"], "corruption dynamics")
    looks = cues.chosen(conditions(), parameters.priors)

    def shown(part: slice) -> xr.Dataset:
        pictures = stimuli.part(part.start, part.stop - part.start)
        corrupted = partial(_corrupted, pictures, seed=seed, corrupt=corrupt, generator_for=generator_for)
        return _show(observers, trial_of(observers[0].model, pictures, seed), corrupted, looks, parameters)

    provenance = partial(attributes, "corruption dynamics", observers, stimuli, parameters, seed)
    return fill(shown, stimuli.n, provenance, store)


def _show(
    observers: Sequence[Observer],
    trial: Trial,
    corrupted: Callable[[str, int], np.ndarray],
    looks: Sequence[Condition],
    parameters: CorruptionDynamics,
) -> xr.Dataset:
    """Show some stimuli under all corruptions: their part of the record."""
    by_corruption = []
    for name in parameters.corruptions:
        by_severity = []
        for severity in parameters.severities:
            pictures = corrupted(name, severity)
            by_severity.append([_logits(observer, pictures, trial, looks, parameters) for observer in observers])
        by_corruption.append(by_severity)
    labels, seeds = (list(dict.fromkeys(names)) for names in zip(*((o.label, o.seed) for o in observers), strict=True))
    values = np.moveaxis(np.array(by_corruption, np.float32), (2, 3), (0, 1))  # observers first, then gains
    values = values.reshape(len(labels), len(seeds), *values.shape[1:])
    dims = ("model", "seed", "gain", "corruption", "severity", "iteration", "prior", "stimulus", "class")
    finite = np.isfinite(values).all(axis=tuple(axis for axis, dim in enumerate(dims) if dim != "stimulus"))
    if not finite.all():
        raise ValueError(
            f"logits of stimulus {trial.numbers[~finite][0]} are not finite: check the checkpoint and the picture"
        )
    classes = {name: trial.classes[name] for name in ("class_1", "class_2", "absent_class")}
    dataset = xr.Dataset(
        {"logits": (dims, values)},
        {
            "model": np.array(labels, object),
            "seed": np.array(seeds, np.int64),
            "gain": np.array(parameters.gains, float),
            "corruption": np.array(parameters.corruptions, object),
            "severity": np.array(parameters.severities, np.int64),
            "iteration": np.arange(parameters.iterations + 1),
            "prior": np.array([look.name for look in looks], object),
            "cue": ("prior", np.array([look.cue for look in looks], np.int8)),
            "kind": ("prior", np.array([look.kind for look in looks], object)),
            "stimulus": trial.numbers,
            "class": np.array(class_names(observers[0].model), object),
            **{name: ("stimulus", values) for name, values in classes.items()},
        },
    )
    for name, variable in dataset.variables.items():
        variable.attrs.update(long_name=LONG_NAMES[name], units="1")
    return dataset.squeeze([dim for dim in ("model", "seed") if dataset.sizes[dim] == 1], drop=True)


def _corrupted(
    stimuli: xr.Dataset, name: str, severity: int, seed: int, corrupt: Corrupt, generator_for: GeneratorFor
) -> np.ndarray:
    """Pictures (stimulus, y, x, channel) uint8 under a corruption; each has its own random numbers."""
    if severity == 0:
        return stimuli["image"].values
    pictures = zip(stimuli["stimulus"].values.tolist(), stimuli["image"].values, strict=True)
    return np.stack(
        [corrupt(picture, name, severity, generator_for(seed, name, severity, str(k))) for k, picture in pictures]
    )


def _logits(
    observer: Observer, pictures: np.ndarray, trial: Trial, looks: Sequence[Condition], parameters: CorruptionDynamics
) -> np.ndarray:
    """Logits (gain, iteration, prior, stimulus, class)."""
    model, cfg, n_gains = observer.model, observer.model.pretrained_cfg, len(parameters.gains)
    images = normalise(pictures, cfg["mean"], cfg["std"]).to(next(model.parameters()).device)
    priors = priors_of(model, trial, looks, parameters.gains)
    logits = perceive(model, images, priors, parameters.iterations if priors else 0).logits
    shape = (parameters.iterations + 1, n_gains * len(looks), -1, -1)
    return by_gain(logits.expand(shape).float().cpu().numpy(), n_gains)
