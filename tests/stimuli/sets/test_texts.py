"""Text files as editors and spreadsheets save them: read alike, or refused by name."""

import codecs
from types import SimpleNamespace

import pytest

from absvit.robustness.classes import model_classes
from absvit.segmentation.datasets import _listed_classes
from experiments.commands.experiment_file import words_of
from stimuli.foundation.texts import read_text

TEXT = "Löwe\nrød fisk\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode("utf-16"),
    ],
)
def test_every_way_to_save_a_text_gives_the_same(content, tmp_path):
    (tmp_path / "a.txt").write_bytes(content)
    assert read_text(tmp_path / "a.txt") == TEXT


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (TEXT.encode("latin-1"), "invalid start byte at byte 1"),
        (TEXT.encode("utf-16-le"), "at byte 2"),
        (codecs.BOM_UTF16_LE + b"odd", "truncated data"),
    ],
)
def test_what_is_no_unicode_is_refused_by_name(content, told, tmp_path):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(ValueError, match=rf"a\.txt is no text in UTF-8 \((.*{told}).*\): save it as UTF-8"):
        read_text(tmp_path / "a.txt")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_first_word(encoding, tmp_path):
    names, table, options = tmp_path / "names.txt", tmp_path / "classes.txt", tmp_path / "probe.toml"
    names.write_text("Löwe\nfox\n", encoding)
    table.write_text("Löwe\nfox\n", encoding)
    options.write_text('probe = "navon"\nn = 3\n', encoding)
    assert model_classes(SimpleNamespace(num_classes=2), names) == ("Löwe", "fox")
    assert tuple(_listed_classes(table).names) == ("Löwe", "fox")
    assert words_of(options) == ["navon", "--n", "3"]
