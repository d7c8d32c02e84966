"""``python -m absvit.benchmark inference | training ...``: the command line of the benchmarks."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial

from absvit.distributed import joined
from stimuli.foundation import command_line

__all__ = ["main"]

BENCHMARKS = {
    "inference": "Time logits of a batch under several class priors.",
    "training": "Time training steps, follow the loss in bfloat16, and measure memory.",
    "loader": "Time how fast training pictures are read and augmented.",
    "sharing": "Time mechanisms of attention whose priors share what they do not change, against whole passes.",
    "hosts": "Measure what cues do to halves of two kinds, by host and size of the input, in closed form.",
    "words": "Measure what sentences do to halves of two kinds that their map was fitted without, or to given pairs.",
    "segmentation": "Time UPerNet on a backbone, and measure its memory.",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line on words, those of the process if left out, and give its exit code."""
    commands = {name: command_line.deferred(doc, partial(_command, name)) for name, doc in BENCHMARKS.items()}
    return command_line.run(commands, "python -m absvit.benchmark", arguments, (ValueError, OSError, ArithmeticError))


def _command(name: str) -> Callable:
    """The command of a benchmark: the function and the parameters that its module calls after itself."""
    module = importlib.import_module(f"absvit.benchmark.{name}")
    measure, kind = getattr(module, name), getattr(module, name.title())
    return command_line.command(BENCHMARKS[name], partial(_run, measure), parameters=kind)


def _run(measure: Callable[..., list[dict]], parameters: object) -> None:
    """Measure, and write the rows where that is asked for."""
    _check_counts(parameters)
    with joined(getattr(parameters, "device", "cpu")):
        rows = measure(parameters)
    if parameters.out is not None:
        facts = {"parameters": asdict(parameters) | {"out": None}, "rows": rows}
        parameters.out.write_text(json.dumps(facts, indent=1, default=str))


def _check_counts(parameters: object) -> None:
    """Refuse numbers of nothing, which each benchmark would meet elsewhere."""
    for name, value in vars(parameters).items():
        least = 0 if name in ("threads", "workers", "curve_steps", "seed") else 1
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, int) and number < least and not isinstance(number, bool):
                raise ValueError(f"{name} must be at least {least}, got {number}")


if __name__ == "__main__":
    sys.exit(main())
