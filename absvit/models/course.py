"""A course: the feedback loop one pass at a time over pictures, with noise, adaptation and a carried state.

``absvit.perceive`` looks at one picture from a fresh start. Here the state, the tokens of the last pass, may
be carried from one picture to the next, be disturbed, and tire. Without these the passes are those of
``perceive``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from absvit.models.absvit import AbSViT
from absvit.models.feedback import reconstruction_errors
from absvit.models.priors import Prior

__all__ = ["Course", "CourseSettings", "follow", "unchanging"]


@dataclass(frozen=True)
class CourseSettings:
    """How a model goes on settings.

    Parameters
    ----------
    passes : feedback passes over each picture, at least 1.
    noise : standard deviation of the noise on the tokens that are fed back, in units of their root mean
        square.
    adaptation : logits that a percept loses once it has lasted long; 0 = none.
    adaptation_time : time constant of adaptation in passes, at least 1.
    carry : whether the state is carried from picture to picture; if not, each begins with a bottom-up pass.
    """

    passes: int
    noise: float = 0.0
    adaptation: float = 0.0
    adaptation_time: float = 20.0
    carry: bool = True


@dataclass(frozen=True, eq=False)
class Course:
    """What happened pass by pass, pass 0 being bottom-up.

    Parameters
    ----------
    logits : (iteration, image, class).
    state_change : (iteration, image) |z_t - z_{t-1}| / |z_{t-1}| of the tokens after the final norm; NaN at
        0.
    two_step_change : (iteration, image) |z_t - z_{t-2}| / |z_{t-2}|; NaN at 0 and 1.
    reconstruction_error : (iteration, image, layer) mean squared error with which the decoder of a block
        predicts the tokens that entered it from those that left it.
    features : (iteration, image, layer, channel) mean over the patch tokens that leave a block.
    prior_weights : (iteration, image, token_y, token_x) weights that the prior gave to the patch tokens fed
        back, gain included; NaN in bottom-up passes.
    """

    logits: Tensor
    state_change: Tensor
    two_step_change: Tensor
    reconstruction_error: Tensor
    features: Tensor
    prior_weights: Tensor


@torch.no_grad()
def follow(
    model: AbSViT,
    pictures: Sequence[Tensor],
    prior_at: Callable[[int, Tensor], Prior],
    settings: CourseSettings,
    generators: Sequence[np.random.Generator] = (),
) -> Course:
    """Look at pictures one after another, feeding back all the time.

    Pass t feeds the tokens z of pass t - 1 back, weighted by the prior: x = w(z + n) * (z + n) goes down the
    decoders while the blocks run on the present picture. n is white Gaussian noise of standard deviation
    ``noise`` times the root mean square of z. Adaptation a follows the class probabilities p as a leaky
    integrator, a_t = a_{t-1} + (p_t - a_{t-1}) / adaptation_time (the slow variable of Noest, van Ee, Nijs
    and van Wezel 2007, J. Vision 7(8):10, and of Moreno-Bote, Rinzel and Rubin 2007, J. Neurophysiol. 98, in
    discrete time, their firing rates being our probabilities). Noise, adaptation and the carried state are
    our additions to the model.

    Parameters
    ----------
    model : in eval mode.
    pictures : at least one (image, channel, y, x), normalised; the images of a batch run side by side.
    prior_at : function of the number of the pass, from 1, and of the fatigue (image, class), adaptation
        times a, that gives its prior.
    settings : passes over each picture, noise, adaptation, and whether the state is carried.
    generators : one for each image, the source of its noise; only needed with noise.

    Returns
    -------
    Course of 1 + passes * len(pictures) iterations.

    Examples
    --------
    >>> from absvit.models.course import CourseSettings
    >>> course = absvit.follow(model, [images], lambda t, tired: priors.PerceptPrior(), CourseSettings(passes=3))
    >>> course.logits.shape  # (iteration, image, class)
    torch.Size([4, 4, 12])
    """
    found, tokens, fatigue, t = [], [], None, 0
    grid, prefix = tuple(model.patch_embed.grid_size), model.num_prefix_tokens
    for number, picture in enumerate(pictures):
        embedded = model.embed(picture)
        for at in range(settings.passes + (number == 0)):
            if at == 0 and (number == 0 or not settings.carry):
                drives, fatigue, weights = None, None, None
            else:
                seen = tokens[-1] + settings.noise * _noise(tokens[-1], generators) if settings.noise else tokens[-1]
                weights = prior_at(t, settings.adaptation * fatigue).weigh(seen, model)
                drives = model.descend(seen * weights[..., None])
            states = model.ascend(embedded, drives)
            tokens = [*tokens[-2:], model.norm(states[-1])]
            logits = model.forward_head(tokens[-1])
            fatigue = torch.zeros_like(logits) if fatigue is None else fatigue
            fatigue = fatigue + (logits.softmax(-1) - fatigue) / settings.adaptation_time
            unweighted = tokens[-1].new_full((len(picture), *grid), torch.nan)
            found.append(
                Course(
                    logits=logits,
                    state_change=_change(tokens, 1),
                    two_step_change=_change(tokens, 2),
                    reconstruction_error=reconstruction_errors(model.decoders, states, per_image=True),
                    features=torch.stack([state[:, prefix:].mean(1) for state in states[1:]], dim=1),
                    prior_weights=unweighted if weights is None else weights[:, prefix:].unflatten(1, grid),
                )
            )
            t += 1
    return Course(**{of.name: torch.stack([getattr(one, of.name) for one in found]) for of in fields(Course)})


def unchanging(seen: Sequence[Tensor], passes: int, layers: int, width: int, grid: tuple[int, int]) -> Course:
    """What is seen without feedback: the same in every pass over a picture.

    Parameters
    ----------
    seen : of each picture, logits (image, class).
    passes : passes over each picture.
    layers, width, grid : layers, channels and token grid of what there is none of.
    """
    logits = torch.stack([seen[0], *(logits for logits in seen for _ in range(passes))])
    change = torch.zeros(logits.shape[:2], device=logits.device)
    none = change.new_full((*change.shape, layers), torch.nan)
    features = none[..., None].expand(*none.shape, width)
    weights = change.new_full((*change.shape, *grid), torch.nan)
    return Course(logits, _without(change, 1), _without(change, 2), none, features, weights)


def _without(change: Tensor, steps: int) -> Tensor:
    """Changes, NaN where there is no pass so many steps before."""
    change = change.clone()
    change[:steps] = torch.nan
    return change


def _change(tokens: Sequence[Tensor], steps: int) -> Tensor:
    """Relative change of the tokens over some passes, (image,)."""
    if len(tokens) <= steps:
        return tokens[-1].new_full((len(tokens[-1]),), torch.nan)
    before = tokens[-1 - steps].flatten(1)
    return (tokens[-1].flatten(1) - before).norm(dim=1) / before.norm(dim=1)


def _noise(tokens: Tensor, generators: Sequence[np.random.Generator]) -> Tensor:
    """White noise of the tokens' root mean square, each image's from its own generator."""
    drawn = np.stack([generator.standard_normal(tokens.shape[1:], np.float32) for generator in generators])
    return torch.from_numpy(drawn).to(tokens) * tokens.square().mean((1, 2), keepdim=True).sqrt()
