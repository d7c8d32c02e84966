"""Archives of a study for hosts elsewhere hold what participants need, and nothing else."""

import json
import zipfile
from pathlib import PurePosixPath

import pytest
from served import long_study

from experiments.__main__ import main
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
