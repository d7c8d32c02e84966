"""The segmenter: a ViT or AbSViT under UPerNet's head; both passes can be read, and steered by a prior."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from absvit.models.absvit import AbSViT, cosine_weights
from absvit.models.priors import Prior
from absvit.segmentation.heads import N_MAPS, AuxiliaryHead, UPerHead

__all__ = ["Maps", "Segmenter", "add_deep_prompts", "resized"]

Maps = list[Tensor]


def resized(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Interpolate logits (image, class, y, x) bilinearly to a height and width, corners not aligned."""
    return F.interpolate(logits, size, mode="bilinear", align_corners=False)


class Segmenter(nn.Module):
    """UPerNet on a vision transformer (Shi et al. 2023, section 4.3: the segmentation models).

    The four maps are the tokens that leave the blocks at a quarter, half, three quarters and the end of the
    depth, the last after the final norm, all at the stride of the patches. An AbSViT is read in its second
    pass. Images of any size are padded with zeros below and on the right to a multiple of the stride; what
    falls on the padding is cut off.

    Parameters
    ----------
    backbone : timm VisionTransformer or AbSViT, made with ``dynamic_img_size``. Its classifier has no part in
        the segmentation and does not learn: a class prior takes its direction from there.
    n_classes : number of classes of the segmentation.
    channels : channels of UPerNet's head.
    auxiliary_channels : channels of the auxiliary head.
    dropout : probability in [0, 1) that a channel is dropped before the read-out of either head.

    Raises
    ------
    ValueError : fewer than four blocks.
    """

    def __init__(
        self,
        backbone: nn.Module,
        n_classes: int,
        channels: int = 512,
        auxiliary_channels: int = 256,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        depth, width = len(backbone.blocks), backbone.embed_dim
        if depth < N_MAPS:
            raise ValueError(f"UPerNet reads {N_MAPS} blocks, but the backbone has only {depth}")
        self.backbone, self.n_classes = backbone, n_classes
        self.layers = tuple(depth * (k + 1) // N_MAPS - 1 for k in range(N_MAPS))
        self.stride = tuple(int(step) for step in backbone.patch_embed.feat_ratio(as_scalar=False))
        self.decode_head = UPerHead(width, channels, n_classes, dropout)
        self.auxiliary_head = AuxiliaryHead(width, auxiliary_channels, n_classes, dropout)

    @property
    def has_feedback(self) -> bool:
        """Whether there is a second pass."""
        return isinstance(self.backbone, AbSViT)

    @property
    def n_passes(self) -> int:
        """Passes over an image: 2 of an AbSViT, 1 of a ViT."""
        return 1 + self.has_feedback

    def padded_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width in pixels that an image of a height and width is padded to."""
        return tuple(-(-pixels // step) * step for pixels, step in zip(size, self.stride, strict=True))

    def grid(self, size: tuple[int, int]) -> tuple[int, int]:
        """token_y and token_x of an image of a height and width in pixels."""
        padded = self.padded_size(size)
        return padded[0] // self.stride[0], padded[1] // self.stride[1]

    def features(self, images: Tensor, prior: Prior | None = None) -> list[Maps]:
        """Give the maps of every pass over normalised images of any size, bottom-up first.

        One list a pass, of four maps (image, channel, token_y, token_x). The prior is that of an AbSViT's
        second pass, the learned prompt if left out; a ViT without feedback takes none.
        """
        return [maps for maps, _ in self.states(images, prior)]

    def states(self, images: Tensor, prior: Prior | None = None) -> list[tuple[Maps, list[Tensor]]]:
        """Give maps and tokens of every pass, as training needs them.

        The tokens (image, token, channel) are those that enter each block of an AbSViT and leave the last
        one; of a ViT those that leave the blocks that are read. Arguments as :meth:`features` takes them.
        """
        height, width = images.shape[-2:]
        padded = self.padded_size((height, width))
        images = F.pad(images, (0, padded[1] - width, 0, padded[0] - height))
        grid, model = self.grid((height, width)), self.backbone
        if not self.has_feedback:
            if prior is not None:
                raise ValueError("a ViT has no feedback, so it takes no prior: use an AbSViT")
            last, between = model.forward_intermediates(images, list(self.layers), output_fmt="NLC")
            patches = [*between[:-1], last[:, model.num_prefix_tokens :]]
            return [([_as_map(tokens, grid) for tokens in patches], between)]
        embedded = model.embed(images)
        states = model.ascend(embedded)
        tokens = model.norm(states[-1])
        weights = cosine_weights(tokens, model.prompt) if prior is None else prior.weigh(tokens, model)
        again = model.ascend(embedded, model.descend(tokens * weights.unsqueeze(-1)))
        return [(self._maps(states, grid), states), (self._maps(again, grid), again)]

    def _maps(self, states: list[Tensor], grid: tuple[int, int]) -> Maps:
        """Maps of a pass from the tokens entering each block and leaving the last."""
        model = self.backbone
        chosen = [states[layer + 1] for layer in self.layers[:-1]] + [model.norm(states[-1])]
        return [_as_map(tokens[:, model.num_prefix_tokens :], grid) for tokens in chosen]

    def read(self, head: nn.Module, maps: Maps | Tensor, size: tuple[int, int]) -> Tensor:
        """Read a pass out at the images' resolution: (image, class, y, x) logits.

        decode_head takes all maps of a pass, auxiliary_head the last one.
        """
        logits = resized(head(maps), self.padded_size(size))
        return logits[..., : size[0], : size[1]]

    def passes(self, images: Tensor, prior: Prior | None = None) -> Tensor:
        """Segment images in every pass, (iteration, image, class, y, x) logits.

        The head has learned to read the last one. Arguments as :meth:`features` takes them.
        """
        size = tuple(images.shape[-2:])
        return torch.stack([self.read(self.decode_head, maps, size) for maps in self.features(images, prior)])

    def forward(self, images: Tensor, prior: Prior | None = None) -> Tensor:
        """Logits (image, class, y, x) of the last pass; arguments as :meth:`features` takes them."""
        return self.read(self.decode_head, self.features(images, prior)[-1], tuple(images.shape[-2:]))


def _as_map(tokens: Tensor, grid: tuple[int, int]) -> Tensor:
    """Patch tokens (image, token, channel) as a map (image, channel, token_y, token_x)."""
    return tokens.transpose(1, 2).unflatten(2, grid).contiguous()


# ---- visual prompts ------------------------------------------------------------------------------------------------


def add_deep_prompts(backbone: nn.Module, n: int) -> None:
    """Give every block its own prompt tokens: deep visual prompt tuning (Jia et al. 2022).

    They stand behind the class token while the block runs and are dropped after it, for the next block has
    its own. Feedback reaches the image's tokens only.

    Parameters
    ----------
    backbone : changed in place; each block gets a parameter ``prompts`` (token, channel).
    n : prompt tokens of a block, at least 1.
    """
    patch = backbone.patch_embed.feat_ratio(as_scalar=False)
    bound = (6 / (3 * patch[0] * patch[1] + backbone.embed_dim)) ** 0.5  # the paper's initialisation
    for block in backbone.blocks:
        values = torch.empty(n, backbone.embed_dim).uniform_(-bound, bound)
        block.register_parameter("prompts", nn.Parameter(values))
        block.prompts_behind = backbone.num_prefix_tokens
        block.register_forward_pre_hook(_insert_prompts)
        block.register_forward_hook(_drop_prompts)


def _insert_prompts(block: nn.Module, arguments: tuple) -> tuple:
    """Put a block's prompts behind the class token; no drive for them."""
    x, *others = arguments
    prompts = block.prompts.to(x.dtype).expand(len(x), -1, -1)
    if others and others[0] is not None:
        others[0] = _between(others[0], torch.zeros_like(prompts), block.prompts_behind)
    return _between(x, prompts, block.prompts_behind), *others


def _drop_prompts(block: nn.Module, _arguments: tuple, x: Tensor) -> Tensor:
    """Leave a block's prompts out of what it gives."""
    first = block.prompts_behind
    return torch.cat([x[:, :first], x[:, first + len(block.prompts) :]], dim=1)


def _between(x: Tensor, inserted: Tensor, first: int) -> Tensor:
    """Tokens with others inserted at a place."""
    return torch.cat([x[:, :first], inserted, x[:, first:]], dim=1)
