"""A small data set of coloured noise, and short trainings on it, for the tests of training."""

import json

import numpy as np
from PIL import Image

from absvit.training import __main__ as command

COLOURS = {"blue": (40, 40, 220), "green": (30, 200, 30), "red": (220, 40, 40)}
# 16 px for a model that takes 8 px patches: 2 x 2 tokens, so that a training takes a second
SMALL = (
    "--model", "absvit_micro", "--input-size", "16", "--batch-size", "8", "--total-batch", "8", "--epochs", "3",
    "--warmup-epochs", "1", "--num-workers", "0", "--device", "cpu", "--log-every", "1", "--precision", "fp32",
)  # fmt: skip
UPDATES = 9  # three epochs of 24 pictures


def make(root):
    """Three classes of coloured noise, 8 pictures each for training and 3 for validation."""
    generator = np.random.default_rng(0)
    for split, n in (("train", 8), ("val", 3)):
        for name, colour in COLOURS.items():
            folder = root / split / name
            folder.mkdir(parents=True)
            for k in range(n):
                pixels = np.clip(np.array(colour) + generator.normal(0, 40, (20, 20, 3)), 0, 255)
                Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{k}.png")
    return root


def run(out, data, *options, recipe="finetune"):
    words = [recipe, *SMALL, "--data-path", data, *options, "--output_dir", out]
    return command.main([str(word) for word in words])


def lines_of(out):
    """Lines of a training's log."""
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def log_of(out):
    """Lines about updates, and about epochs."""
    lines = lines_of(out)
    return [line for line in lines if "epoch" not in line], [line for line in lines if "epoch" in line]


def without_time(lines):
    return [
        {k: v for k, v in line.items() if k not in ("seconds", "images_per_second", "memory_MiB")} for line in lines
    ]


class KilledError(BaseException):
    """Ends a training as a signal would."""


def error_of(capsys):
    printed = capsys.readouterr().err
    lines = [line for line in printed.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1 and "Traceback" not in printed
    return lines[0]


ALL_ON = (
    "--model-ema", "--mixup", "0.8", "--cutmix", "1", "--drop", "0.1", "--drop-path", "0.2", "--use_patch_aug",
    "--checkpoint-every", "2",
)  # fmt: skip
