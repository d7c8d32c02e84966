"""The feature cache: what it holds, how it goes on, and what it refuses."""

import json
import os

import numpy as np
import pytest
import torch

from absvit.distributed import Process
from absvit.training.cued import feature_cache
from absvit.training.cued.feature_cache import SHARD, build, open_cache

PROCESS = Process(0, 1, torch.device("cpu"))
FACTS = {"stem": "a" * 64, "transform": {"size": 8}, "pictures": "b" * 64}
SHAPE = (3, 2, 2)
N = SHARD + 100


def draw(number):
    """A picture of one colour, which tells its number."""
    return np.full((8, 8, 3), (number % 256, number // 256, 7), np.uint8)


def stem(images):
    """Means over the quarters of an image."""
    stem.calls += len(images)
    return torch.nn.functional.avg_pool2d(images, 4)


stem.calls = 0


def built(folder, **changes):
    cache = open_cache(folder, {**FACTS, **changes}, N, SHAPE, PROCESS)
    build(cache, stem, draw, PROCESS, (0.5,) * 3, (0.25,) * 3)
    return cache


@pytest.fixture
def cache(tmp_path):
    return built(tmp_path / "cache")


def test_it_holds_the_features_of_every_composite(cache):
    numbers = np.array([0, 3, SHARD - 1, SHARD, N - 1, 3])
    read = cache.read(numbers)
    assert read.dtype == torch.float32 and read.shape == (6, *SHAPE)
    for number, values in zip(numbers, read, strict=True):
        expected = (np.array([number % 256, number // 256, 7]) / 255 - 0.5) / 0.25
        np.testing.assert_allclose(values, np.broadcast_to(expected[:, None, None], SHAPE), atol=2e-3)


def test_it_goes_on_where_it_was_and_computes_nothing_twice(cache):
    before = stem.calls
    built(cache.folder)
    assert stem.calls == before
    kept = cache.shard(0).stat().st_mtime_ns
    whole = cache.shard(1).read_bytes()
    cache.shard(1).write_bytes(whole[:-40])  # half written
    left, other = (cache.folder / f".features0000{k}.npy.77.part" for k in (0, 1))
    left.write_bytes(b"left by a process that was killed")
    os.utime(left, (1, 1))
    other.write_bytes(b"of another training that writes now")
    assert cache.missing() == [1]
    assert built(cache.folder).shard(1).read_bytes() == whole
    assert stem.calls == before + 100
    assert cache.shard(0).stat().st_mtime_ns == kept
    assert sorted(path.name for path in cache.folder.iterdir()) == [
        other.name, "cache.json", "features00000.npy", "features00001.npy",
    ]  # fmt: skip


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:200])])
def test_half_a_cache_is_not_read(cache, damage):
    damage(cache.shard(1))
    again = open_cache(cache.folder, FACTS, N, SHAPE, PROCESS)
    with pytest.raises(ValueError, match=r"incomplete \(1 of 2 files"):
        again.read(np.array([0]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stem": "c" * 64}, "stem"),
        ({"transform": {"size": 16}}, "transform.size was 8, is 16"),
        ({"pictures": "d" * 64}, "pictures"),
    ],
)
def test_features_of_something_else_are_refused(cache, changes, words):
    with pytest.raises(ValueError, match=f"of another stem, transform or data: {words}"):
        open_cache(cache.folder, {**FACTS, **changes}, N, SHAPE, PROCESS)
    with pytest.raises(ValueError, match=f"composites was {N}, is {N + 1}"):
        open_cache(cache.folder, FACTS, N + 1, SHAPE, PROCESS)


def test_folders_of_something_else_are_refused(cache, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear reader")
    with pytest.raises(ValueError, match="is no feature cache and not empty"):
        open_cache(tmp_path / "full", FACTS, N, SHAPE, PROCESS)
    (cache.folder / "cache.json").write_text(json.dumps({"sha256": 1})[:-4])
    with pytest.raises(ValueError, match="cannot be read: remove"):
        open_cache(cache.folder, FACTS, N, SHAPE, PROCESS)


def test_trainings_that_build_at_once_do_not_repeat_each_other(tmp_path):
    cache = open_cache(tmp_path / "cache", FACTS, N, SHAPE, PROCESS)
    before, drawn = stem.calls, []

    def interrupted(number):
        if not drawn:  # the other one builds everything while this one makes its first file
            drawn.append(built(cache.folder))
        return draw(number)

    build(cache, stem, interrupted, PROCESS, (0.5,) * 3, (0.25,) * 3)
    assert stem.calls == before + N + SHARD


def test_processes_share_the_files(tmp_path):
    cache = open_cache(tmp_path / "cache", FACTS, N, SHAPE, PROCESS)
    build(cache, stem, draw, Process(1, 2, torch.device("cpu")), (0.5,) * 3, (0.25,) * 3)
    assert cache.missing() == [0]
    build(cache, stem, draw, Process(0, 2, torch.device("cpu")), (0.5,) * 3, (0.25,) * 3)
    assert cache.missing() == []


def test_a_full_disk_is_told_and_what_is_there_is_kept(cache, monkeypatch):
    cache.shard(1).unlink()

    def full(path, array):
        path.write_bytes(b"begun")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(feature_cache, "_save", full)
    with pytest.raises(OSError, match=r"No space left on device\): make room, 0\.0 GB are missing, or choose another"):
        built(cache.folder)
    assert cache.missing() == [1] and not list(cache.folder.glob(".*"))
