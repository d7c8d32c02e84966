"""What a frozen network shows at its places, as the tokens of a vision transformer; and the head behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from absvit.models.perceive import evaluating

__all__ = ["Host", "HostEmbed", "SharesNorm", "blurred"]

BINOMIAL = (1.0, 2.0, 1.0)
AT_ONCE = 4  # images, without gradients on a CPU: their activations stay in its caches


def blurred(maps: Tensor) -> Tensor:
    """Blur maps (image, channel, y, x) by the binomial 3 x 3 kernel, edges repeated.

    What a place gives away to its neighbours it gets back from them, at edges from itself: the mean over
    places stays as it is.
    """
    row = torch.tensor(BINOMIAL, dtype=maps.dtype, device=maps.device) / sum(BINOMIAL)
    kernel = (row[:, None] * row).expand(maps.shape[1], 1, 3, 3)
    return F.conv2d(F.pad(maps, (1, 1, 1, 1), mode="replicate"), kernel, groups=maps.shape[1])


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Let no gradient reach the weights of a module by what it computes meanwhile; they reach what it is given."""
    learning = [parameter for parameter in module.parameters() if parameter.requires_grad]
    try:
        for parameter in learning:
            parameter.requires_grad_(False)
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)


class Host:
    """A frozen network, and where in a pass its places stand.

    Parameters
    ----------
    module : the network.
    layer : name of the module of it whose output shows the places.
    tokens : function of that output that gives tokens (image, token, channel).
    prefix : number of tokens before the places.
    """

    def __init__(
        self,
        module: nn.Module,
        layer: str,
        tokens: Callable[[Tensor], Tensor],
        prefix: int,
    ) -> None:
        self.module, self.layer, self.tokens, self.prefix = module, layer, tokens, prefix

    def features(self, images: Tensor) -> Tensor:
        """Give what it shows at its places, (image, place, channel)."""
        kept: list[Tensor] = []
        layer = self.module.get_submodule(self.layer)
        hook = layer.register_forward_hook(lambda module, given, values: kept.append(values))
        try:
            with evaluating(self.module), frozen(self.module):
                self.module(images)
        finally:
            hook.remove()
        return self.tokens(kept[0])[:, self.prefix :]  # an AbSViT looks twice: of its bottom-up pass


class HostEmbed(nn.Module):
    """The embedding of an AbSViT that looks through a frozen network, its host.

    A token is A f, the projected feature of a place, and a constant behind it. The host is neither a parameter
    nor in the state dict; it follows the model to its device and type, and is copied with it.

    Parameters
    ----------
    host : the network; None of a model that is only counted, or that is given :meth:`maps` in place of
        images, as trainings keep them.
    grid : rows and columns of places.
    size : height and width of images in pixels.
    channels : of a feature.
    width : of a token, the constant included.
    blur : whether neighbouring places are mixed (:func:`blurred`).
    """

    strict_img_size, dynamic_img_pad, flatten = True, False, True

    def __init__(
        self,
        host: Host | None,
        grid: tuple[int, int],
        size: tuple[int, int],
        channels: int,
        width: int,
        blur: bool = True,
    ) -> None:
        super().__init__()
        self.host, self.blur = host, blur  # no submodule: not trained, and not stored
        self.proj = nn.Linear(channels, width - 1, bias=False)
        self.constant = nn.Parameter(torch.ones(()), requires_grad=False)
        self.img_size, self.grid_size, self.num_patches = size, grid, grid[0] * grid[1]
        self.patch_size = tuple(side // n for side, n in zip(size, grid, strict=True))

    def _apply(self, fn, recurse: bool = True) -> nn.Module:
        if fn(torch.zeros((), device=self.proj.weight.device)).dtype == torch.float16:
            raise ValueError(
                "a closed form computes in float32, float64 or bfloat16: half precision holds too few numbers"
            )
        if self.host is not None:
            self.host.module._apply(fn)
        return super()._apply(fn, recurse)

    def feat_ratio(self, as_scalar: bool = True) -> int | tuple[int, int]:
        """Pixels down, and across, of a place; as timm's embeddings say it."""
        return max(self.patch_size) if as_scalar else self.patch_size

    def dynamic_feat_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns of places; of images of its own size alone."""
        return self.grid_size

    def forward(self, images: Tensor) -> Tensor:
        """Give tokens.

        Parameters
        ----------
        images : (image, channel, y, x), normalised as the host has it.

        Returns
        -------
        (image, place, channel), the constant last.
        """
        tokens = (images if self.host is None else self.maps(images)).flatten(2).transpose(1, 2)
        return torch.cat([tokens, self.constant.to(tokens).expand(*tokens.shape[:2], 1)], dim=-1)

    def maps(self, images: Tensor) -> Tensor:
        """Give the projected features of images, (image, channel, y, x), without the constant."""
        if tuple(images.shape[-2:]) != self.img_size:
            down, across = self.img_size
            raise ValueError(
                f"expected images of {down} x {across} pixels, got {tuple(images.shape[-2:])}: resize them"
            )
        at_once = len(images) if torch.is_grad_enabled() or images.device.type != "cpu" else AT_ONCE
        features = torch.cat([self.host.features(part) for part in images.split(max(1, at_once))])
        maps = self.proj(features.to(self.proj.weight.dtype)).transpose(1, 2).unflatten(2, self.grid_size)
        return blurred(maps) if self.blur else maps


class SharesNorm(nn.Module):
    """After the pooling: all channels by the last one, which is a constant among tokens that nothing weighs.

    The mean of tokens a_i (x_i, kappa) becomes sum a_i x_i / sum a_i, whatever the a_i: a pooling by shares.

    Parameters
    ----------
    width : of a token.
    eps : of the layer norm of the host that stands between pooling and classifier; None where none does.
    """

    def __init__(self, width: int, eps: float | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width), requires_grad=False)  # of channels, once they are shares
        self.constant = nn.Parameter(torch.ones(()), requires_grad=False)  # kappa
        self.eps = eps

    def per_unit(self, tokens: Tensor) -> Tensor:
        """Give tokens (image, token, channel) so that their mean is the pooling by shares."""
        return tokens * (self.constant / tokens[..., -1:].mean(1, keepdim=True))

    def forward(self, pooled: Tensor) -> Tensor:
        """Give the shares.

        Parameters
        ----------
        pooled : (image, channel).
        """
        shares = pooled * (self.constant / pooled[:, -1:])
        if self.eps is not None:
            shares = torch.cat([F.layer_norm(shares[:, :-1], (shares.shape[1] - 1,), eps=self.eps), shares[:, -1:]], 1)
        return shares * self.weight
