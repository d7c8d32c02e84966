"""What tests of probes share: a model and files of weights from the formula, and how a command fails."""

import pytest
from formula import untrained

from absvit.models import checkpoints
from experiments.__main__ import main
from stimuli.families.objects import CATEGORIES


@pytest.fixture(scope="module")
def model():
    return untrained()


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder, files = tmp_path_factory.mktemp("weights"), []
    for seed in (0, 1):
        files.append(str(folder / f"formula{seed}.safetensors"))
        card = {"seed": seed, "categories": list(CATEGORIES)}
        checkpoints.write(files[-1], untrained(seed=seed).state_dict(), card)
    return files


@pytest.fixture
def fails(capsys):
    """Function of a command's words that gives the one line with which it fails."""

    def line(words):
        assert main([str(word) for word in words]) == 2
        lines = [line for line in capsys.readouterr().err.splitlines() if line and "stimulus/s" not in line]
        assert len(lines) == 1
        return lines[0]

    return line
