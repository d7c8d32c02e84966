"""Archives of a study for hosts elsewhere hold what participants need, and nothing else."""

import json
import zipfile
from pathlib import PurePosixPath

import pytest
import test_study_page as study_page
from participant import Participant
from served import long_study
from small_study import trial

from experiments.__main__ import main
from experiments.studies.collecting import collect
from experiments.studies.hosting import is_public, pack


@pytest.fixture
def study(tmp_path):
    """A study that has been served, with what a page has beside it."""
    study = long_study(tmp_path / "two squares", lists=3)
    for name in (
        "study.js", "study.css", "consent.md", "README.md", "words.json", "experiment_psychopy.py", "data/t.sqlite",
        "libraries/jspsych.js", "stimuli/stimuli.json", ".hidden.js", "lists/.0001.json.part",
    ):  # fmt: skip
        (study.folder / name).parent.mkdir(exist_ok=True)
        (study.folder / name).write_text(name)
    return study


def files(archive):
    with zipfile.ZipFile(archive) as held:
        assert held.testzip() is None
        return {name: held.read(name) for name in held.namelist()}


def test_jatos_finds_one_description_and_one_folder_with_what_it_describes(study, tmp_path):
    held = files(pack(study, tmp_path / "study.jzip"))
    described = [name for name in held if name.endswith(".jas")]
    assert len(described) == 1 and "/" not in described[0]
    told = json.loads(held[described[0]])
    assert told["version"] == "3"
    data, folder = told["data"], told["data"]["dirName"]
    assert {PurePosixPath(name).parts[0] for name in held} == {described[0], folder} and folder.isidentifier()
    (component,) = data["componentList"]
    assert f"{folder}/{component['htmlFilePath']}" in held and component["reloadable"] and component["active"]
    assert {type(value) for value in (data["title"], data["uuid"], component["uuid"])} == {str}
    assert data["batchList"][0]["maxTotalWorkers"] == 3
    about = json.loads(held[f"{folder}/study.json"])
    assert about["hosting"] == "jatos" and about["version"] == study.version
    assert (
        json.loads(files(pack(study, tmp_path / "again.jzip"))[described[0]]) == told
    )  # imported again, the same study


@pytest.mark.parametrize(("datapipe", "hosting"), [("", "file"), ("aBcD1234", "datapipe")])
def test_any_host_gets_a_folder_whose_page_knows_where_data_go(study, tmp_path, datapipe, hosting):
    held = files(pack(study, tmp_path / "study.zip", datapipe))
    about = json.loads(held["two_squares/study.json"])
    assert (about["hosting"], about["datapipe"]) == (hosting, datapipe)
    assert about == {**study.about, "hosting": hosting, "datapipe": datapipe}
    expected = {"index.html", "study.js", "study.css", "consent.md", "words.json", "study.json", "libraries/jspsych.js"}
    expected |= {f"lists/000{k}.json" for k in (1, 2, 3)} | {"pictures/dark.png", "pictures/light.png"}
    assert {name.removeprefix("two_squares/") for name in held} == expected
    assert held["two_squares/pictures/dark.png"] == (study.folder / "pictures" / "dark.png").read_bytes()


@pytest.mark.parametrize(
    "name",
    ["data/trials.sqlite", "stimuli/a.png", "a.py", ".a.js", "lists/.a", "lists/../data/a", "lists/a\\b", "/a.js", ""],
)
def test_what_is_not_public(name):
    assert not is_public(name) and is_public("lists/0001.json") and is_public("study.js")


def test_the_command_packs_and_refuses_in_one_line(study, tmp_path, capsys):
    words = ["pack", str(study.folder), "--out"]
    assert main([*words, str(tmp_path / "a" / "study.jzip")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "a" / "study.jzip")
    for rest, said in {
        (str(tmp_path / "a" / "study.jzip"),): "is there already",
        (str(tmp_path / "study.tar"),): ".jzip for JATOS",
        (str(tmp_path / "b.jzip"), "--datapipe", "x"): "leave --datapipe out",
    }.items():
        assert main([*words, *rest]) == 2
        error = capsys.readouterr().err
        assert said in error and error.count("\n") == 1
    (study.folder / "index.html").unlink()
    assert main([*words, str(tmp_path / "c.zip")]) == 2 and "has no index.html" in capsys.readouterr().err
    assert not (tmp_path / "c.zip").exists()


# ---- in a browser, the host being played by the test -----------------------------------------------------------------

browser, libraries = study_page.browser, study_page.libraries
JATOS = """
const told = (name) => (text) => window.told(name, text);
window.jatos = {
  studyResultId: 4, onLoad: (ready) => setTimeout(ready), appendResultData: told("append"),
  submitResultData: told("submit"), endStudyWithoutRedirect: (successful) => window.told("end", String(successful)),
};
"""


@pytest.fixture
def packed(libraries, tmp_path):
    """A study of three trials that is packed and unpacked: where it lies, the study, and what the host was told."""

    def packed(suffix, **given):
        trials = [trial(k, "dark" if k % 2 else "light", "left") for k in (1, 2, 3)]
        bare = {"page": {"fullscreen": False, "calibration": False}}
        study = study_page.written(tmp_path / "small", libraries, trials, task={"feedback": False}, **bare)
        with zipfile.ZipFile(pack(study, tmp_path / f"study{suffix}", **given)) as archive:
            archive.extractall(tmp_path / "host")
        return tmp_path / "host" / "small", study

    return packed


def goes_through(browser, folder, act):
    with study_page.hosted(folder) as root, study_page.visit(browser, f"{root}?PROLIFIC_PID=ann", act) as page:
        ann = Participant(page, folder, study_page.by_tone)
        ann.goes_through("All your answers are saved")
    return [noted.did for noted in ann.noted]


@pytest.mark.browser
def test_jatos_gets_every_answer_at_once_and_all_at_the_end_and_both_are_collected(browser, packed, tmp_path):
    folder, study = packed(".jzip")
    (folder / "jatos.js").write_text(JATOS)
    told = []
    pressed = goes_through(
        browser, folder, lambda page: page.expose_function("told", lambda *words: told.append(words))
    )
    assert [name for name, _ in told][-2:] == ["submit", "end"] and told[-1][1] == "true"
    (tmp_path / "lines.txt").write_text("".join(text for name, text in told if name == "append"))
    (tmp_path / "whole.txt").write_text(told[-2][1])
    for name in ("lines.txt", "whole.txt"):  # as it stands before the end, and after it
        table = collect(study, [tmp_path / name]).trials
        assert list(table["response"]) == [{"f": "left", "j": study_page.ODD}[key] for key in pressed]
        assert set(table["participant"]) == {"ann"} and set(table["list"]) == {2}  # the fourth of two lists
