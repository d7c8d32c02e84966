"""A study's folder tells what it is, and that it was changed."""

import json
import shutil

import pytest
from small_study import small_study

from experiments.studies.folder import HOSTS, STUDY, open_study, version_of


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return small_study(tmp_path_factory.mktemp("studies") / "small")


@pytest.fixture
def copied(written, tmp_path):
    return shutil.copytree(written.folder, tmp_path / "small")


def rewritten(path, **changes):
    told = json.loads(path.read_text("utf8")) | changes
    path.write_text(json.dumps(told), "utf8")


def test_a_study_is_read_as_it_was_written(written):
    found = open_study(written.folder)
    assert found == written and found.lists == 2 and len(found.version) == 12
    assert found.list(2)["keys"] == {"left": "j", "right": "f"}
    assert [trial["trial"] for trial in found.list(1)["trials"]] == [1, 2, 3]


def test_the_same_study_has_the_same_version_and_another_word_or_picture_another(written, tmp_path):
    assert small_study(tmp_path / "again").version == written.version
    assert small_study(tmp_path / "asked", question="Where is it?").version != written.version
    assert small_study(tmp_path / "seen", grey=99).version != written.version


def test_where_a_study_runs_does_not_change_its_version(copied, written):
    for hosting in HOSTS:
        rewritten(copied / STUDY, hosting=hosting, datapipe="abc")
        assert open_study(copied).version == written.version


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: rewritten(folder / STUDY, seed=7),
        lambda folder: rewritten(folder / "lists" / "0002.json", keys={"left": "f", "right": "j"}),
        lambda folder: (folder / "pictures" / "dark.png").write_bytes(b"another"),
        lambda folder: (folder / "pictures" / "dark.png").unlink(),
        lambda folder: shutil.copy(folder / "pictures" / "dark.png", folder / "pictures" / "more.png"),
    ],
    ids=["seed", "keys", "picture", "missing", "more"],
)
def test_a_study_that_was_changed_is_noticed(copied, written, change):
    change(copied)
    with pytest.raises(ValueError, match=f"changed after it was written.*{written.version}"):
        open_study(copied)
    assert open_study(copied, unchanged=False).version == written.version != version_of(copied)


def test_what_is_no_study_is_refused_by_name(copied, tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no study"):
        open_study(tmp_path)
    with pytest.raises(ValueError, match="lists 1 to 2, got 3"):
        open_study(copied).list(3)
    (copied / "lists" / "0001.json").write_text('{"list": 1, ')
    with pytest.raises(ValueError, match=r"0001\.json cannot be read as JSON"):
        open_study(copied)
    (copied / "lists" / "0001.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"no file at .*0001\.json"):
        open_study(copied)
    rewritten(copied / STUDY, format=9)
    with pytest.raises(ValueError, match="format 9, expected 1"):
        open_study(copied)
    (copied / STUDY).write_text("[]")
    with pytest.raises(ValueError, match="must hold an object"):
        open_study(copied)
