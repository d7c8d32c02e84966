"""Segmentation: time and peak memory of UPerNet on a backbone, for an image and for a training step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch

from absvit.benchmark.timing import highest_memory, in_fresh_process, memory_added, times
from absvit.segmentation.loading_segmenter import build_segmenter
from absvit.segmentation.objective import SegmentationObjective
from absvit.segmentation.recipe import SegmentationRecipe
from absvit.segmentation.segmenter import Segmenter
from absvit.segmentation.transforms import Varied

__all__ = ["Segmentation", "segmentation"]


@dataclass(frozen=True)
class Segmentation:
    """UPerNet on a backbone: segmenting an image, and a training step.

    Parameters
    ----------
    models
        Backbones.
    size
        Height and width of the image in pixels.
    classes
        Number of classes.
    batch
        Images of a training step, at least 2.
    channels
        Channels of UPerNet's head.
    repeats
        Timed runs, after one that is not timed; the median counts.
    threads
        CPU threads; 0 leaves torch's choice.
    train
        Also take training steps.
    device
        "cpu" or "cuda".
    out
        File for the results as JSON; none is written if left out.
    """

    models: tuple[str, ...] = ("vit_base_patch16_224", "absvit_base_patch16_224")
    size: int = 512
    classes: int = 150
    batch: int = 2
    channels: int = 512
    repeats: int = 3
    threads: int = 0
    train: bool = True
    device: str = "cpu"
    out: Path | None = None

    def __post_init__(self) -> None:
        if self.batch < 2 or self.repeats < 1:
            raise ValueError(f"batch must be at least 2 and repeats at least 1, got {self.batch} and {self.repeats}")


def segmentation(parameters: Segmentation) -> list[dict]:
    """Measure each backbone in fresh processes, one for an image and one for a training step.

    Returns
    -------
    One row a model: its parameters by part; seconds, and CPU seconds of all threads, of the backbone, of the
    head with the interpolation, and of a training step; and bytes that the process took beyond what it held
    with the model alone.
    """
    rows = []
    for name in parameters.models:
        rows.append({"model": name})
        for measure in (_image, *([_step] if parameters.train else [])):
            rows[-1] |= in_fresh_process(measure, name, parameters)
        print(_line(rows[-1], parameters), flush=True)
    return rows


def _built(name: str, parameters: Segmentation) -> Segmenter:
    """The segmenter with random weights."""
    if parameters.threads:
        torch.set_num_threads(parameters.threads)
    torch.manual_seed(0)
    varied = Varied(crop=(parameters.size, parameters.size))
    recipe = SegmentationRecipe(name, "timed", name, finetune="none", varied=varied, channels=parameters.channels)
    return build_segmenter(recipe, parameters.classes).to(parameters.device)


def _image(name: str, parameters: Segmentation) -> dict:
    """Segment one image."""
    model = _built(name, parameters).eval()
    size = (parameters.size, parameters.size)
    image = torch.randn(1, 3, *size, device=parameters.device)
    before = highest_memory(parameters.device)
    with torch.no_grad():
        maps = model.features(image)[-1]
        parts = {"backbone": lambda: model.features(image), "head": lambda: model.read(model.decode_head, maps, size)}
        seconds, cpu_seconds = _medians(parts, parameters)
    parts = {"backbone": model.backbone, "decode_head": model.decode_head, "auxiliary_head": model.auxiliary_head}
    return {
        "parameters": {part: sum(p.numel() for p in module.parameters()) for part, module in parts.items()},
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "peak_bytes": memory_added(before, parameters.device),
    }


def _step(name: str, parameters: Segmentation) -> dict:
    """Take training steps: both heads, backward, AdamW."""
    model = _built(name, parameters).train()
    objective = SegmentationObjective(model)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=6e-5)
    images = torch.randn(parameters.batch, 3, parameters.size, parameters.size, device=parameters.device)
    labels = torch.randint(parameters.classes, (parameters.batch, parameters.size, parameters.size))
    labels = labels.to(parameters.device)

    def step() -> None:
        objective(images, labels)["loss"].backward()
        optimizer.step()
        optimizer.zero_grad()

    before = highest_memory(parameters.device)
    seconds, cpu_seconds = _medians({"step": step}, parameters)
    needed = memory_added(before, parameters.device)
    return {"seconds_step": seconds["step"], "cpu_seconds_step": cpu_seconds["step"], "peak_bytes_step": needed}


def _medians(calls: dict[str, Callable[[], object]], parameters: Segmentation) -> list[dict[str, float]]:
    """Median seconds, and seconds of all CPU threads, of some runs after a first one."""
    measured = times(calls, parameters.repeats + 1)
    return [{name: median(values[1:]) for name, values in kind.items()} for kind in measured]


def _line(row: dict, parameters: Segmentation) -> str:
    """A row of the table that the terminal shows."""
    seconds, cpu, counts = row["seconds"], row["cpu_seconds"], row["parameters"]
    text = f"{row['model']:26} {counts['backbone']:,} + {counts['decode_head']:,} + {counts['auxiliary_head']:,} "
    text += f"parameters; an image of {parameters.size} px: backbone {seconds['backbone']:.2f} s (CPU "
    text += f"{cpu['backbone']:.2f} s), head {seconds['head']:.2f} s (CPU {cpu['head']:.2f} s), peak "
    text += f"{row['peak_bytes'] / 2**20:.0f} MiB beyond the model"
    if "seconds_step" in row:
        text += f"; a training step of {parameters.batch}: {row['seconds_step']:.2f} s (CPU "
        text += f"{row['cpu_seconds_step']:.2f} s), peak {row['peak_bytes_step'] / 2**20:.0f} MiB beyond it"
    return text
