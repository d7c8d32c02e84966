"""AbSViT: a timm VisionTransformer that looks twice."""

from __future__ import annotations

from typing import Optional

import torch
import torch.nn.functional as F
from timm.layers import trunc_normal_
from timm.models import checkpoint
from timm.models._features import feature_take_indices
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from absvit.models.attention import TopDownBlock, check_blocks
from absvit.models.feedback import Decoder, fold_decoders

__all__ = ["AbSViT", "cosine_weights"]

# the official demo multiplies the weights of a class by 40 and leaves the learned prompt's as they are
OFFICIAL_GAINS = {"learned": 1.0, "class": 40.0, "vector": 1.0, "place": 1.0}


def cosine_weights(tokens: Tensor, prior: Tensor) -> Tensor:
    """(image, token) cosine of tokens (image, token, channel) and a prior, clamped to [0, 1].

    The prior is (channel,) or (image, 1, channel) (Shi et al. 2023, section 3.3).
    """
    return F.cosine_similarity(tokens, prior, dim=-1).clamp(0, 1)


class AbSViT(VisionTransformer):
    """Vision transformer with top-down attention by analysis by synthesis (Shi et al., CVPR 2023).

    A bottom-up pass; its output, weighted by the learned prompt, goes down through the decoders; a second
    pass adds it to the attention values. Called like any timm ViT it gives the second pass.
    :func:`absvit.perceive` chooses priors, gains and the number of passes.

    Parameters
    ----------
    second_value_bias : add the value bias a second time with the feedback, as the official code does.
    prior_gains : default gain of a learned, class, vector and place prior; the official ones if left out.
    **kwargs : as timm's VisionTransformer.

    Examples
    --------
    >>> logits = model(images)  # the second pass, as of any timm model
    >>> logits.shape
    torch.Size([4, 12])
    """

    def __init__(self, *args, second_value_bias: bool = True, prior_gains: dict | None = None, **kwargs) -> None:
        kwargs.setdefault("block_fn", TopDownBlock)
        super().__init__(*args, **kwargs)
        self.add_feedback(second_value_bias, prior_gains)

    @torch.jit.ignore
    def add_feedback(self, second_value_bias: bool = True, prior_gains: dict | None = None) -> None:
        """Give the model a fresh feedback path: decoders (truncated normal, .02), prompt (standard normal)."""
        check_blocks(self.blocks)
        factory = {"device": self.patch_embed.proj.weight.device, "dtype": self.patch_embed.proj.weight.dtype}
        self.decoders = nn.ModuleList(Decoder(self.embed_dim) for _ in self.blocks).to(**factory)
        self.prompt = nn.Parameter(torch.empty(self.embed_dim, **factory))
        self.second_value_bias = second_value_bias
        self.prior_gains = {**OFFICIAL_GAINS, **(prior_gains or {})}
        self.categories: tuple[str, ...] | None = getattr(self, "categories", None)  # of a ViT that is lifted
        self._folded_cache: tuple | None = None
        self._init_feedback()

    def _init_feedback(self) -> None:
        for decoder in self.decoders:
            trunc_normal_(decoder.linear.weight, std=0.02)
            trunc_normal_(decoder.linear2.weight, std=0.02)
        nn.init.normal_(self.prompt)

    @torch.jit.ignore
    def init_weights(self, *args, **kwargs) -> None:
        """Initialise all weights as timm's ViT does, and the feedback path with them."""
        super().init_weights(*args, **kwargs)
        if hasattr(self, "decoders"):  # timm calls this while the ViT part is being built
            self._init_feedback()

    @torch.jit.ignore
    def no_weight_decay(self) -> set[str]:
        """Names of the parameters that weight decay leaves alone."""
        return super().no_weight_decay() | {"prompt"}

    @torch.jit.ignore
    def group_matcher(self, coarse: bool = False) -> dict:
        """Parameter groups by depth: a decoder belongs to the block that it feeds."""
        return {
            "stem": r"^cls_token|reg_token|pos_embed|patch_embed|norm_pre",
            "blocks": [(r"^(?:blocks|decoders)\.(\d+)", None), (r"^norm|^prompt", (99999,))],
        }

    # ---- the parts that a pass is made of -------------------------------------------------------------------

    def embed(self, images: Tensor) -> Tensor:
        """Turn normalised images into tokens (image, token, channel) for the blocks, the class token first."""
        return self.norm_pre(self.patch_drop(self._pos_embed(self.patch_embed(images))))

    def ascend(
        self,
        x: Tensor,
        drives: Optional[Tensor] = None,
        attn_mask: Optional[Tensor] = None,
        is_causal: bool = False,
    ) -> list[Tensor]:
        """Run the blocks, with or without feedback.

        Parameters
        ----------
        x : (image, token, channel) tokens entering the first block.
        drives : (image, token, layer, channel) top-down drive of every layer's values; None bottom-up.
        attn_mask, is_causal : as in timm's attention.

        Returns
        -------
        Tokens entering each block and, last, leaving the last one (before the final norm): layers + 1
        tensors.
        """
        states = [x]
        for layer, block in enumerate(self.blocks):
            drive = None if drives is None else drives[:, :, layer]
            if self.grad_checkpointing and not torch.jit.is_scripting():
                x = checkpoint(block, x, drive, attn_mask, is_causal)
            else:
                x = block(x, drive, attn_mask, is_causal)
            states.append(x)
        return states

    def descend(self, tokens: Tensor) -> Tensor:
        """Send output tokens, times the prior's weights, down the decoders to every layer's values.

        Gives drives W_v td_l + b_v, (image, token, layer, channel); td_l alone decides where b_v enters once
        only.
        """
        if torch.jit.is_scripting():
            folded = self._fold()
        else:
            folded = self.folded_values(tokens)
        drives = F.linear(tokens, folded.to(tokens.dtype)).unflatten(-1, (len(self.blocks), self.embed_dim))
        bias = self.feedback_bias()
        return drives if bias is None else drives + bias.to(drives.dtype)

    def feedback_bias(self) -> Optional[Tensor]:
        """The value biases that feedback adds a second time, (layer, channel), or None where it adds none."""
        if not self.second_value_bias:
            return None
        biases: list[Tensor] = []
        for block in self.blocks:
            bias = block.attn.qkv.bias
            if bias is None:
                return None
            biases.append(bias[2 * self.embed_dim :])
        return torch.stack(biases)

    def folded_decoders(self) -> list[Tensor]:
        """M_l of every layer, (channel, channel), bottom layer first: td_l = M_l x."""
        handing_on: list[Tensor] = []
        feeding: list[Tensor] = []
        for decoder in self.decoders:
            handing_on.append(decoder.linear.weight)
            feeding.append(decoder.linear2.weight)
        return fold_decoders(handing_on, feeding)

    def _fold(self) -> Tensor:
        """W_v,l M_l of all layers on top of each other, (layer * channel, channel)."""
        folded = self.folded_decoders()
        values: list[Tensor] = []
        for layer, block in enumerate(self.blocks):
            values.append(torch.matmul(block.attn.qkv.weight[2 * self.embed_dim :], folded[layer]))
        return torch.cat(values)

    @torch.jit.ignore
    def folded_values(self, tokens: Tensor) -> Tensor:
        """Give W_v,l M_l of all layers, (layer * channel, channel), kept until a weight changes."""
        recording = torch.compiler.is_compiling() or torch.jit.is_tracing()  # what is kept would become a constant
        if isinstance(tokens, torch.fx.Proxy) or recording or tokens.is_meta:
            return self._fold()
        with torch.autocast(tokens.device.type, enabled=False):  # a product of many matrices needs its digits
            if torch.is_grad_enabled():
                return self._fold()
            kind, fingerprint = (self.prompt.device, self.prompt.dtype), self._weight_fingerprint()
            known = self._folded_cache
            if known is None or known[0] != kind or not torch.equal(known[1], fingerprint):
                known = self._folded_cache = (kind, fingerprint, self._fold())
            return known[2]

    def _weight_fingerprint(self) -> Tensor:
        """One number for each folded matrix that any change of its entries changes (a bilinear form)."""
        dtype = torch.promote_types(self.prompt.dtype, torch.float32)  # half precision would miss small changes
        right = torch.linspace(1, 2, self.embed_dim, dtype=dtype, device=self.prompt.device)
        left = right.sqrt()  # unlike right, so that a transposed matrix gives another number
        weights = [w for decoder in self.decoders for w in (decoder.linear.weight, decoder.linear2.weight)]
        weights += [block.attn.qkv.weight[2 * self.embed_dim :] for block in self.blocks]
        return torch.stack([left @ (w.to(dtype) @ right) for w in weights])

    # ---- timm's contract --------------------------------------------------------------------------------------

    def _second_pass(self, images: Tensor, attn_mask: Optional[Tensor] = None, is_causal: bool = False) -> list[Tensor]:
        """States of the second pass with the learned prompt."""
        x = self.embed(images)
        tokens = self.norm(self.ascend(x, None, attn_mask, is_causal)[-1])
        weights = cosine_weights(tokens, self.prompt)
        return self.ascend(x, self.descend(tokens * weights.unsqueeze(-1)), attn_mask, is_causal)

    def forward_features(self, x: Tensor, attn_mask: Optional[Tensor] = None, is_causal: bool = False) -> Tensor:
        """Tokens (image, token, channel) of the second pass over normalised images, after the final norm.

        The class token comes first. The other arguments are those of timm's attention, in both passes.
        """
        return self.norm(self._second_pass(x, attn_mask, is_causal)[-1])

    def forward(self, x: Tensor, attn_mask: Optional[Tensor] = None, is_causal: bool = False) -> Tensor:
        """Logits (image, class) of the second pass over normalised images; as forward_features."""
        return self.forward_head(self.forward_features(x, attn_mask, is_causal))

    def forward_intermediates(
        self,
        x: Tensor,
        indices: Optional[list[int]] = None,
        return_prefix_tokens: bool = False,
        norm: bool = False,
        stop_early: bool = False,
        output_fmt: str = "NCHW",
        intermediates_only: bool = False,
        output_dict: bool = False,
        attn_mask: Optional[Tensor] = None,
        is_causal: bool = False,
    ) -> list[Tensor]:
        """Tokens leaving blocks of the second pass, in timm's formats; scripted, as a feature extractor's.

        Parameters
        ----------
        x : (image, channel, y, x) images, normalised.
        indices : which blocks: the last n, a list, or all.
        return_prefix_tokens : give the class token too.
        norm : apply the final norm to each.
        stop_early : accepted as in timm; the bottom-up pass needs all blocks anyway.
        output_fmt : "NCHW" for maps, "NLC" for sequences.
        intermediates_only, output_dict : form of the result, as in timm: a list, a tuple or a dictionary.
        attn_mask, is_causal : as in timm's attention, in both passes.
        """
        if torch.jit.is_scripting():
            assert indices is not None and intermediates_only, "a scripted model gives the maps of given blocks only"
            return self._taken(self._second_pass(x, attn_mask, is_causal), x, indices, norm, output_fmt)
        else:
            return self._intermediates(
                x, indices, return_prefix_tokens, norm, output_fmt, intermediates_only, output_dict,
                self._second_pass(x, attn_mask, is_causal),
            )  # fmt: skip

    def _taken(
        self, states: list[Tensor], images: Tensor, take: list[int], norm: bool, output_fmt: str
    ) -> list[Tensor]:
        """The patch tokens that leave some blocks, as maps or sequences."""
        maps: list[Tensor] = []
        for layer in range(len(self.blocks)):
            if layer in take:
                tokens = self.norm(states[layer + 1]) if norm else states[layer + 1]
                tokens = tokens[:, self.num_prefix_tokens :]
                if output_fmt == "NCHW":
                    down, across = self.patch_embed.dynamic_feat_size((images.shape[-2], images.shape[-1]))
                    tokens = tokens.transpose(1, 2).unflatten(2, (down, across)).contiguous()
                maps.append(tokens)
        return maps

    @torch.jit.unused
    def _intermediates(
        self, x, indices, return_prefix_tokens, norm, output_fmt, intermediates_only, output_dict, states
    ) -> list | tuple | dict:
        """What timm's ``forward_intermediates`` gives, in all of its forms."""
        if output_fmt not in ("NCHW", "NLC"):
            raise ValueError(f"output_fmt must be 'NCHW' or 'NLC', got {output_fmt!r}")
        take, _ = feature_take_indices(len(self.blocks), indices)
        maps = self._taken(states, x, take, norm, output_fmt)
        prefix = []
        if return_prefix_tokens and self.num_prefix_tokens:
            taken = [states[layer + 1] for layer in sorted(set(take))]
            prefix = [(self.norm(t) if norm else t)[:, : self.num_prefix_tokens] for t in taken]
        if output_dict:
            result = {"image_intermediates": maps} | ({"image_intermediates_prefix": prefix} if prefix else {})
            return result if intermediates_only else result | {"image_features": self.norm(states[-1])}
        maps = list(zip(maps, prefix, strict=True)) if prefix else maps
        return maps if intermediates_only else (self.norm(states[-1]), maps)

    def prune_intermediate_layers(
        self, indices: int | list[int] = 1, prune_norm: bool = False, prune_head: bool = True
    ) -> list[int]:
        """Drop what the chosen blocks do not need, the head only, as feedback starts at the top."""
        take, _ = feature_take_indices(len(self.blocks), indices)
        if prune_head:
            self.fc_norm = nn.Identity()
            self.reset_classifier(0, "")
        return take
