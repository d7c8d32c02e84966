"""Inference: logits of a batch under several class priors, by perceive and the plain implementation in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch
import torch.nn.functional as F
from torch import Tensor

from absvit.benchmark.plain import plain_perceive
from absvit.benchmark.timing import times
from absvit.images import normalise
from absvit.models import AbSViT, create_model, load_model, priors
from absvit.models.perceive import perceive
from stimuli.families import halves

__all__ = ["Inference", "bf16_agreement", "floor", "inference"]


@dataclass(frozen=True)
class Inference:
    """Inference: logits of a batch under several class priors.

    Parameters
    ----------
    models
        Variants to time.
    batch
        Images in the batch.
    n_priors
        Numbers of class priors.
    repeats
        Timed runs of each implementation; the median counts.
    threads
        CPU threads; 0 leaves torch's choice.
    bf16
        Also time ours under bfloat16 autocast, against the plain implementation in float32.
    out
        File for the results as JSON; none is written if left out.
    """

    models: tuple[str, ...] = ("absvit_tiny_patch16_224", "absvit_small_patch16_224")
    batch: int = 16
    n_priors: tuple[int, ...] = (1, 3, 10)
    repeats: int = 5
    threads: int = 0
    bf16: bool = True
    out: Path | None = None


# ---- the floor: what the matrix products alone take ----------------------------------------------------------------


def floor(model: AbSViT, batch: int, n_priors: int) -> list[Callable[[], object]]:
    """The matrix products that :func:`absvit.perceive` cannot do without, as a call to be timed.

    They are of the shapes that the products have image by image: the linear layers and the two attention
    products of every pass, and the feedback product.
    """
    width, heads = model.embed_dim, model.blocks[0].attn.num_heads
    tokens = model.patch_embed.num_patches + 1
    x, hidden = torch.randn(tokens, width), torch.randn(tokens, 4 * width)
    q = torch.randn(1, heads, tokens, width // heads)
    attention, block = torch.rand(1, heads, tokens, tokens), model.blocks[0]
    patches = torch.randn(1, 3, 224, 224)
    folded = torch.randn(width * len(model.blocks), width)
    rows = batch * (1 + n_priors)

    def block_products() -> None:
        block.attn.qkv(x)
        q @ q.transpose(-2, -1)
        attention @ q
        block.attn.proj(x)
        block.mlp.fc1(x)
        block.mlp.fc2(hidden)

    def whole() -> None:
        for _ in range(rows * len(model.blocks) - batch * n_priors):
            block_products()
        for _ in range(batch * n_priors):  # the first block's queries, keys and values serve all priors
            attention @ q
            block.attn.proj(x)
            block.mlp.fc2(block.mlp.fc1(x))
        for _ in range(batch):
            model.patch_embed.proj(patches)
            F.linear(x, folded)

    return whole


# ---- timing --------------------------------------------------------------------------------------------------------


def inference(parameters: Inference) -> list[dict]:
    """Time perceive against the plain implementation and the floor.

    One row a model and number of priors: seconds, ratios, and how far the logits differ; an ArithmeticError
    where they disagree, so that comparing speed means nothing.
    """
    if parameters.threads:
        torch.set_num_threads(parameters.threads)
    rows = []
    for name in parameters.models:
        torch.manual_seed(0)
        model = create_model(name).eval()
        images = torch.randn(parameters.batch, 3, 224, 224)
        for n_priors in parameters.n_priors:
            rows.append(_compare(model, images, list(range(n_priors)), parameters) | {"model": name})
            print(_line(rows[-1]), flush=True)
    if parameters.bf16:
        rows.append(bf16_agreement())
        print(
            f"{rows[-1]['model']}, trained: bf16 same top-1 {rows[-1]['bf16_same_top1']:.1%} of {rows[-1]['answers']}, "
            f"largest probability difference {rows[-1]['bf16_probability_difference']:.4f}"
        )
    return rows


def bf16_agreement(n: int = 264) -> dict:
    """Tell how far bfloat16 changes what a trained model says; untrained ones hardly prefer any class.

    Of n bistable stimuli under a cue for either object: number of answers, share with the same top-1, and the
    largest difference of a probability.
    """
    model = load_model("absvit_micro")
    stimuli = halves.draw(halves.Halves(), n, seed=21)
    images = normalise(stimuli["image"].values, model.pretrained_cfg["mean"], model.pretrained_cfg["std"])
    cues = [priors.ClassPrior(torch.from_numpy(classes)) for classes in stimuli["object_class"].values.T]
    exact = perceive(model, images, cues).probabilities[1]
    rough = _autocast(lambda: perceive(model, images, cues).logits[1]).float().softmax(-1)
    return {"model": "absvit_micro", "answers": 2 * n} | _agreement(exact, rough)


@torch.no_grad()
def _compare(model: AbSViT, images: Tensor, classes: list[int], parameters: Inference) -> dict:
    """Times of all contenders for one number of priors."""
    cues = [priors.ClassPrior(index, gain=40.0) for index in classes]
    contenders = {
        "plain": lambda: plain_perceive(model, images, classes, 40.0),
        "ours": lambda: perceive(model, images, cues).logits[1],
        "floor": floor(model, len(images), len(classes)),
    }
    if parameters.bf16:
        contenders["ours_bf16"] = lambda: _autocast(contenders["ours"])
    outputs = {name: call() for name, call in contenders.items()}
    difference = (outputs["ours"] - outputs["plain"]).abs().max() / outputs["plain"].abs().max()
    if difference > 1e-4:
        raise ArithmeticError(f"logits differ by {difference:.1e} of their largest value; expected at most 1e-4")
    seconds, _ = times(contenders, parameters.repeats)
    medians = {name: median(values) for name, values in seconds.items()}
    row = {"priors": len(classes), "seconds": medians, "logit_difference": float(difference)}
    row["times_faster"] = median(p / o for p, o in zip(seconds["plain"], seconds["ours"], strict=True))
    row["over_floor"] = median(o / f for o, f in zip(seconds["ours"], seconds["floor"], strict=True))
    if parameters.bf16:
        plain, ours = outputs["plain"].softmax(-1), outputs["ours_bf16"].float().softmax(-1)
        row["bf16_times_faster"] = median(p / o for p, o in zip(seconds["plain"], seconds["ours_bf16"], strict=True))
        row |= _agreement(plain, ours)
    return row


def _agreement(exact: Tensor, rough: Tensor) -> dict[str, float]:
    """Share of the answers with the same top-1, and the largest difference of a probability."""
    same = (exact.argmax(-1) == rough.argmax(-1)).float().mean()
    return {"bf16_same_top1": float(same), "bf16_probability_difference": float((exact - rough).abs().max())}


def _autocast(call: Callable[[], Tensor]) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        return call()


def _line(row: dict) -> str:
    """A row of the table that the terminal shows."""
    text = f"{row['model']:26} {row['priors']:3d} priors: {row['times_faster']:.2f} x plain, "
    text += f"{row['over_floor']:.2f} x floor"
    if "bf16_times_faster" in row:
        text += (
            f"; bf16 {row['bf16_times_faster']:.2f} x plain, same top-1 {row['bf16_same_top1']:.1%}, "
            f"largest probability difference {row['bf16_probability_difference']:.4f}"
        )
    return text
