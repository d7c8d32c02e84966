"""What a robustness profile is asked for: which model, on which pictures, into which record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from absvit.records.options import RecordOptions
from stimuli.corruptions import BENCHMARK, SEVERITIES
from stimuli.foundation.options import FileOrAddress
from stimuli.foundation.texts import some

__all__ = ["SUITES", "SuiteRecordOptions", "ModelOptions", "ProfileOptions", "SuiteOptions"]

SUITES = (
    "clean", "imagenet_c", "imagenet_a", "imagenet_r", "imagenet_sketch", "imagenet_v2", "folder", "fgsm", "pgd",
)  # fmt: skip
LEAST_SIZE = 16


@dataclass(frozen=True)
class ModelOptions:
    """Who is evaluated.

    Parameters
    ----------
    model
        Name of the network: ours, timm's, or torchvision's, such as torchvision.resnet18.
    checkpoint
        File, address or tag of bundled weights; the bundled or released weights, or those that the network's
        library fetches, if left out; untrained for random ones.
    weights
        Of a training's checkpoint: the model itself, or its average over updates (ema).
    img_size
        Input size in pixels; the checkpoint's own, if left out.
    classes
        Text file with the names of the model's classes, one a line, where its card does not name them.
    iterations
        Feedback passes of an AbSViT.
    device
        cpu, cuda or mps; a GPU where there is one, if left out.
    """

    model: str = "absvit_micro"
    checkpoint: FileOrAddress | None = None
    weights: Literal["model", "ema"] = "model"
    img_size: int | None = None
    classes: Path | None = None
    iterations: int = 1
    device: str | None = None

    def __post_init__(self) -> None:
        if self.iterations < 0:
            raise ValueError(f"iterations must be at least 0, got {self.iterations}")
        if self.img_size is not None and self.img_size < LEAST_SIZE:
            raise ValueError(f"img_size must be at least {LEAST_SIZE} pixels, one patch, got {self.img_size}")


@dataclass(frozen=True)
class SuiteOptions:
    """Where pictures are, and what is done to them.

    Parameters
    ----------
    data
        Clean pictures: class folders, a tar, a stimulus set, or a folder that holds one of these as val.
    inc_path
        ImageNet-C: CORRUPTION/SEVERITY/CLASS/PICTURE, as python -m stimuli corrupt writes it.
    on_the_fly
        Corrupt the clean pictures when they are shown, instead of --inc-path.
    frost_folder
        Pictures of frost for corruption on the fly, for textures other than our own.
    corruptions
        Which corruptions.
    severities
        1 to 5.
    centre_crop
        Cut out the middle of corrupted pictures that are larger than the model's input.
    ina_path
        ImageNet-A.
    inr_path
        ImageNet-R.
    insk_path
        ImageNet-Sketch.
    inv2_path
        ImageNet-V2; folders named by wnid, or 0 to 999 as it is distributed.
    folder
        Class folders of your own, named as the model names its classes; it may lack some of them.
    partial
        Take folders that lack some of the classes; by default that is an error.
    eps
        Sizes of the attacks' ball in grey levels of 255; several make a sweep.
    steps
        Steps of PGD, each of half the ball's size.
    restarts
        Random starts of PGD, of which each picture keeps the best.
    targeted
        Attack towards another class, drawn for each picture, instead of away from the true one.
    attack_iterations
        Passes of an AbSViT whose logits are attacked, 0 the bottom-up one; the last one, if left out.
    seed
        Seed of attacks and of corruptions on the fly.
    """

    data: Path | None = None
    inc_path: Path | None = None
    on_the_fly: bool = False
    frost_folder: Path | None = None
    corruptions: tuple[str, ...] = BENCHMARK
    severities: tuple[int, ...] = SEVERITIES
    centre_crop: bool = False
    ina_path: Path | None = None
    inr_path: Path | None = None
    insk_path: Path | None = None
    inv2_path: Path | None = None
    folder: Path | None = None
    partial: bool = False
    eps: tuple[float, ...] = (1.0,)
    steps: int = 5
    restarts: int = 1
    targeted: bool = False
    attack_iterations: tuple[int, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("corruptions", "severities", "eps", "attack_iterations"):
            values = [value if isinstance(value, str) else f"{value:g}" for value in getattr(self, name)]
            if repeated := sorted({value for value in values if values.count(value) > 1}):
                raise ValueError(f"expected each of the {name.replace('_', ' ')} once, got {some(repeated)} repeatedly")
        if self.frost_folder is not None and not self.on_the_fly:
            raise ValueError("--frost-folder is for corruption on the fly: add --on-the-fly, or leave it out")


@dataclass(frozen=True)
class SuiteRecordOptions(RecordOptions):
    """Where the record goes, and how it is worked off: nothing of this changes a number but batch_size, by rounding.

    Parameters
    ----------
    batch_size
        Pictures at once.
    num_workers
        Processes that load pictures for each process that evaluates.
    """

    chunk: int = 512
    batch_size: int = 64
    num_workers: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_size < 1 or self.num_workers < 0:
            raise ValueError(
                f"need batch_size of at least 1, got {self.batch_size}, and num_workers of at least 0, got "
                f"{self.num_workers}"
            )


@dataclass(frozen=True)
class ProfileOptions:
    """A robustness profile: all that decides what is computed, and where it is written.

    Parameters
    ----------
    model : which checkpoint.
    suites : some of ``SUITES``.
    pictures : where they are, and what is done to them.
    record : where the record goes.
    """

    model: ModelOptions
    suites: tuple[str, ...]
    pictures: SuiteOptions
    record: SuiteRecordOptions
