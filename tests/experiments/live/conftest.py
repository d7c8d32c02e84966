"""What tests of looking at one picture share: the bundled model."""

import pytest


@pytest.fixture(scope="session")
def model(micro):
    return micro
