"""Launching: torchrun's options go to torchrun, all others to the training."""

import pytest
import torch
import torch.distributed.run as torchrun
from torch.distributed.elastic.rendezvous import RendezvousTimeoutError

from absvit import launch


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.delenv("PET_NPROC_PER_NODE", raising=False)


def test_options_are_parted_wherever_they_stand(two_gpus):
    words = "--max-restarts 3 absvit_small --data-path D --nnodes=2 --rdzv_backend c10d"
    options, others = launch.split(words.split())
    assert sorted(options) == ["--max-restarts=3", "--nnodes=2", "--nproc-per-node=2", "--rdzv-backend=c10d"]
    assert others == ["absvit_small", "--data-path", "D"]


def test_a_shortened_option_of_the_training_is_left_to_it(two_gpus):
    assert launch.split(["--max", "3"])[1] == ["--max", "3"]


def test_the_number_of_processes(monkeypatch, two_gpus):
    assert launch.split([])[0] == ["--nproc-per-node=2"]
    assert launch.split(["--nproc_per_node", "5"])[0] == ["--nproc-per-node=5"]
    monkeypatch.setenv("NPROC", "3")
    assert launch.split([])[0] == ["--nproc-per-node=2"]
    assert launch.split(["--device", "cpu"]) == (["--nproc-per-node=3"], ["--device", "cpu"])
    assert launch.split(["--device=cpu"])[0] == ["--nproc-per-node=3"]
    monkeypatch.delenv("NPROC")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert launch.split([])[0] == ["--nproc-per-node=1"]
    monkeypatch.setenv("NPROC", "4")
    assert launch.split([])[0] == ["--nproc-per-node=4"]
    monkeypatch.setenv("PET_NPROC_PER_NODE", "8")
    assert launch.split([])[0] == []  # torchrun reads its own variables


@pytest.mark.parametrize(
    ("words", "program"),
    [
        (["upernet_vit_micro", "--seed", "1"], ["absvit.training", "upernet_vit_micro", "--seed", "1"]),
        (["micro_vit"], ["absvit.training", "micro_vit"]),
        (["--model", "upernet_x"], ["absvit.training", "--model", "upernet_x"]),
        ([], ["absvit.training"]),
        (["experiments", "bistable", "--n", "4"], ["experiments", "bistable", "--n", "4"]),
        (["absvit.robustness", "clean"], ["absvit.robustness", "clean"]),
    ],
)
def test_the_first_word_decides_which_program_runs(words, program):
    assert launch.program_of(words) == program


@pytest.mark.parametrize("error", [RendezvousTimeoutError("nobody came\nhere"), torch.distributed.DistError("no host")])
def test_processes_that_cannot_be_started_are_one_line(error, monkeypatch, two_gpus, capsys):
    def fail(options):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(launch.logging, "disable", lambda: None)
        assert launch.main(["--nproc-per-node", "two", "micro_vit"]) == 2
        patch.setattr(torchrun, "run", fail)
        assert launch.main(["micro_vit"]) == 2
    wrong, alone = capsys.readouterr().err.splitlines()
    assert "Unsupported nproc_per_node value: two" in wrong
    reason = " ".join(str(error).split())
    assert alone == f"error: the processes cannot be started ({reason}): check torchrun's options and NPROC"


def test_words_that_resemble_torchruns_reach_the_program(monkeypatch, two_gpus):
    started = []
    monkeypatch.setattr(launch.logging, "disable", lambda: None)
    monkeypatch.setattr(torchrun, "run", started.append)
    assert launch.main(["experiments", "bistable", "--n", "4", "--max-restarts=1"]) == 0
    assert (started[0].training_script, started[0].max_restarts) == ("experiments", 1)
    assert started[0].training_script_args == ["bistable", "--n", "4"]
