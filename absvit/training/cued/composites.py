"""The hybrid recipes and their problem: composites of pictures, seen through features computed once."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from absvit.data.datasets import DataSet, open_dataset
from absvit.data.picture_identity import contents
from absvit.distributed import Process, told_by_first
from absvit.models import zoo
from absvit.models.zoo.stem import CHANNELS, STRIDE, stem_from
from absvit.training.cued import composite_plan
from absvit.training.cued import feature_cache as features
from absvit.training.cued.batch import CuedRecipe
from absvit.training.cued.cached import CachedProblem
from absvit.training.cued.composite_cues import CuedComposites, Cues
from absvit.training.cued.composite_plan import Composites
from absvit.training.problem import build_model
from absvit.training.recipe import Flat
from absvit.training.run_options import RunOptions

__all__ = ["CompositeProblem", "HybridRecipe", "centre_classifier"]

HYBRIDS = ("absvit_hybrid_lite0_224", "vit_hybrid_lite0_224")


@dataclass(frozen=True)
class HybridRecipe(CuedRecipe):
    """A training on composites of pictures behind a frozen stem.

    Parameters
    ----------
    data_set
        As in the recipes for pictures; the training split alone is used, a part of it is held out.
    input_size
        Height and width in pixels that pictures are enlarged to.
    composites
        What is made of the pictures.
    cues
        What is cued.
    class_gain
        Gain of class and vector cues that the trained model looks with unless told otherwise. It learns at 2,
        before its classifier is centred (:func:`centre_classifier`).
    """

    measured_by: ClassVar[str] = "python -m experiments recognition, --folder PICTURES"

    model: str = "absvit_hybrid_lite0_224"
    epoch_images: int = 24_000
    lr: float = 5e-3
    warmup_lr: float = 3e-5
    warmup_epochs: float = 0.25
    smoothing: float = 0.05
    data_set: DataSet = "FOLDER"
    input_size: int = 224
    composites: Flat[Composites] = field(default_factory=Composites)
    cues: Flat[Cues] = field(default_factory=Cues)
    token_weight: float = 0.8
    class_gain: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.model not in HYBRIDS:
            raise ValueError(f"hybrid recipes train {' or '.join(HYBRIDS)}, whose stem is cached; got {self.model}")
        if self.input_size < STRIDE or self.input_size % STRIDE:
            raise ValueError(f"input_size must be a multiple of the stem's stride of {STRIDE}, got {self.input_size}")

    def problem(self, data: RunOptions, process: Process) -> CompositeProblem:
        """Compose pictures, after their features have been computed."""
        return CompositeProblem(self, data.data_path, data.feature_cache, process)


class CompositeProblem(CachedProblem):
    """Composites of the training pictures of a data set, a part of which is held out.

    What is missing of the feature cache is computed when the problem is opened.

    Parameters
    ----------
    recipe : which data set, what is composed and cued.
    data_path : folder of the data set, whose training split is used.
    feature_cache : folder of the features.
    process : this process among those that train together.

    Raises
    ------
    FileNotFoundError, ValueError : data set, stem or cache are not as they should be.
    """

    def __init__(self, recipe: HybridRecipe, data_path: Path, feature_cache: Path, process: Process) -> None:
        super().__init__(recipe, process)
        self.folder = Path(data_path).resolve().name
        pictures = open_dataset(recipe.data_set, data_path, "train")
        self.classes = pictures.classes
        self.made = composite_plan.plan(recipe.composites, pictures.targets, len(self.classes))
        stem, pixels = stem_from("pretrained"), zoo.preprocessing(recipe.model)
        side, seed = recipe.input_size, recipe.composites.composition_seed
        transform = {"size": side, "interpolation": "bicubic", "mean": pixels["mean"], "std": pixels["std"]}
        self._facts = {
            "stem": stem.sha256, "transform": transform, "pictures": pictures.fingerprint(),
            "contents": told_by_first(lambda: contents(pictures)), "made_of": asdict(recipe.composites),
        }  # fmt: skip
        shape = (CHANNELS, side // STRIDE, side // STRIDE)
        self.cache = features.open_cache(feature_cache, self._facts, len(self.made), shape, process)

        def draw(number: int) -> np.ndarray:
            return composite_plan.draw(number, self.made, side, seed, pictures.read)

        features.build(self.cache, stem.to(process.device), draw, process, pixels["mean"], pixels["std"])
        self.cued = CuedComposites(recipe.cues, self.made, self.cache, len(self.classes))

    def data(self) -> str:
        """What is composed."""
        return (
            f"{self.recipe.data_set} {self.folder}, composites of its training pictures of {len(self.classes)} classes"
        )

    def made_with(self) -> dict:
        """Number of classes and size of the composites."""
        return {"num_classes": len(self.classes), "img_size": self.recipe.input_size}

    def model(self) -> nn.Module:
        """The model, which takes the features of the cache."""
        return build_model(self.recipe, **self.made_with(), stem="features")

    def finish(self, model: nn.Module) -> None:
        """Centre the classifier."""
        centre_classifier(model)

    def card(self, model: nn.Module) -> dict:
        """What the card tells, with the stem that was looked through and the gain to look with."""
        told, gain = super().card(model), self.recipe.class_gain
        if told["prior_gains"]:  # a plain ViT has none
            told["prior_gains"] |= {"class": gain, "vector": gain}
        return {"data": told.pop("data"), "stem_sha256": self._facts["stem"], "squeezed": True, **told}


def centre_classifier(model: nn.Module) -> None:
    """Take from the classifier what all its rows share.

    Softmax does not see that part, so nothing in a training holds it back: the rows of a hybrid had a mean
    cosine of .90. As cues they then favoured the same tokens whatever the class. Probabilities stay as they
    are.
    """
    classifier = model.get_classifier()
    with torch.no_grad():
        for parameter in (classifier.weight, classifier.bias):
            parameter -= parameter.mean(dim=0)


OFFICIAL = {"cues": Cues(shares=(1.0, 0.0, 0.0, 0.0, 0.0), catch_singles=0.0), "token_weight": 0.0}

HYBRID_CUED = HybridRecipe(
    "hybrid_cued",
    "Composites of pictures behind a frozen stem, with cues: train_dist.sh hybrid_cued --data-path CIFAR10_FOLDERS",
    expect="240,000 composites in 28 to 41 minutes of two loaded cores of an AMD EPYC with AVX512-BF16; one idle "
    "core does 91 a second, and 50 in float32. The feature cache that all hybrid recipes share comes first: 136,000 "
    "composites, 5.6 GB. Measured: accuracy .86 to .88 on CIFAR-10's test pictures, selection index .93 to .95.",
)
HYBRID_OFFICIAL = HybridRecipe(
    "hybrid_official",
    "The official objective on whole pictures: train_dist.sh hybrid_official --data-path CIFAR10_FOLDERS",
    expect="240,000 whole pictures: 28 minutes of two loaded CPU cores. Measured, 3 seeds: accuracy .88 on "
    "CIFAR-10's test pictures; no steering (selection index .50 to .51).",
    **OFFICIAL,
)
HYBRID_VIT = HybridRecipe(
    "hybrid_vit",
    "The plain ViT on the same pictures: train_dist.sh hybrid_vit --data-path CIFAR10_FOLDERS",
    expect="240,000 whole pictures: 21 minutes of two loaded CPU cores. Measured, 3 seeds: accuracy .87 to .88 on "
    "CIFAR-10's test pictures; it takes no cue (.50).",
    model="vit_hybrid_lite0_224",
    var_loss=0.0,
    **OFFICIAL,
)
