"""What tests of several rooms need: a class folder of noise, and commands that are refused."""

import numpy as np
import pytest
from PIL import Image

from stimuli.__main__ import main


@pytest.fixture
def noisy(tmp_path):
    """A class folder of noise: three classes of two pictures each, 40 x 48 pixels."""
    random = np.random.default_rng(0)
    for c in range(3):
        (tmp_path / "in" / f"n{c}").mkdir(parents=True)
        for k in range(2):
            Image.fromarray(random.integers(0, 256, (40, 48, 3), np.uint8)).save(tmp_path / "in" / f"n{c}" / f"{k}.png")
    return tmp_path / "in"


@pytest.fixture
def refused(capsys):
    """Run a command that is refused in one line, and give the line."""

    def run(*words):
        capsys.readouterr()
        assert main([str(word) for word in words]) == 2
        printed = capsys.readouterr()
        assert printed.out == "" and printed.err.count("\n") == 1 and printed.err.startswith("error: ")
        assert "tyro" not in printed.err
        return printed.err

    return run
