"""What tests of training share: coloured pictures, and a training on them with everything switched on."""

import coloured_pictures
import pytest


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Class folders of coloured noise."""
    return coloured_pictures.make(tmp_path_factory.mktemp("colours"))


@pytest.fixture(scope="session")
def whole(pictures, tmp_path_factory):
    """A training with everything switched on, uninterrupted; not to be changed."""
    out = tmp_path_factory.mktemp("whole")
    assert coloured_pictures.run(out, pictures, *coloured_pictures.ALL_ON, "--keep-every", "2") == 0
    return out
