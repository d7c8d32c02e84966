"""Fetching from a server on loopback: once, resumed, cut off, another version, no network, a cache to be read only."""

import hashlib
import http.server
import threading

import pytest

from experiments.people import PublishedFile, Source, cached_file, check_source, fetch_source, published_files, trials
from experiments.people.table_columns import Columns
from stimuli.foundation.files import file_sha256

TEXTS = {f"s{k}.csv": ("who,rt\n" + f"s{k},0.{k}5\n" * 500).encode() for k in (1, 2, 3)}


class Handler(http.server.BaseHTTPRequestHandler):
    """Gives the files of the server; knows ranges, unless it is told not to; cuts off what it is told to."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Range")))
        content = self.server.files.get(self.path.rpartition("/")[2])
        if content is None:
            return self.send_error(404)
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        start = start if self.server.ranges else 0
        if start >= len(content):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start : self.server.cut])

    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server of three files, which is where the sources point; the cache is empty."""
    monkeypatch.setenv("ABSVIT_CACHE", str(tmp_path / "cache"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.files, running.asked, running.ranges, running.cut = dict(TEXTS), [], True, None
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setattr(published_files, "HOST", f"http://127.0.0.1:{running.server_port}")
        yield running
        running.shutdown()


FILES = tuple(
    PublishedFile("lab/answers", "c0ffee", f"raw data/{name}", len(text), hashlib.sha256(text).hexdigest())
    for name, text in TEXTS.items()
)
SOURCE = Source(
    "toy", "three people", Columns("who", rt="rt"), {}, files=FILES, people=3, trials=1_500, reference="Lab 2020"
)


def part_of(file):
    return cached_file(SOURCE, file).with_name(f".{file.name}.part")


def test_files_are_fetched_once_and_checked_whenever_they_are_used(server):
    paths = fetch_source(SOURCE)
    assert [path.read_bytes() for path in paths] == list(TEXTS.values())
    assert server.asked[0][0] == "/lab/answers/c0ffee/raw%20data/s1.csv" and len(server.asked) == 3
    table = trials(SOURCE)
    assert len(server.asked) == 3 and table["study"].unique() == ["toy"] and len(table) == 1_500
    check_source(SOURCE)
    paths[1].write_bytes(TEXTS["s1.csv"])
    with pytest.raises(ValueError, match="another version than toy declares") as error:
        fetch_source(SOURCE)
    said = str(error.value)
    assert FILES[0].sha256 in said and FILES[1].sha256 in said and "c0ffee" in said and FILES[1].address in said


def test_what_was_cut_off_is_gone_on_with(server):
    server.cut = 3000
    with pytest.raises(FileNotFoundError, match="3 of the 3 files of toy are not cached.*--from FOLDER"):
        fetch_source(SOURCE)
    part = part_of(FILES[0]).read_bytes()
    assert part and TEXTS["s1.csv"].startswith(part) and not cached_file(SOURCE, FILES[0]).exists()
    server.cut = None
    assert fetch_source(SOURCE)[0].read_bytes() == TEXTS["s1.csv"] and not part_of(FILES[0]).exists()
    assert [asked for _, asked in server.asked] == [None, f"bytes={len(part)}-", None, None]


@pytest.mark.parametrize("part", [b"who,rt\ns1", b"of something else", TEXTS["s1.csv"], TEXTS["s1.csv"] + b"more"])
@pytest.mark.parametrize("ranges", [True, False])
def test_whatever_part_is_left_the_file_comes_whole(server, part, ranges):
    server.ranges = ranges
    part_of(FILES[0]).parent.mkdir(parents=True)
    part_of(FILES[0]).write_bytes(part)
    assert file_sha256(fetch_source(SOURCE)[0]) == FILES[0].sha256


def test_another_file_at_the_address_is_refused_with_both_digests_and_not_kept(server):
    server.files["s2.csv"] = b"who,rt\ns2,0.7\n"
    with pytest.raises(ValueError, match="it is another version, and not kept") as error:
        fetch_source(SOURCE)
    assert hashlib.sha256(server.files["s2.csv"]).hexdigest() in str(error.value) and FILES[1].sha256 in str(
        error.value
    )
    assert not cached_file(SOURCE, FILES[1]).exists() and not part_of(FILES[1]).exists()
    assert cached_file(SOURCE, FILES[0]).exists()  # what has come is kept


def test_without_network_it_says_which_file_to_put_where_and_takes_it_from_there(server, monkeypatch, tmp_path):
    monkeypatch.setattr(published_files, "HOST", "http://127.0.0.1:1")
    with pytest.raises(FileNotFoundError, match="cannot be fetched") as error:
        fetch_source(SOURCE)
    place = cached_file(SOURCE, FILES[0])
    assert f"put it at {place}," in str(error.value) and "people fetch toy --from FOLDER" in str(error.value)
    assert "\n" not in str(error.value) and not part_of(FILES[0]).exists()
    place.write_bytes(TEXTS["s1.csv"])
    with pytest.raises(FileNotFoundError, match="2 of the 3 files"):
        fetch_source(SOURCE)
    folder = tmp_path / "mine" / "deep"
    folder.mkdir(parents=True)
    for name in ("s2.csv", "s3.csv"):
        (folder / name).write_bytes(TEXTS[name])
    with pytest.raises(FileNotFoundError, match="lacks 1 of the 3 files of toy: s1.csv"):
        fetch_source(SOURCE, folder.parent)
    (folder / "s1.csv").write_bytes(TEXTS["s1.csv"])
    assert len(fetch_source(SOURCE, folder.parent)) == 3 and len(trials(SOURCE)) == 1_500
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        fetch_source(SOURCE, tmp_path / "nowhere")


def test_a_missing_file_of_the_server_is_said(server):
    del server.files["s3.csv"]
    with pytest.raises(FileNotFoundError, match="1 of the 3 files of toy are not cached.*404"):
        fetch_source(SOURCE)
    assert not part_of(FILES[2]).exists()


def test_a_cache_that_cannot_be_written_is_named_and_files_are_read_where_they_are(server, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("ABSVIT_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(PermissionError, match="set ABSVIT_CACHE to a folder that can be written"):
        fetch_source(SOURCE)
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_bytes(text)
    assert len(trials(SOURCE, folder)) == 1_500
    (folder / "s2.csv").write_text("who,rt\ns2,0.9\n")
    with pytest.raises(ValueError, match="s2.csv is another version"):
        trials(SOURCE, folder)


def test_a_cache_that_may_only_be_read_is_read(server):
    folder = fetch_source(SOURCE)[0].parent
    folder.chmod(0o500)
    try:
        assert len(trials(SOURCE)) == 1_500 and sorted(path.name for path in folder.iterdir()) == list(TEXTS)
    finally:
        folder.chmod(0o700)
