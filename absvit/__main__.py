"""The command `absvit`, also `python -m absvit`: one table of everything that can be run."""

import difflib
import runpy
import sys
from collections.abc import Sequence

from absvit.neighbours import check_not_hidden
from stimuli.foundation.terminal import printing

COMMANDS = {
    "models": ("absvit.models", "list the variants: parameters, published numbers, where the weights are"),
    "convert": ("absvit.convert", "turn an official checkpoint into safetensors with a card"),
    "cifar10": ("absvit.cifar10", "fetch CIFAR-10 as class folders, for the models of photographs"),
    "dimensions": ("absvit.dimensions", "learn what a network tells shape and texture by"),
    "benchmark": ("absvit.benchmark", "time the model against a plain implementation of the same equations"),
    "launch": ("absvit.launch", "run a training, a probe or an evaluation in one process per GPU"),
    "training": ("absvit.training", "train a model by one of the recipes"),
    "robustness": ("absvit.robustness", "evaluate a checkpoint on corrupted, shifted and attacked pictures"),
    "segmentation": ("absvit.segmentation", "train, test and use a segmentation of pictures"),
    "stimuli": ("stimuli", "draw a stimulus set and write it to a folder"),
    "experiments": ("experiments", "run a probe; summarise, draw or export a record"),
}


def _overview() -> str:
    """Say what each command does and how else it is spelt, one line each."""
    rows = [(f"absvit {name}", f"python -m {module}", purpose) for name, (module, purpose) in COMMANDS.items()]
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    lines = [
        "AbSViT: top-down visual attention from analysis by synthesis.",
        "",
        "usage: absvit COMMAND [arguments]      (absvit COMMAND --help says more)",
        "",
    ]
    lines += [f"  {short:{first}}   {module:{second}}   {purpose}" for short, module, purpose in rows]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the first argument names, with the others as its arguments.

    Gives the exit status: 0, or 2 for an unknown command. A command that exits by itself keeps its own.
    """
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    return printing(lambda: _run(*words))


def _run(name: str, *rest: str) -> int:
    if name in ("-h", "--help", "help"):
        print(_overview())
        return 0
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"the commands are {', '.join(COMMANDS)}."
        print(f"absvit: there is no command {name!r}: {hint}", file=sys.stderr)
        return 2
    module = COMMANDS[name][0]
    if module == "experiments":
        try:
            check_not_hidden(module)
        except ImportError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
    sys.argv[1:] = rest
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
