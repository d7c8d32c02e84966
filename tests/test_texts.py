"""Text files as editors and spreadsheets save them: read alike, or refused by name."""

import codecs

import pytest

from stimuli.texts import read_text

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
