"""FGSM and PGD in pixel space: the smallest change of a picture that changes what a model says of it.

Goodfellow, Shlens and Szegedy, Explaining and harnessing adversarial examples, ICLR 2015 (FGSM); Madry et
al., Towards deep learning models resistant to adversarial attacks, ICLR 2018 (PGD). Cross-entropy, L-infinity
ball; an AbSViT is attacked through all its passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from absvit.images import IMAGENET_MEAN, IMAGENET_STD
from absvit.models import AbSViT
from absvit.models.perceive import evaluating, perceive

__all__ = ["FGSM", "PGD", "Attack", "normalised", "pass_logits", "perturb"]


@dataclass(frozen=True)
class Attack:
    """How a picture is attacked; the defaults are PGD as the original work evaluates it.

    Parameters
    ----------
    eps : largest change of a pixel, in grey levels of 255.
    step : change of a pixel in one step, in grey levels of 255.
    steps : number of steps, at least 1.
    random_start : start anywhere in the ball, uniformly, instead of at the picture.
    restarts : number of starts, at least 1, of which each picture keeps the one that serves the attack best.
    targeted : go towards the labels that are given, instead of away from them.
    seed : seed of the random starts, 0 to 2**63 - 1.

    Raises
    ------
    ValueError : a number is out of range, or several restarts would all be the same.
    """

    eps: float = 1.0
    step: float = 0.5
    steps: int = 5
    random_start: bool = True
    restarts: int = 1
    targeted: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.eps <= 255 or not self.step > 0:
            raise ValueError(f"need eps from 0 to 255 grey levels and a step above 0, got {self.eps} and {self.step}")
        if self.steps < 1 or self.restarts < 1 or not 0 <= self.seed < 2**63:
            raise ValueError(
                "need steps and restarts of at least 1 and a seed from 0 to 2**63 - 1, got "
                f"{self.steps}, {self.restarts} and {self.seed}"
            )
        if self.restarts > 1 and not self.random_start:
            raise ValueError(f"{self.restarts} restarts without a random start are all the same: take 1 restart")

    def at(self, eps: float) -> Attack:
        """Give the same attack in a ball of another size, its steps in proportion."""
        return replace(self, eps=eps, step=self.step * eps / self.eps if self.eps and eps else self.step)


FGSM = Attack(eps=1.0, step=1.0, steps=1, random_start=False)
PGD = Attack()


def perturb(
    model: nn.Module,
    pixels: Tensor,
    labels: Tensor,
    attack: Attack = PGD,
    mean: Sequence[float] = IMAGENET_MEAN,
    std: Sequence[float] = IMAGENET_STD,
    numbers: Sequence[int] | None = None,
    iteration: int | None = None,
    classes: Tensor | None = None,
) -> Tensor:
    """Attack pictures: each step follows the sign of the gradient, then goes back to the ball and [0, 1].

    Parameters
    ----------
    model : any classifier; it is attacked in eval mode and left in the mode that it was in.
    pixels : (image, channel, y, x) in [0, 1], not normalised: this function normalises.
    labels : (image,) the true classes; the wanted ones for a targeted attack.
    attack : how.
    mean, std : mean and standard deviation of each channel that the model was trained with, of pixels in [0,
        1].
    numbers : number of each image, on which its random starts depend together with the seed; 0, 1 ... if left
        out.
    iteration : pass of an AbSViT whose logits are attacked, 0 the bottom-up one; its last one, if left out.
    classes : (class,) the model's classes among which the decision falls, which labels then count; all, if
        left out.

    Returns
    -------
    Attacked pictures, as ``pixels``.

    Raises
    ------
    ValueError : pixels or labels are not as described.

    Examples
    --------
    >>> adversarial = perturb(model, pixels, labels, FGSM.at(2))
    >>> logits = model(normalised(adversarial, mean, std))
    """
    _check(pixels, labels)
    numbers = range(len(pixels)) if numbers is None else numbers
    pixels = pixels.detach()
    with evaluating(model):

        def losses(x: Tensor) -> Tensor:
            logits = pass_logits(model, normalised(x, mean, std), iteration)[-1]
            logits = logits if classes is None else logits[:, classes]
            loss = F.cross_entropy(logits, labels, reduction="none")
            return -loss if attack.targeted else loss

        best, highest = pixels, torch.full((len(pixels),), -torch.inf, device=pixels.device, dtype=pixels.dtype)
        for restart in range(attack.restarts):
            x = _climb(losses, pixels, _start(pixels, attack, restart, numbers), attack)
            if attack.restarts == 1:
                return x
            with torch.no_grad():
                reached = losses(x).to(highest.dtype)
            better = reached > highest
            highest = torch.where(better, reached, highest)
            best = torch.where(better[:, None, None, None], x, best)
    return best


def normalised(pixels: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Normalise pixels (image, channel, y, x) in [0, 1], keeping gradients."""
    mean, std = (pixels.new_tensor(values)[:, None, None] for values in (mean, std))
    return (pixels - mean) / std


def pass_logits(model: nn.Module, images: Tensor, iteration: int | None = None) -> Tensor:
    """Give the logits of every pass of any classifier, (iteration, image, class).

    Gradients are kept where the images, normalised, require them. ``iteration`` is the last pass to make, 0
    the bottom-up one; the official model's second pass, if left out. A model without feedback makes one.
    """
    if isinstance(model, AbSViT):
        return perceive(model, images, iterations=1 if iteration is None else iteration).logits[:, 0]
    if iteration:
        raise ValueError(f"{type(model).__name__} makes one pass, numbered 0; there is no pass {iteration}")
    return model(images)[None]


def _climb(losses, pixels: Tensor, x: Tensor, attack: Attack) -> Tensor:
    """Steps up the loss from a start within the ball."""
    eps, step = attack.eps / 255, attack.step / 255
    with torch.enable_grad():
        for _ in range(attack.steps):
            x = x.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(losses(x).sum(), x)
            x = x.detach() + step * gradient.sign()
            x = x.clamp(pixels - eps, pixels + eps).clamp(0, 1)
    return x


def _start(pixels: Tensor, attack: Attack, restart: int, numbers: Sequence[int]) -> Tensor:
    """Where the steps begin: a function of seed, restart and number of the image, whatever the batch."""
    if not attack.random_start:
        return pixels
    generators = [np.random.default_rng([attack.seed, restart, int(number)]) for number in numbers]
    noise = np.stack([generator.uniform(-1, 1, tuple(pixels.shape[1:])) for generator in generators])
    return (pixels + torch.from_numpy(noise).to(pixels) * (attack.eps / 255)).clamp(0, 1)


def _check(pixels: Tensor, labels: Tensor) -> None:
    """Refuse what cannot be attacked, such as images that are normalised already."""
    if not pixels.is_floating_point() or pixels.ndim != 4 or 0 in pixels.shape:
        raise ValueError(
            "expected pixels (image, channel, y, x) in floating point, in [0, 1], got shape "
            f"{tuple(pixels.shape)} in {pixels.dtype}"
        )
    lowest, highest = (float(value) for value in pixels.detach().aminmax())
    if not (lowest >= 0 and highest <= 1):
        raise ValueError(
            f"expected pixels in [0, 1], got {lowest:g} to {highest:g}: these look normalised already, or like grey "
            "levels up to 255; an attack is defined on pixels and normalises them itself"
        )
    if labels.shape != pixels.shape[:1] or labels.is_floating_point():
        raise ValueError(f"expected one whole number a picture as labels, got {tuple(labels.shape)} in {labels.dtype}")
