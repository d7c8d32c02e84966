"""One pass of a ViT by its own blocks, the scores of some of them biased; and what the pass leaves.

``block_passes`` runs many priors at once, for feedback; here each block is called as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from timm.models.vision_transformer import Attention, VisionTransformer
from torch import Tensor

from absvit.models.absvit import AbSViT
from absvit.models.class_activation import class_activation, classes_named, classifier_rows, pooled_tokens
from absvit.models.priors import LearnedPrior, Prior

__all__ = ["PASSED", "VITS", "VitPass", "attention_of", "blocks_passed", "embedded"]

VITS = (VisionTransformer, AbSViT)  # a class derived from these may compute anything
PASSED = ("tokens", "token_norms", "value_norms", "attention", "class_attention", "class_activation")


@dataclass(frozen=True, eq=False)
class VitPass:
    """What a pass over some images leaves.

    Parameters
    ----------
    model : whose blocks were run.
    states : (image, token, channel) tokens entering each block and, last, leaving the last one.
    biases : by block, (image, token) what was added to the scores of a key.
    tokens : (image, token, channel) after the final norm.
    logits : (image, class).
    """

    model: VisionTransformer
    states: Sequence[Tensor]
    biases: Mapping[int, Tensor]
    tokens: Tensor
    logits: Tensor

    def recorded(self, record: Sequence[str], prior: Prior | None = None) -> dict[str, Tensor]:
        """Give the logits and what else a trajectory keeps of the pass.

        Parameters
        ----------
        record : some of ``PASSED``.
        prior : what was looked for; None bottom-up.
        """
        return {"logits": self.logits} | {name: self._kept(name, prior) for name in record}

    def _kept(self, name: str, prior: Prior | None) -> Tensor:
        if name == "tokens":
            return self.tokens
        if name == "token_norms":
            return torch.stack([x.norm(dim=-1) for x in self.states[:-1]], dim=1)
        if name == "class_activation":
            priors = [prior or LearnedPrior()]
            index = classes_named(priors, self.model, self.logits[None])[0]
            places = self.tokens.shape[1] - self.model.num_prefix_tokens
            return class_activation(
                pooled_tokens(self.model, self.tokens), classifier_rows(self.model), index, 1 / places
            )
        found = [
            OF_BLOCK[name](block.attn, block.norm1(self.states[layer]), self.biases.get(layer))
            for layer, block in enumerate(self.model.blocks)
        ]
        return torch.stack(found, dim=1)


def embedded(model: VisionTransformer, images: Tensor) -> Tensor:
    """Give the tokens entering the first block, (image, token, channel), of normalised images."""
    return model.norm_pre(model.patch_drop(model._pos_embed(model.patch_embed(images))))


def blocks_passed(
    model: VisionTransformer, states: Sequence[Tensor], biases: Mapping[int, Tensor] | None = None
) -> VitPass:
    """Run the blocks that are left.

    Parameters
    ----------
    model : in eval mode.
    states : (image, token, channel) tokens entering the blocks up to the first that is to be run, at least
        those entering the very first.
    biases : by block, (image, token) to be added to the scores that queries give a key; none, if left out.
    """
    states, biases = list(states), biases or {}
    for layer in range(len(states) - 1, len(model.blocks)):
        mask = biases[layer][:, None, None] if layer in biases else None  # of every head and query
        states.append(model.blocks[layer](states[-1], attn_mask=mask))
    tokens = model.norm(states[-1])
    return VitPass(model, states, biases, tokens, model.forward_head(tokens))


# ---- what a block is asked for -----------------------------------------------------------------------------


def attention_of(attn: Attention, x: Tensor, bias: Tensor | None = None) -> Tensor:
    """Attention (image, head, query, key): softmax over keys of scale q . k + bias.

    Parameters
    ----------
    attn : of the block.
    x : (image, token, channel) normed tokens.
    bias : (image, key).
    """
    query, key, _ = attn.qkv(x).unflatten(-1, (3, attn.num_heads, -1)).permute(2, 0, 3, 1, 4)
    scores = attn.scale * attn.q_norm(query) @ attn.k_norm(key).transpose(-2, -1)
    return (scores if bias is None else scores + bias[:, None, None]).softmax(-1)


def _class_attention(attn: Attention, x: Tensor, bias: Tensor | None) -> Tensor:
    return attention_of(attn, x, bias)[:, :, 0].mean(1)


def _value_norms(attn: Attention, x: Tensor, bias: Tensor | None) -> Tensor:
    return attn.qkv(x).chunk(3, dim=-1)[2].norm(dim=-1)


OF_BLOCK = {"attention": attention_of, "class_attention": _class_attention, "value_norms": _value_norms}
