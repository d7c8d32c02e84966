"""Programs in several processes: as torchrun starts them, and as our own launcher does."""

import os
import socket
import subprocess
import sys


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


def launched(*words, processes=2):
    """What a program said that our launcher has started in some processes."""
    command = [sys.executable, "-m", "absvit.launch", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "NPROC": str(processes)})
