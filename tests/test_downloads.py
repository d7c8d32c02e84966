"""Downloads: fetched once, verified ever after, nothing bad kept; by hand where there is no network."""

import http.server
import json
import threading
from functools import partial

import pytest
import torch

from absvit.models import checkpoints, downloads

WEIGHTS = {"head.weight": torch.arange(6.0).reshape(2, 3), "head.bias": torch.tensor([0.5, -0.5])}


def assert_same(found, expected=WEIGHTS):
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A web server on this machine: (folder that it serves, its address); the cache is empty."""
    folder = tmp_path / "served"
    folder.mkdir()
    monkeypatch.setenv("ABSVIT_CACHE", str(tmp_path / "cache"))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def send_header(self, keyword, value):
            longer = keyword == "Content-Length" and "broken" in self.path
            super().send_header(keyword, str(int(value) + 1000) if longer else value)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_url_is_fetched_once_recorded_and_checked(server):
    folder, address = server
    torch.save({"model": WEIGHTS}, folder / "official.pth")
    url = f"{address}/official.pth"
    fetched = checkpoints.read(url)
    assert_same(fetched.state_dict)
    assert fetched.source == url
    copy = downloads.cached_path(url)
    assert json.loads(copy.with_name(copy.name + ".json").read_text()) == {
        "url": url,
        "sha256": fetched.sha256,
    }
    (folder / "official.pth").unlink()
    assert_same(checkpoints.read(url).state_dict)
    torch.save(WEIGHTS, copy)
    changed = downloads.file_sha256(copy)
    with pytest.raises(ValueError, match="at first use") as error:
        checkpoints.read(url)
    assert changed in str(error.value) and fetched.sha256 in str(error.value)
    assert checkpoints.read(url, sha256=changed).sha256 == checkpoints.read(url).sha256 == changed
    copy.with_name(copy.name + ".json").write_text("{}")
    with pytest.raises(ValueError, match="record anew"):
        checkpoints.read(url)


def test_bad_downloads_are_not_kept(server):
    folder, address = server
    (folder / "page.pth").write_text("<html>gone</html>")
    with pytest.raises(ValueError, match="a server's answer"):
        checkpoints.read(f"{address}/page.pth")
    torch.save(WEIGHTS, folder / "broken.pth")  # the connection ends before the announced length
    with pytest.raises(FileNotFoundError, match="cannot be fetched"):
        checkpoints.read(f"{address}/broken.pth")
    torch.save(WEIGHTS, folder / "other.pth")
    with pytest.raises(ValueError, match="was asked for"):
        checkpoints.read(f"{address}/other.pth", sha256="0" * 64)
    assert not list(downloads.cache_folder().iterdir())


def test_offline_message_names_the_place_which_is_then_used(server):
    _, address = server
    url = f"{address}/missing.pth"
    place = downloads.cached_path(url)
    with pytest.raises(FileNotFoundError, match="404") as error:
        checkpoints.read(url)
    assert f"put it at {place} " in str(error.value)
    torch.save(WEIGHTS, place)
    assert_same(checkpoints.read(url).state_dict)
    unreachable = "http://127.0.0.1:1/official.pth"
    with pytest.raises(FileNotFoundError, match=str(downloads.cached_path(unreachable))):
        checkpoints.read(unreachable)


def test_equal_names_of_different_addresses_do_not_meet():
    first, second = (downloads.cached_path(f"https://{host}.org/a/model.pth?x=1") for host in ("one", "two"))
    assert first != second
    assert first.name.endswith("-model.pth")
