"""Processes that work together: alone, two as torchrun starts them, and two that it starts and starts again."""

import json

import pytest
import torch
import torch.distributed as dist
from ranks import both, torchrun

from absvit.distributed import Process, joined, sum_over_ranks

RESTARTED = """
import os, pathlib, sys, time
import torch
from absvit.distributed import joined, sum_over_ranks

first = os.environ["TORCHELASTIC_RESTART_COUNT"] == "0"
if not first and os.environ["RANK"] == "1":
    time.sleep(1)  # the other process meets what the first attempt left behind
with joined("cpu") as process:
    if first and not process.is_first:
        os._exit(3)
    total = sum_over_ranks(torch.ones(1)).item()
pathlib.Path(sys.argv[1], f"{process.rank}.txt").write_text(str(total))
"""
PROGRAM = """
import json, pathlib, sys
import torch
import torch.distributed as dist
from absvit.distributed import joined, sum_over_ranks

with joined("cpu") as process:
    values = torch.tensor([[process.rank + 1.0, 10.0], [0.5, -3.0 * process.rank]])
    seen = {
        "rank": process.rank, "world_size": process.world_size, "device": str(process.device),
        "first": process.is_first, "backend": dist.get_backend(),
        "sum": sum_over_ranks(values).tolist(), "values": values.tolist(),
        "counts": sum_over_ranks(torch.tensor([process.rank, 7])).tolist(),
    }
seen["left"] = not dist.is_initialized()
try:
    with joined("cpu"):
        raise KeyError("within")
except KeyError:
    seen["left after an error"] = not dist.is_initialized()
pathlib.Path(sys.argv[1], f"{process.rank}.json").write_text(json.dumps(seen))
"""


@pytest.fixture
def no_torchrun(monkeypatch):
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)


def test_one_process_works_alone(no_torchrun):
    with joined("cpu") as process:
        assert process == Process(rank=0, world_size=1, device=torch.device("cpu"))
        assert process.is_first
        assert not dist.is_initialized()
        values = torch.tensor([1.0, 2.0])
        assert torch.equal(sum_over_ranks(values), torch.tensor([1.0, 2.0]))


def test_the_device_is_a_gpu_only_where_there_is_one(no_torchrun, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with joined() as process:
        assert process.device == torch.device("cpu")
    chosen = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setenv("LOCAL_RANK", "3")
    with joined() as process:
        assert process.device == torch.device("cuda:3")
    assert chosen == ["cuda:3"]


def test_sums_are_kept_in_what_the_device_has():
    assert Process(0, 1, torch.device("cpu")).exact == torch.float64
    assert Process(0, 1, torch.device("mps")).exact == torch.float32


def test_processes_without_a_device_are_told(no_torchrun, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "2")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(ValueError, match="process 2 .* torch sees 2"), joined("cuda"):
        pass
    with pytest.raises(ValueError, match="no device tpu here: choose cpu or cuda"), joined("tpu"):
        pass


def test_too_little_memory_is_one_line_with_advice(no_torchrun):
    with pytest.raises(ValueError, match="^CUDA out of memory: choose a smaller --batch-size"), joined("cpu"):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has ...")


@pytest.fixture
def program(tmp_path):
    return tmp_path / "program.py"


@pytest.mark.processes
def test_a_restart_does_not_meet_the_processes_that_have_ended(program, tmp_path):
    program.write_text(RESTARTED)
    torchrun("--max-restarts", "1", program, tmp_path)
    assert [(tmp_path / f"{rank}.txt").read_text() for rank in range(2)] == ["2.0", "2.0"]


@pytest.mark.processes
def test_two_processes_join_sum_and_leave(program, tmp_path):
    program.write_text(PROGRAM)
    done = both(program, tmp_path)
    assert done.returncode == 0, done.stderr
    for rank in range(2):
        assert json.loads((tmp_path / f"{rank}.json").read_text()) == {
            "rank": rank, "world_size": 2, "device": "cpu", "first": rank == 0, "backend": "gloo",
            "sum": [[3.0, 20.0], [1.0, -3.0]], "values": [[rank + 1.0, 10.0], [0.5, -3.0 * rank]],
            "counts": [1, 14], "left": True, "left after an error": False,
        }  # fmt: skip
