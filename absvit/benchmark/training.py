"""Training: a step of ours against one of the plain implementation, the loss in bfloat16, and memory."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch
import torch.nn.functional as F
from timm.optim import create_optimizer_v2
from torch import Tensor

from absvit.benchmark.plain import plain_loss
from absvit.benchmark.timing import highest_memory, in_fresh_process, memory_added, times
from absvit.models import AbSViT, create_model
from absvit.training.cpu_kernels import faster_kernels
from absvit.training.pictures.objective import PictureObjective

__all__ = ["Training", "loss_curves", "peak_memory", "training"]

SMOOTHING, VAR_LOSS = 0.1, 0.1
LR, WEIGHT_DECAY = 5e-4, 0.05


@dataclass(frozen=True)
class Training:
    """Training steps: both passes, their loss, backward, AdamW.

    Parameters
    ----------
    models
        Variants to time.
    batch
        Images in the batch.
    repeats
        Timed steps of each implementation, after one that is not timed; the median counts.
    threads
        CPU threads; 0 leaves torch's choice.
    bf16
        Also time ours under bfloat16 autocast, against the plain implementation in float32.
    curve_steps
        Updates over which the loss of ours in bfloat16 is compared with the plain one in float32; 0 for none.
    curve_model
        Variant for that comparison.
    curve_batch
        Images of one of its updates.
    memory
        Also measure peak memory with and without gradient checkpointing.
    device
        "cpu" or "cuda".
    out
        File for the results as JSON; none is written if left out.
    """

    models: tuple[str, ...] = ("absvit_tiny_patch16_224", "absvit_small_patch16_224")
    batch: int = 16
    repeats: int = 5
    threads: int = 0
    bf16: bool = True
    curve_steps: int = 100
    curve_model: str = "absvit_tiny_patch16_224"
    curve_batch: int = 4
    memory: bool = True
    device: str = "cpu"
    out: Path | None = None


class _Learner:
    """A model that takes steps: ours, or the plain implementation of the same."""

    def __init__(self, model: AbSViT, plain: bool = False, bf16: bool = False) -> None:
        self.model = copy.deepcopy(model).train()
        self.objective = PictureObjective(self.model, SMOOTHING, VAR_LOSS)
        self.plain, self.bf16 = plain, bf16
        self.optimizer = create_optimizer_v2(self.model, "adamw", lr=LR, weight_decay=WEIGHT_DECAY)

    def loss(self, images: Tensor, target: Tensor) -> Tensor:
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self.bf16):
            if self.plain:
                return plain_loss(self.model, images, target, SMOOTHING, VAR_LOSS)
            with faster_kernels(images.device, self.model.grad_checkpointing):
                return self.objective(images, target)["loss"]

    def step(self, images: Tensor, target: Tensor) -> float:
        loss = self.loss(images, target)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())  # waits for a GPU, too


def training(parameters: Training) -> list[dict]:
    """Time training steps, follow the loss in bfloat16, and measure memory.

    One row a model with seconds, ratios and bytes, and one with the two loss curves; an ArithmeticError where
    the two implementations disagree.
    """
    if parameters.threads:
        torch.set_num_threads(parameters.threads)
    rows = []
    for name in parameters.models:
        torch.manual_seed(0)
        model = create_model(name).to(parameters.device)
        rows.append({"model": name} | _compare(model, parameters))
        if parameters.memory:
            rows[-1]["peak_bytes"] = peak_memory(name, parameters.batch, parameters.device)
        print(_line(rows[-1]), flush=True)
    if parameters.bf16 and parameters.curve_steps:
        rows.append(loss_curves(parameters))
        shown = [0, *range(9, parameters.curve_steps, 10)]
        print(f"{rows[-1]['model']}, loss of plain float32 and of ours in bfloat16 by step:")
        for step in shown:
            print(f"{step + 1:6d} {rows[-1]['plain'][step]:8.4f} {rows[-1]['ours_bf16'][step]:8.4f}")
    return rows


def _examples(model: AbSViT, n: int, seed: int, device: str) -> tuple[Tensor, Tensor]:
    """Noise with labels, one class each."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(n, 3, *model.patch_embed.img_size, generator=generator)
    target = torch.randint(model.num_classes, (n,), generator=generator)
    return images.to(device), F.one_hot(target, model.num_classes).float().to(device)


def _compare(model: AbSViT, parameters: Training) -> dict:
    """Times of a step of each implementation, once they have been found to have the same loss."""
    examples = _examples(model, parameters.batch, 0, parameters.device)
    learners = {"plain": _Learner(model, plain=True), "ours": _Learner(model)}
    first = {name: learner.step(*examples) for name, learner in learners.items()}
    difference = abs(first["ours"] / first["plain"] - 1)
    if not difference <= 1e-6:
        raise ArithmeticError(f"the losses differ by {difference:.1e} of their value; expected at most 1e-6")
    gradients = _gradient_difference(learners["plain"].model, learners["ours"].model)
    if parameters.bf16:
        learners["ours_bf16"] = _Learner(model, bf16=True)
        learners["ours_bf16"].step(*examples)
    steps = {name: lambda learner=learner: learner.step(*examples) for name, learner in learners.items()}
    seconds, cpu_seconds = times(steps, parameters.repeats)
    row = {"batch": parameters.batch, "loss_difference": difference, "gradient_difference": gradients}
    row |= {"seconds": {name: median(values) for name, values in seconds.items()}}
    row |= {"cpu_seconds": {name: median(values) for name, values in cpu_seconds.items()}}
    for name, key in (("ours", "times_faster"), ("ours_bf16", "bf16_times_faster")):
        if name in learners:
            row[key] = median(p / o for p, o in zip(seconds["plain"], seconds[name], strict=True))
            row[f"{key}_cpu"] = median(p / o for p, o in zip(cpu_seconds["plain"], cpu_seconds[name], strict=True))
    return row


def _gradient_difference(plain: AbSViT, ours: AbSViT) -> float:
    """Largest difference of two models' gradients, over a parameter's largest gradient."""
    pairs = zip(plain.parameters(), ours.parameters(), strict=True)
    return max(float((a.grad - b.grad).abs().max() / a.grad.abs().max().clamp(min=1e-12)) for a, b in pairs)


def loss_curves(parameters: Training) -> dict:
    """Train the plain implementation in float32 and ours in bfloat16 on the same batches and weights.

    Returns
    -------
    Row with the loss of every update, of both. Eight batches of noise come again and again, to be learned by
    heart.
    """
    torch.manual_seed(0)
    model = create_model(parameters.curve_model).to(parameters.device)
    learners = {"plain": _Learner(model, plain=True), "ours_bf16": _Learner(model, bf16=True)}
    batches = [_examples(model, parameters.curve_batch, 1 + k, parameters.device) for k in range(8)]
    row = {"model": parameters.curve_model, "batch": parameters.curve_batch}
    for name, learner in learners.items():
        row[name] = [learner.step(*batches[step % 8]) for step in range(parameters.curve_steps)]
    return row


def peak_memory(name: str, batch: int, device: str) -> dict[str, int]:
    """Bytes that a training step takes, without (kept) and with (recomputed) gradient checkpointing."""
    kinds = {"kept": False, "recomputed": True}
    return {key: in_fresh_process(_peak, name, batch, device, checkpointing) for key, checkpointing in kinds.items()}


def _peak(name: str, batch: int, device: str, checkpointing: bool) -> int:
    """Bytes that a step adds to the peak of this process."""
    torch.manual_seed(0)
    model = create_model(name).to(device)
    model.set_grad_checkpointing(checkpointing)
    learner, examples = _Learner(model), _examples(model, batch, 0, device)
    before = highest_memory(device)
    learner.step(*examples)
    return memory_added(before, device)


def _line(row: dict) -> str:
    """A row of the table that the terminal shows."""
    text = f"{row['model']:26} {row['seconds']['ours']:.2f} s a step of {row['batch']}, "
    text += f"{row['times_faster']:.2f} x plain (CPU time {row['times_faster_cpu']:.2f} x)"
    if "bf16_times_faster" in row:
        text += f"; bf16 {row['bf16_times_faster']:.2f} x plain (CPU time {row['bf16_times_faster_cpu']:.2f} x)"
    if "peak_bytes" in row:
        kept, recomputed = (row["peak_bytes"][key] / 2**20 for key in ("kept", "recomputed"))
        text += f"; peak {kept:.0f} MiB, {recomputed:.0f} MiB with gradient checkpointing"
    return text
