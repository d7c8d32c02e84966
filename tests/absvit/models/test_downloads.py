"""Downloads: fetched once, verified ever after, nothing bad kept; by hand where there is no network."""

import http.server
import json
import sys
import threading
from functools import partial

import pytest
import torch
from small_vit import assert_same

import absvit
from absvit import records
from absvit.models import checkpoints
from stimuli.foundation import command_line, fetching
from stimuli.foundation.addresses import without_credentials
from stimuli.foundation.files import file_sha256, write_whole

WEIGHTS = {"head.weight": torch.arange(6.0).reshape(2, 3), "head.bias": torch.tensor([0.5, -0.5])}


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
    assert_same(fetched.state_dict, WEIGHTS)
    assert fetched.source == url
    copy = fetching.cached_path(url)
    kept = {"url": url, "sha256": fetched.sha256}
    assert json.loads(copy.with_name(copy.name + ".json").read_text()) == kept
    (folder / "official.pth").unlink()
    assert_same(checkpoints.read(url).state_dict, WEIGHTS)
    torch.save(WEIGHTS, copy)
    changed = file_sha256(copy)
    with pytest.raises(ValueError, match="at first use") as error:
        checkpoints.read(url)
    assert changed in str(error.value) and fetched.sha256 in str(error.value)
    assert checkpoints.read(url, sha256=changed).sha256 == checkpoints.read(url).sha256 == changed
    copy.with_name(copy.name + ".json").write_text("{}")
    with pytest.raises(ValueError, match="record anew"):
        checkpoints.read(url)


def test_passwords_are_used_and_never_shown(server, capsys):
    folder, address = server
    torch.save(WEIGHTS, folder / "a.pth")
    url = address.replace("http://", "HTTP://us:s%40cret@") + "/a.pth?token=s3cret"
    fetched = checkpoints.read(url)
    assert fetched.source == address.replace("http://", "HTTP://***@") + "/a.pth?token=***"
    copy = fetching.cached_path(url)
    assert copy == fetching.cached_path(address + "/a.pth?token=s3cret") and copy.name.endswith("-a.pth")
    assert "cret" not in copy.with_name(copy.name + ".json").read_text()
    checkpoints.write(folder / "b.safetensors", WEIGHTS, {"source": url, "options": {"finetune": url}})
    assert "cret" not in (folder / "b.json").read_text()
    for missing in ("/gone.pth", "/gone.pth?key=s3cret"):
        capsys.readouterr()
        refused = command_line.run(partial(checkpoints.read, url.partition("/a")[0] + missing), "read", [])
        said = capsys.readouterr().err
        assert refused == 2 and said.count("\n") == 1 and "cret" not in said and "***@" in said and "404" in said


SHOWN = {
    "https://me:pw@host.org/a/b.pth": "https://***@host.org/a/b.pth",
    "HTTPS://me@host.org": "HTTPS://***@host.org",
    "http://me:p@w@host.org/x": "http://***@host.org/x",
    "http://me:p/w@host.org/x": "http://***@host.org/x",
    "http://host.org:80/a@b": "http://host.org:80/a@b",
    "http://host.org/a?X-Amz-Signature=12ab&part=2": "http://host.org/a?X-Amz-Signature=***&part=2",
    "python -m absvit.training --resume 'https://me:pw@h/x' --n 3": (
        "python -m absvit.training --resume 'https://***@h/x' --n 3"
    ),
    "me@host.org and C:/a@b": "me@host.org and C:/a@b",
}


@pytest.mark.parametrize(("text", "expected"), SHOWN.items(), ids=list(SHOWN))
def test_texts_with_addresses_are_shown_without_passwords(text, expected):
    assert without_credentials(text) == expected


def test_the_command_line_in_a_record_has_no_password(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["probe", "--checkpoint", "https://me:pw@host/a.pth"])
    assert records.provenance("t", 0, {}, "cpu")["command"].endswith("--checkpoint https://***@host/a.pth")


NAMELESS = {
    "a long name": ("x" * 300, "255 bytes at most"), "a long folder": (f"{'y' * 300}/a.pth", "255 bytes at most"),
    "a long name of other letters": ("\u732b" * 100, "255 bytes at most"),
    "a long path": ("z/" * 3000, "4000 bytes at most"), "a null byte": ("a\0b.pth", "null byte"),
    "no address": ("http://[::1/x.pth", "is no address"), "no host": ("http://", "cannot be fetched"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "message"), NAMELESS.values(), ids=NAMELESS)
def test_names_that_no_file_can_have_end_in_one_short_line(name, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message) as error:
        absvit.load_model("absvit_micro", name)
    assert len(str(error.value)) < 400 and "\0" not in str(error.value)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        checkpoints.read(name)


@pytest.mark.parametrize("name", ["http://h/" + "n" * 500 + ".pth", "http://h/%00.pth", "http://h/" + "%E7%8C%AB" * 99])
def test_every_address_has_a_place_in_the_cache(name, tmp_path, monkeypatch):
    monkeypatch.setenv("ABSVIT_CACHE", str(tmp_path))
    place = fetching.cached_path(name)
    write_whole(place, "x", sync=True, shared=True)
    place.with_name(place.name + ".json").write_text("{}")
    assert place.parent == tmp_path


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
    assert not list(fetching.cache_folder().iterdir())


def test_offline_message_names_the_place_which_is_then_used(server):
    _, address = server
    url = f"{address}/missing.pth"
    place = fetching.cached_path(url)
    with pytest.raises(FileNotFoundError, match="404") as error:
        checkpoints.read(url)
    assert f"put it at {place} " in str(error.value)
    torch.save(WEIGHTS, place)
    assert_same(checkpoints.read(url).state_dict, WEIGHTS)
    unreachable = "http://127.0.0.1:1/official.pth"
    with pytest.raises(FileNotFoundError, match=str(fetching.cached_path(unreachable))):
        checkpoints.read(unreachable)


def test_equal_names_of_different_addresses_do_not_meet():
    first, second = (fetching.cached_path(f"https://{host}.org/a/model.pth?x=1") for host in ("one", "two"))
    assert first != second
    assert first.name.endswith("-model.pth")
