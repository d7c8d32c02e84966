"""``python -m absvit.launch [torchrun's options] [RECIPE | PROGRAM ...] [options]``: one process per GPU.

torchrun without its page of text when a process fails: the processes have said why. What is not an option of
torchrun goes to the program that comes first (``experiments``, ``absvit.robustness``,
``absvit.segmentation``), else to :mod:`absvit.training`, which trains every recipe. Without a GPU, or with
--device cpu, as many processes as NPROC says (default 1); --nproc-per-node overrules both.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import os
import re
import runpy
import sys
from collections.abc import Sequence

from absvit.distributed import LAUNCHER

OPTIONS = (
    "nnodes", "nproc-per-node", "node-rank", "max-restarts", "rdzv-backend", "rdzv-endpoint", "rdzv-id", "rdzv-conf",
    "master-addr", "master-port", "local-addr", "monitor-interval", "log-dir", "redirects", "tee",
)  # fmt: skip
PROGRAMS = ("experiments", "absvit.robustness", "absvit.segmentation")  # a training needs its recipe only


def split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part torchrun's options, the number of processes filled in, from all other words in their order."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in OPTIONS:
        parser.add_argument(f"--{name}", f"--{name.replace('-', '_')}", type=os.path.expanduser)
    known, others = parser.parse_known_args(list(words))
    given = {name: value for name, value in vars(known).items() if value is not None}
    if "nproc_per_node" not in given and "PET_NPROC_PER_NODE" not in os.environ:
        on_cpu = "--device=cpu" in others or ("--device", "cpu") in zip(others, others[1:], strict=False)
        given["nproc_per_node"] = str((0 if on_cpu else _gpus()) or os.environ.get("NPROC", 1))
    return [f"--{name.replace('_', '-')}={value}" for name, value in given.items()], others


def _gpus() -> int:
    import torch

    return torch.cuda.device_count()


def program_of(words: Sequence[str]) -> list[str]:
    """Put the module that shall run before words of which a program or a recipe comes first."""
    return list(words) if words and words[0] in PROGRAMS else ["absvit.training", *words]


def _parsed(words: list[str]) -> argparse.Namespace:
    """Torchrun's own reading of its options, whose refusals are exceptions here."""
    import torch.distributed.run as torchrun

    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            found = torchrun.parse_args(words)
    except SystemExit as stop:
        raise ValueError(said.getvalue().rpartition("error: ")[2]) from stop
    if re.fullmatch(r"-\d+|0+", found.nproc_per_node):
        raise ValueError(f"expected at least 1 process, got {found.nproc_per_node}")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; help is a matter of the program alone, for which no process is started.

    Returns
    -------
    0; the exit code of the process that failed first (1 where a signal ended it); 2 where none could be
    started.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not {"-h", "--help"}.isdisjoint(words):
        program, *sys.argv[1:] = program_of(words)
        runpy.run_module(program, run_name="__main__", alter_sys=True)
        return 0
    options, words = split(words)
    if "--nproc-per-node=1" not in options:
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # as torchrun would, with a warning
    os.environ[LAUNCHER] = str(os.getpid())
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # or torch says that all gradients are used
    logging.disable()  # the processes say what is wrong; this one only starts them
    try:
        return _launch([*options, "-m", "--", *program_of(words)])
    finally:
        del os.environ[LAUNCHER]


def _launch(words: list[str]) -> int:
    """Let torchrun run the processes, and give the exit code."""
    import torch.distributed.run as torchrun
    from torch.distributed import DistError
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.elastic.rendezvous import RendezvousError

    try:
        torchrun.run(_parsed(words))
    except ChildFailedError as failure:
        code = failure.get_first_failure()[1].exitcode
        if code < 0:
            print(f"error: a process was ended by signal {-code}", file=sys.stderr)
        return code if code > 0 else 1
    except SignalException as stop:
        return 128 + stop.sigval.value
    except (RendezvousError, DistError, ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        print(f"error: the processes cannot be started ({reason}): check torchrun's options and NPROC", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
