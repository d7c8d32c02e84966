"""Vectors of texts are made once, kept in a file, and never those of another encoder."""

from dataclasses import dataclass, field

import pytest
import torch

from absvit.words.encoder import Encoder
from absvit.words.vectors import _kept, place_of, vectors


@dataclass(frozen=True)
class Counting(Encoder):
    """An encoder that notes what it was asked."""

    length: float = 1.0
    asked: list = field(default_factory=list, compare=False)

    @property
    def sha256(self):
        return f"{self.length:064.0f}"

    def embed(self, texts):
        self.asked.append(tuple(texts))
        return self.length * torch.eye(3)[: len(texts)]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ABSVIT_CACHE", str(tmp_path))
    _kept.cache_clear()
    return tmp_path


def test_a_text_is_encoded_once_a_machine(cache):
    encoder = Counting("counting", "")
    first = vectors(["a", "b"], encoder)
    assert torch.equal(vectors(["a", "b"], encoder), first) and len(encoder.asked) == 1
    _kept.cache_clear()  # as in another process
    assert torch.equal(vectors(["a", "b"], encoder), first) and len(encoder.asked) == 1
    vectors(["b", "a"], encoder)
    assert len(encoder.asked) == 2
    assert [file.suffix for file in cache.rglob("*") if file.is_file()] == [".npy"] * 2


def test_a_damaged_file_is_made_anew(cache):
    encoder = Counting("counting", "")
    expected = vectors(["a"], encoder)
    place_of(["a"], encoder).write_bytes(b"no array")
    _kept.cache_clear()
    assert torch.equal(vectors(["a"], encoder), expected)


def test_vectors_of_another_length_are_refused(cache):
    with pytest.raises(ValueError, match="gives .1, 3. for 1 texts: expected vectors .text, number. of unit length"):
        vectors(["a"], Counting("long", "", 2.0))
    assert not list(cache.rglob("*.npy"))


def test_a_cache_that_cannot_be_written_costs_time_alone(cache, monkeypatch):
    (cache / "file").write_text("")
    monkeypatch.setenv("ABSVIT_CACHE", str(cache / "file"))
    assert vectors(["a"], Counting("counting", "")).shape == (1, 3)
