"""Programs in several processes: started by torchrun, or forked from a server that has loaded what takes long."""

import multiprocessing
import os
import runpy
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from torch.distributed import TCPStore

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["torch", "timm", "xarray", "zarr", "absvit.models.perceive"])


def torchrun(*words):
    """What a program in two processes said, once it has ended well."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", str(port)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*launcher, *map(str, words)], capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    return done


def both(module, *words, count=2):
    """What processes said that run a module or file together, as torchrun's do, and the largest of their exit codes."""
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)  # outlives both, as a launcher's does
    shared = {
        "WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(store.port),
        "TORCHELASTIC_USE_AGENT_STORE": "True", "TORCHELASTIC_RESTART_COUNT": "0",
    }  # fmt: skip
    return _run(module, words, [{**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(count)])


def alone(module, *words, folder=None, packages=None):
    """What a module or file said that runs by itself, in a folder, with the packages that lie in another."""
    return _run(module, words, [{}], folder, packages)


def started(module, *words):
    """A module or file that runs by itself, and goes on while the test does; what it says goes nowhere."""
    process = SERVER.Process(target=_become, args=(module, [*map(str, words)], {}, (os.devnull, os.devnull)))
    process.start()
    return process


def _run(module, words, environments, folder=None, packages=None):
    """What processes said, one of each environment, and the largest of their exit codes."""
    with tempfile.TemporaryDirectory() as desk:
        said, ranks = [Path(desk) / name for name in ("out", "err")], []
        for environment in environments:
            given = module, [*map(str, words)], environment, said, folder, packages
            ranks.append(SERVER.Process(target=_become, args=given))
            ranks[-1].start()
        for rank in ranks:
            rank.join(timeout=300)
        code = max(rank.exitcode for rank in ranks)
        return subprocess.CompletedProcess(words, code, *(path.read_text() for path in said))


def _become(module, words, environment, said, folder=None, packages=None):
    """One of the processes, whose words go to files."""
    os.environ.update(environment)
    if folder is not None:
        os.chdir(folder)
    sys.path[:0] = [str(path) for path in (packages, folder) if path is not None]
    torch.set_num_threads(1)  # as a launcher's processes have, whose bits may be asked for
    for descriptor, path in enumerate(said, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), descriptor)
    sys.argv = [str(module), *words]
    if isinstance(module, Path):
        runpy.run_path(str(module), run_name="__main__")
    else:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
