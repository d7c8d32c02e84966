"""How training pictures are changed: the settings, the streams of chance behind them, and mixing in pairs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from timm.data import Mixup
from torch import Tensor

__all__ = ["Augmentation", "Mixing", "isolated_randomness"]


@dataclass(frozen=True)
class Augmentation:
    """How a training picture is changed before the model sees it; names and defaults of the official flags.

    Parameters
    ----------
    color_jitter
        Strength of colour jitter; as in timm without effect beside RandAugment.
    aa
        Automatic augmentation by timm's name ("rand-m9-mstd0.5-inc1"); "none" for none.
    train_interpolation
        "nearest", "bilinear", "bicubic", "lanczos" or "random".
    reprob
        Probability of random erasing.
    remode
        What fills an erased region: "const", "rand" or "pixel".
    recount
        Largest number of erased regions.
    resplit
        Accepted for official command lines, where it is without effect too.
    repeated_aug
        Show a third of the pictures three times an epoch, augmented differently (Hoffer et al. 2020).
    mixup
        Parameter of mixup's beta distribution (Zhang et al. 2018); 0 for no mixup.
    cutmix
        Parameter of cutmix's beta distribution (Yun et al. 2019); 0 for no cutmix.
    cutmix_minmax
        Smallest and largest share of a side that cutmix exchanges; overrides cutmix's parameter.
    mixup_prob
        Probability of mixing at all.
    mixup_switch_prob
        Probability of cutmix where both are on.
    mixup_mode
        What is mixed in the same way: the whole "batch", each "pair" or each "elem" on its own.
    mixup_batch
        Pictures of an update that mode "batch" mixes in the same way: those of one GPU in the official
        recipe.
    use_patch_aug
        Train on a copy with augmented patches too (see absvit.training.pictures.patch_augmentation).
    """

    color_jitter: float = 0.4
    aa: str = "rand-m9-mstd0.5-inc1"
    train_interpolation: str = "bicubic"
    reprob: float = 0.25
    remode: str = "pixel"
    recount: int = 1
    resplit: bool = False
    repeated_aug: bool = True
    mixup: float = 0.8
    cutmix: float = 1.0
    cutmix_minmax: tuple[float, float] | None = None
    mixup_prob: float = 1.0
    mixup_switch_prob: float = 0.5
    mixup_mode: str = "batch"
    mixup_batch: int = 128
    use_patch_aug: bool = False

    def __post_init__(self) -> None:
        for name in ("reprob", "mixup_prob", "mixup_switch_prob"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be a probability in [0, 1], got {getattr(self, name)}")
        if min(self.mixup, self.cutmix) < 0:
            raise ValueError(f"mixup and cutmix must not be negative, got {self.mixup} and {self.cutmix}")
        if self.mixup_mode not in ("batch", "pair", "elem"):
            raise ValueError(f"mixup_mode must be batch, pair or elem, got {self.mixup_mode!r}")
        if self.mixup_batch < 2 or self.mixup_batch % 2:
            raise ValueError(
                f"mixup_batch counts pictures that are mixed in pairs: even, at least 2, got {self.mixup_batch}"
            )
        if self.cutmix_minmax is not None and not 0 <= self.cutmix_minmax[0] < self.cutmix_minmax[1] <= 1:
            raise ValueError(f"cutmix_minmax must be two rising shares in [0, 1], got {self.cutmix_minmax}")

    @property
    def repeats(self) -> int:
        """Times that a chosen picture is shown in an epoch."""
        return 3 if self.repeated_aug else 1

    @property
    def mixes(self) -> bool:
        """Whether pictures are mixed in pairs."""
        return self.mixup > 0 or self.cutmix > 0 or self.cutmix_minmax is not None


@contextmanager
def isolated_randomness(*key: int) -> Iterator[None]:
    """Seed the global CPU generators of random, numpy and torch from a key, and give them back as they were.

    timm's and torchvision's augmentations draw from these. Other keys of numbers from 0 give independent
    streams.
    """
    kept = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002 - timm's own generator
    seeds = np.random.SeedSequence(key).generate_state(3).tolist()
    random.seed(seeds[0])
    np.random.seed(seeds[1])  # noqa: NPY002 - timm's own generator
    torch.default_generator.manual_seed(seeds[2])  # torch.manual_seed would seed the GPUs of this process too
    try:
        yield
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])  # noqa: NPY002 - timm's own generator
        torch.set_rng_state(kept[2])


class Mixing:
    """timm's mixup and cutmix, drawn from seed, update and a place in it; smoothing is the objective's.

    In mode "batch" every ``mixup_batch`` pictures of an update have a stream of their own, as those of each
    GPU have in the official code; in the modes "pair" and "elem" each pair has. The number of processes
    changes nothing.

    Parameters
    ----------
    augmentation : its fields mixup, cutmix, cutmix_minmax and mixup_*.
    """

    def __init__(self, augmentation: Augmentation) -> None:
        self.augmentation = augmentation

    def __call__(
        self, images: Tensor, target: Tensor, n_classes: int, seed: int, step: int, chunk: int = 0
    ) -> tuple[Tensor, Tensor]:
        """Mix normalised pictures (image, channel, y, x), an even number, in pairs.

        Called with the patch-augmented copy and the same numbers, it mixes that in the same way. Gives a new
        tensor, and targets (image, class) that sum to 1 over classes, not smoothed. ``step`` is the update's
        number, ``chunk`` the micro-batch's among all of the update (:meth:`Updates.chunk`).
        """
        settings = self.augmentation
        if not settings.mixes:
            return images, F.one_hot(target, n_classes).to(images.dtype)
        if len(images) % 2:
            raise ValueError(f"mixup and cutmix mix pairs, so batches must be even, got {len(images)} pictures")
        mix = Mixup(
            settings.mixup, settings.cutmix, settings.cutmix_minmax, settings.mixup_prob, settings.mixup_switch_prob,
            settings.mixup_mode, label_smoothing=0.0, num_classes=n_classes,
        )  # fmt: skip
        images, n, half = images.clone(), len(images), len(images) // 2
        soft = torch.empty(n, n_classes, dtype=images.dtype, device=images.device)
        alike = settings.mixup_batch // 2 if settings.mixup_mode == "batch" else 1  # pairs
        first, place = chunk * half, 0
        while place < half:  # the pairs of this micro-batch that are mixed alike
            group = (first + place) // alike
            end = min(half, (group + 1) * alike - first)
            of_group = torch.cat([torch.arange(place, end), torch.arange(n - end, n - place)]).to(images.device)
            with isolated_randomness(seed, step, group):
                images[of_group], soft[of_group] = mix(images[of_group], target[of_group])
            place = end
        return images, soft
