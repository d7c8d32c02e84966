"""Any network that classifies the mean of its places, as an AbSViT whose feedback is a gate of evidence.

Derivation
----------
Let a host show a feature f_i at each of N places, and answer W mean_i f_i + c. Write W = Q A + 1 w', with
w the mean row and Q of orthonormal columns: x_i = A f_i are the logits that place i would give, less
their mean, in orthogonal coordinates, and row k of Q is the direction of class k among them:
Q_k . x_i = (W_k - w) f_i.

Take tokens (x_i, kappa), kappa a constant; one block whose queries and keys are 0, so that attention is
uniform, whose values are the tokens, whose projection is beta times the identity, and whose MLP is
silent; and decoders that are s times the identity. A pass without feedback gives

    x_i + beta mean_j x_j,    of mean (1 + beta) mean_j x_j,

and feedback, in which the tokens weighted by a prior w_j return to the values (Shi et al. 2023, section
3.3), adds beta s mean_j w_j x_j to every token. So the mean is, up to a factor, sum_j (1 + g w_j) x_j
with g = beta s / (1 + beta), and its last channel kappa sum_j (1 + g w_j). Divided by that channel it is

    sum_j (1 + g w_j) x_j / sum_j (1 + g w_j),

the pooling by shares of an evidence gate: **feedback is a gate, where attention is uniform and decoders
are the identity**. Without a prior it is the host, exactly. With s = N (1 + beta) / beta a place of
weight 1 counts as N places do that nothing weighs. With n blocks, beta becomes (1 + beta)^n - 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Real

import torch
from torch import Tensor, nn

from absvit.closed_form.host_embed import Host, HostEmbed, SharesNorm
from absvit.models.absvit import AbSViT
from absvit.models.perceive import evaluating
from absvit.networks.network import Network, network_of
from absvit.networks.readout import Readout, readout_of

__all__ = ["GAINS", "SHARPNESS", "skeleton", "steerable_from"]

GAINS = {"learned": 1.0, "class": 100.0, "vector": 100.0, "place": 100.0}
SHARPNESS = 8.0
LENGTH = 1e-2  # of a token, about: what is fed back, N times as strong, then fits into half precision
CONSTANT = 1e-2  # of that length
ASIDE, LITTLE = 1e-3, 0.02  # of the mean logit, in a token and in a row: it is no evidence
BATCHES = "pictures are batches (image, channel, y, x) of normalised images, such as a list of them"
EPS = (1e-6, 1e-5, 1e-12)  # of layer norms
EXACT = 1e-4  # of the largest logit
ALIKE = 1e-9  # of the largest weight


def steerable_from(
    network: Network | nn.Module,
    pictures: Iterable[Tensor] | None = None,
    *,
    rank: int | None = None,
    blocks: int = 1,
    share: float = 0.01,
    blur: bool = True,
    sharpness: float = SHARPNESS,
    places: bool = False,
) -> AbSViT:
    """Make an AbSViT over a frozen network, its host: in seconds, without training. The module derives why.

    Bottom-up it answers as its host does: to rounding at full rank, whatever the other parameters. A
    class prior gates places by how much of the evidence that each shows is for the class.

    Parameters
    ----------
    network : whose classifier is linear after the mean over its places, a layer norm between them or not:
        CNNs with global average pooling, ViTs that pool their tokens. It is used as it is, and shared.
    pictures : batches (image, channel, y, x) of normalised images, of any content. The directions that
        are kept, where not all are, are those in which logits vary most over their places; without
        pictures over features that vary in all directions alike.
    rank : number of directions among logits that are kept; None for all. Fewer are faster, and no longer
        exact.
    blocks : of attention, at least 1. They do the same.
    share : beta of the derivation: of the mean of all tokens in each one after a block. It blunts the
        evidence.
    blur : mix each place with its neighbours, by a binomial kernel: its evidence becomes that of a
        neighbourhood.
    sharpness : of class and vector priors, where they have none of their own; a power, 1 is the paper's.
    places : read the mean over places also where a class token is classified. Bottom-up it then answers
        otherwise than its host.

    Returns
    -------
    AbSViT in eval mode, frozen but for what training may change (its ``state_dict``, without the host).
    Default gains are :data:`GAINS`. Its card tells host and parameters; it is saved as any other, and its
    weights are loaded into what this function gives for the same host.

    Raises
    ------
    ValueError : no such network, a parameter out of range, or pictures that do not fit.

    Examples
    --------
    >>> import timm
    >>> host = timm.create_model("test_vit.r160_in1k", global_pool="avg", num_classes=12)
    >>> steered = absvit.steerable_from(host)
    >>> type(steered).__name__
    'AbSViT'
    """
    network = network if isinstance(network, Network) else network_of(network)
    readout = readout_of(network)
    _check(network, readout, rank, blocks, share, sharpness, places)
    with torch.no_grad(), evaluating(network.module):
        embedding, rows, bias, aside, eps = _linear_parts(network, readout, pictures, rank)
        parts = {"classes": len(rows), "channels": embedding.shape[1], "width": embedding.shape[0] + 1}
        shape = {"grid": readout.grid, "size": tuple(network.size), "blocks": blocks, "blur": blur, "eps": eps}
        host = Host(network.module, readout.layer, readout.tokens, readout.prefix)
        model = skeleton(host, **parts, **shape).to(network.device)
        _write(model, embedding, rows, bias, aside, share)
        length = model.patch_embed(network.picture(1))[..., :-1].norm(dim=-1).mean()
        model.fc_norm.constant.copy_(CONSTANT * length)
        model.patch_embed.constant.copy_(CONSTANT * LENGTH)
        model.patch_embed.proj.weight.mul_(LENGTH / length)
    return _told(model, network, sharpness, {"rank": rank, "blocks": blocks, "share": share, "blur": blur})


def skeleton(
    host: Host | None,
    *,
    classes: int,
    channels: int,
    width: int,
    grid: tuple[int, int],
    size: tuple[int, int],
    blocks: int = 1,
    blur: bool = True,
    eps: float | None = None,
    **kwargs,
) -> AbSViT:
    """Make an AbSViT of the shape of a closed form, with weights as any AbSViT starts with.

    Parameters
    ----------
    host, grid, size, channels, width, blur : as of :class:`HostEmbed`.
    classes : number of classes.
    blocks : number of blocks.
    eps : of the host's layer norm behind the pooling, None for none.
    **kwargs : as timm's VisionTransformer, beside what is said here.
    """

    def embed(**given) -> HostEmbed:
        return HostEmbed(host, grid, size, channels, width, blur)

    model = AbSViT(
        img_size=size, patch_size=1, embed_layer=embed, embed_dim=width, depth=blocks, num_heads=1, mlp_ratio=1 / 64,
        qkv_bias=False, class_token=False, pos_embed="none", norm_layer=nn.Identity, final_norm=False,
        global_pool="avg", num_classes=classes, second_value_bias=False, prior_gains=GAINS, **kwargs,
    )  # fmt: skip
    model.fc_norm = SharesNorm(width, eps)
    model.prior_sharpness = SHARPNESS
    return model


def _check(network: Network, readout: Readout, rank, blocks, share: float, sharpness: float, places: bool) -> None:
    if not readout.pooled and not places:
        raise ValueError(
            f"{network.name} classifies a class token, not the mean of its places: give places=True to read the mean "
            "with its classifier all the same, or a network that pools its places"
        )
    for name, value, least in (("rank", rank, 1), ("blocks", blocks, 1)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}")
    if isinstance(share, bool) or not isinstance(share, Real) or not 0 < share <= 1:
        raise ValueError(f"share must be a number in (0, 1], got {share!r}")
    if isinstance(sharpness, bool) or not isinstance(sharpness, Real) or not 0 < sharpness < math.inf:
        raise ValueError(f"sharpness must be a positive number, got {sharpness!r}")


def _features(readout: Readout, images: Tensor) -> Tensor:
    """What the host shows at its places, (image, place, channel)."""
    return readout.places(readout.features(images))


def _linear_parts(
    network: Network, readout: Readout, pictures: Iterable[Tensor] | None, rank: int | None
) -> tuple[Tensor, Tensor, Tensor, Tensor, float | None]:
    """What is written into a model: embedding, rows and bias of the head, scales behind the pooling.

    The embedding is (channel of tokens, channel of features). Last comes the eps of the host's layer norm,
    None where it has none.
    """
    rows = readout.weight.detach().double()
    features = torch.randn(4, rows.shape[1], generator=torch.Generator().manual_seed(0)).to(readout.weight)
    given, bias = readout.classify(features).double(), readout.classify(torch.zeros_like(features[:1]))[0].double()
    if not _agree(features.double() @ rows.T + bias, given):  # a norm stands between pooling and classifier
        eye = torch.eye(rows.shape[1], dtype=rows.dtype, device=rows.device)
        return eye, rows, bias, torch.ones_like(rows[0]), _eps(0.01 * features, readout, rows, bias)
    mean = rows.mean(0)
    centred = rows - mean
    if centred.abs().max() <= ALIKE * rows.abs().max():
        raise ValueError(f"{network.name} tells no classes apart, all rows of its classifier are alike: train it first")
    moment = centred @ centred.T if pictures is None else centred @ _moment(network, readout, pictures) @ centred.T
    values, directions = torch.linalg.eigh(moment)
    kept = (values > values.max() * len(rows) * 1e-12).sum() if rank is None else min(rank, len(rows) - 1)
    basis = directions[:, -int(kept) :].flip(1)
    embedding = torch.cat([basis.T @ centred, ASIDE * mean[None]])
    scales = torch.ones_like(embedding[:, 0])
    scales[-1] = 1 / (ASIDE * LITTLE)
    return embedding, torch.cat([basis, torch.full_like(basis[:, :1], LITTLE)], 1), bias, scales, None


def _agree(logits: Tensor, expected: Tensor) -> bool:
    return bool((logits - expected).abs().max() <= EXACT * expected.abs().max())


def _eps(features: Tensor, readout: Readout, rows: Tensor, bias: Tensor) -> float:
    """The eps with which a layer norm and the rows give what the host gives, of features so small that it counts."""
    given = readout.classify(features).double()
    for eps in EPS:
        normed = nn.functional.layer_norm(features.double(), features.shape[1:], eps=eps)
        if _agree(normed @ rows.T + bias, given):
            return eps
    raise ValueError("what stands between the pooling and the classifier is neither nothing nor a layer norm")


def _moment(network: Network, readout: Readout, pictures: Iterable[Tensor]) -> Tensor:
    """Second moment (channel, channel) of features about their mean, over the places of pictures."""
    number, total, squares = 0, 0.0, 0.0
    if not isinstance(pictures, Iterable):
        raise ValueError(f"{BATCHES}, got {type(pictures).__name__}")
    for images in pictures:
        if not isinstance(images, Tensor) or images.ndim != 4 or not images.is_floating_point():
            raise ValueError(BATCHES)
        if not images.isfinite().all():
            raise ValueError("pictures hold numbers that are not finite: check them")
        features = _features(readout, images.to(network.device)).flatten(0, 1).double()
        number, total, squares = number + len(features), total + features.sum(0), squares + features.T @ features
    if not number:
        raise ValueError("pictures hold no image: give some, or leave them out")
    return squares / number - torch.outer(total, total) / number**2


def _write(model: AbSViT, embedding: Tensor, rows: Tensor, bias: Tensor, scales: Tensor, share: float) -> None:
    """Write the weights of the derivation into a model."""
    identity = torch.eye(model.embed_dim)
    model.patch_embed.proj.weight.copy_(embedding)
    model.head.weight.copy_(torch.nn.functional.pad(rows, (0, 1)))
    model.head.bias.copy_(bias)
    model.fc_norm.weight[:-1].copy_(scales)
    model.prompt.zero_()
    for block in model.blocks:
        block.attn.qkv.weight.zero_()[2 * model.embed_dim :].copy_(identity)
        block.attn.proj.weight.copy_(share * identity)
        for silent in (block.attn.proj.bias, block.mlp.fc2.weight, block.mlp.fc2.bias):
            silent.zero_()
    grown = (1 + share) ** len(model.blocks)
    for decoder in model.decoders:
        decoder.linear.weight.copy_(identity)
        decoder.linear2.weight.copy_(identity * model.patch_embed.num_patches * grown / (grown - 1))


def _told(model: AbSViT, network: Network, sharpness: float, parameters: dict) -> AbSViT:
    """The model with what is known of it: its host's classes and pixels, its parameters, no weights file."""
    checkpoint, sha256 = network.weights()
    model.prior_sharpness, model.categories = float(sharpness), tuple(network.categories)
    model.card = {
        "closed_form": {"host": network.name, "weights": checkpoint, "sha256": sha256, **parameters},
        "prior_sharpness": model.prior_sharpness,
        "prior_gains": dict(GAINS),
        "categories": list(network.categories),
    }
    pixels = {key: network.facts[key] for key in ("crop_pct", "interpolation") if key in network.facts}
    pixels |= {"input_size": (3, *network.size), "mean": tuple(network.mean), "std": tuple(network.std)}
    model.pretrained_cfg = pixels
    model.checkpoint, model.checkpoint_sha256 = f"closed form of {checkpoint or network.name}", ""
    return model.requires_grad_(False).eval()
