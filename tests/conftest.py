"""What many tests need: small models with weights from a formula, small pictures; and the order in which tests run."""

import gc

import pytest

ALONE = ("slow", "processes")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Long tests come first, each on its own unless it is in a group; the others of a file stay together."""
    if unstable := [item.nodeid for item in items if " at 0x" in item.nodeid]:
        raise pytest.UsageError(f"names of tests differ from process to process, give ids: {unstable[0]}")
    for item in items:
        if not any(item.get_closest_marker(name) for name in (*ALONE, "xdist_group")):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    items.sort(key=lambda item: not any(item.get_closest_marker(name) for name in ("browser", *ALONE)))


def pytest_collection_finish():
    """What has been imported stays: no collection of garbage looks at it again, nor copies it in a forked process."""
    gc.freeze()


@pytest.fixture(scope="session")
def micro():
    """The bundled model; not to be changed."""
    import absvit

    return absvit.load_model("absvit_micro")
