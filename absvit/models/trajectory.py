"""What a model did: the tensors of its passes, and the same as a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from absvit.models.class_names import named

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Trajectory"]

# in a record a map is of the patch tokens; those before them, the class token first, stand beside it
MAPS = {
    "prior_weights": "prior_weights",
    "token_norms": "token_norm",
    "value_norms": "value_norm",
    "feedback_norms": "feedback_norm",
    "class_attention": "class_attention",
    "class_activation": "class_activation",
}
OF_NO_LAYER = ("prior_weights", "class_activation")
LATER_DIMS = {
    "tokens": ("token", "feature"),
    "attention": ("layer", "head", "query", "token"),
    "feedback": ("layer", "token", "feature"),
}
WORDS = {
    "tokens": ("output token after the final norm", "1"),
    "attention": ("attention from a query token to a token", "1"),
    "feedback": ("feedback that reaches a token's values; NaN bottom-up", "1"),
    "stimulus": ("number of the image", "1"),
    "token": ("number of the token: the class token first, then the patches row by row", "1"),
    "query": ("number of the token that attends", "1"),
    "prefix": ("number of a token before the patches; the class token is 0", "1"),
    **{f"{name}_prefix": (f"{name.replace('_', ' ')} of the tokens before the patches", "1") for name in MAPS.values()},
}


@dataclass(frozen=True)
class Shown:
    """What the model was shown and asked for.

    Parameters
    ----------
    size : height and width of the images in pixels.
    priors : what the priors are called.
    classes : names of its classes that the model brings; None where it has none.
    """

    size: tuple[int, int]
    priors: tuple[str, ...]
    classes: tuple[str, ...] | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Trajectory:
    """What the model did, for every prior and every iteration. Iteration 0 is the bottom-up pass.

    Parameters
    ----------
    logits : (iteration, prior, image, class), iterations 0..T.
    prior_weights : (iteration, prior, image, token), gain included, of the feedback that produced pass 1..T.
    grid : token_y and token_x.
    num_prefix_tokens : tokens before the patches (the class token comes first).
    tokens : (iteration, prior, image, token, channel) after the final norm, iterations 0..T.
    token_norms : (iteration, prior, image, layer, token) L2 norm of the tokens entering each block, 0..T.
    value_norms : (iteration, prior, image, layer, token) L2 norm of the attention values, drive included,
        0..T.
    attention : (iteration, prior, image, layer, head, token, token) from query to key, rows sum to 1, 0..T.
    class_attention : (iteration, prior, image, layer, token) from the class token, mean over heads, 0..T.
    feedback : (iteration, prior, image, layer, token, channel) td of the feedback that produced pass 1..T.
    feedback_norms : (iteration, prior, image, layer, token) L2 norm of td, 1..T.
    class_activation : (iteration, prior, image, token) what each place adds to the logit of the class that
        the prior names or else of the one answered in the pass (Zhou et al. 2016), 0..T.

    shown : what the model was shown and asked for.

    The eight from ``tokens`` on are None unless they were asked for.

    Examples
    --------
    >>> seen.logits.shape  # (iteration, prior, image, class)
    torch.Size([2, 2, 4, 12])
    >>> seen.probabilities.argmax(dim=-1).shape
    torch.Size([2, 2, 4])
    """

    logits: Tensor
    prior_weights: Tensor
    grid: tuple[int, int]
    num_prefix_tokens: int
    tokens: Tensor | None = None
    token_norms: Tensor | None = None
    value_norms: Tensor | None = None
    attention: Tensor | None = None
    class_attention: Tensor | None = None
    feedback: Tensor | None = None
    feedback_norms: Tensor | None = None
    class_activation: Tensor | None = None
    shown: Shown | None = None

    def __repr__(self) -> str:
        held = {name: value for name, value in vars(self).items() if isinstance(value, Tensor)}
        shapes = ", ".join(f"{name} {tuple(value.shape)}" for name, value in held.items())
        return f"Trajectory({shapes}, grid={self.grid})"

    @property
    def probabilities(self) -> Tensor:
        """Softmax of the logits over classes, (iteration, prior, image, class)."""
        return self.logits.softmax(dim=-1)

    def among(self, n: int, at: Sequence[int], iterations: int) -> Trajectory:
        """Give what was seen under some of n priors its place among them; the others look bottom-up.

        Parameters
        ----------
        n : number of priors.
        at : places of those under which this was seen; where there are none, this is the bottom-up pass alone.
        iterations : number of passes after the first one.

        Returns
        -------
        Trajectory of n priors; under the others every pass is as the first, and what only feedback leaves is
        NaN.
        """
        if len(at) == n:
            return self
        tensors = {name: value for name, value in vars(self).items() if isinstance(value, Tensor)}
        for name, value in tensors.items():
            late = len(value) < len(self.logits)
            first = value.new_full((1, 1, *value.shape[2:]), torch.nan) if late else value[:1, :1]
            whole = first.expand(iterations + 1 - late, n, *value.shape[2:]).clone()
            if at:
                whole[:, list(at)] = value
            tensors[name] = whole
        return replace(self, **tensors, shown=None)

    def to_xarray(self) -> xr.Dataset:
        """Give what a record would hold of it: every variable with its dims, coordinates, long name and unit.

        Maps are of the patch tokens, (token_y, token_x), as measures and figures take them; those of the
        tokens before the patches stand beside them as ``<name>_prefix``. What exists in feedback passes only
        is NaN in iteration 0.

        Returns
        -------
        Dataset of logits (iteration, prior, stimulus, class), prior_weights (iteration, prior, stimulus,
        token_y, token_x), and what else was recorded.

        Examples
        --------
        >>> absvit.perceive(model, images, [absvit.priors.ClassPrior("star")]).to_xarray()["prior_weights"].sizes
        Frozen({'iteration': 2, 'prior': 1, 'stimulus': 4, 'token_y': 14, 'token_x': 14})
        """
        import xarray as xr

        from absvit.records.vocabulary import described

        dims, data = ("iteration", "prior", "stimulus"), {}
        for name in ("logits", *MAPS, *LATER_DIMS):
            if (values := self._of_all_passes(name)) is None:
                continue
            if name not in MAPS:
                data[name] = ((*dims, *LATER_DIMS.get(name, ("class",))), values)
                continue
            before = dims if name in OF_NO_LAYER else (*dims, "layer")
            prefix, patches = values[..., : self.num_prefix_tokens], values[..., self.num_prefix_tokens :]
            data[MAPS[name]] = ((*before, "token_y", "token_x"), patches.unflatten(-1, self.grid))
            data[f"{MAPS[name]}_prefix"] = ((*before, "prefix"), prefix)
        dataset = xr.Dataset({name: (of, _array(values)) for name, (of, values) in data.items()})
        numbered = {dim: range(size) for dim, size in dataset.sizes.items() if not dim.startswith("token_")}
        return described(dataset.assign_coords(numbered | self._labels()), WORDS)

    def _of_all_passes(self, name: str) -> Tensor | None:
        """Values of iterations 0..T, NaN where feedback has left none."""
        values = getattr(self, name)
        if values is None or len(values) == len(self.logits):
            return values
        return torch.cat([values.new_full((1, *values.shape[1:]), torch.nan), values])

    def _labels(self) -> dict[str, Sequence]:
        """Coordinates that say more than numbers."""
        n = self.logits.shape[-1]
        if self.shown is None:
            return {"class": named(None, n)}
        priors = self.shown.priors
        again = {name: iter(range(1, len(priors) + 1)) for name in priors if priors.count(name) > 1}
        return {
            "class": named(self.shown.classes, n),
            "prior": [f"{name} {next(again[name])}" if name in again else name for name in priors],
            **{
                dim: (np.arange(tokens) + 0.5) * pixels / tokens
                for dim, tokens, pixels in zip(("token_y", "token_x"), self.grid, self.shown.size, strict=True)
            },
        }


def _array(values: Tensor) -> np.ndarray:
    """Values in numpy, in single precision at least."""
    return values.detach().cpu().to(torch.promote_types(values.dtype, torch.float32)).numpy()
