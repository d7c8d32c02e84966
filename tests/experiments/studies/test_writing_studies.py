"""Studies are written whole: stimuli, lists and page say the same, and what cannot be written is said."""

import base64
import io
import re
import subprocess
import tarfile
import tomllib
from dataclasses import replace
from functools import partial
from hashlib import sha384

import numpy as np
import pytest
from PIL import Image

from experiments.__main__ import main
from experiments.probes import PROBES
from experiments.studies import browser_libraries, writing
from experiments.studies.browser_libraries import LIBRARIES
from experiments.studies.folder import open_study
from experiments.studies.take import take_study
from experiments.studies.task import task_of
from experiments.studies.writing import StudyOptions, drawn_for, write_study_of
from stimuli.families import FAMILIES
from stimuli.families.family import changed
from stimuli.sets.job import Request, make
from stimuli.sets.reading import read

SIZE = (96, 96)


def search(folder, **changes):
    """A study of search with small pictures."""
    _, parameters = drawn_for(PROBES["search"])
    options = StudyOptions(folder, **{"participants": 4, "n": 14, "practice": 2, **changes})
    return write_study_of(PROBES["search"], options, changed(parameters, size=SIZE))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return search(tmp_path_factory.mktemp("studies") / "search")[0]


def test_lists_pictures_and_stimuli_say_the_same(study):
    stimuli = read(study.folder / "stimuli")
    rows = {f"search_{number:05d}": k for k, number in enumerate(stimuli["stimulus"].values)}
    assert study.lists == 4 and len(rows) == 14 and study.about["display"]["pixels"] == [*SIZE]
    for number in range(1, 5):
        trials = study.list(number)["trials"]
        assert [trial["trial"] for trial in trials] == [*range(1, 15)]
        assert [trial["phase"] for trial in trials] == ["practice"] * 2 + ["test"] * 12
        assert len({trial["item"] for trial in trials}) == 14
        for trial in trials:
            one = stimuli.isel(stimulus=rows[trial["item"]])
            assert trial["answer"] == trial["factors"]["target"] == str(one["target"].values)
            assert trial["sentence"] == f"Look for the {one['target_form'].values}."
            (seen,) = [frame["picture"] for frame in trial["frames"] if frame["seen"]]
            assert np.array_equal(np.asarray(Image.open(study.folder / seen)), one["image"].values)
    keys = [study.list(number)["keys"]["present"] for number in range(1, 5)]
    assert sorted(keys) == ["f", "f", "j", "j"]


def test_every_picture_of_a_list_is_there_once(study):
    named = {
        frame["picture"] for k in range(1, 5) for trial in study.list(k)["trials"] for frame in trial["frames"]
    } - {None}
    files = {f"pictures/{path.name}" for path in (study.folder / "pictures").iterdir()}
    assert named == files
    assert len({(study.folder / name).read_bytes() for name in files}) == len(files)


def test_the_seed_makes_the_study_and_its_version(study, tmp_path):
    again, _, _ = search(tmp_path / "search")
    other, _, _ = search(tmp_path / "other" / "search", seed=1)
    assert again.version == study.version != other.version
    for name in ("lists/0003.json", "study.json", "index.html", "stimuli/stimuli.csv"):
        assert (again.folder / name).read_bytes() == (study.folder / name).read_bytes(), name


def test_a_study_says_how_it_is_run_and_which_libraries_it_takes(study):
    page, how = (study.folder / "index.html").read_text("utf8"), (study.folder / "README.md").read_text("utf8")
    for library in LIBRARIES:
        assert f'"{library.address}" integrity="sha384-{library.sha384}" crossorigin' in page
    assert "unsafe-inline" not in page.partition("script-src")[2].partition(";")[0]
    for step in (study.version, "experiments serve", "JATOS", "DataPipe", "experiment_psychopy.py", "consent.md"):
        assert step in how
    assert "$" not in how + page


def test_catch_trials_ask_for_an_answer_whatever_is_shown_and_observers_do_not_take_them(tmp_path):
    study, _, _ = search(tmp_path / "search", n=16, catch=4)
    for number in range(1, 5):
        trials = study.list(number)["trials"]
        catch = [trial for trial in trials if trial["phase"] == "catch"]
        asked = [f"This time answer '{trial['answer']}', whatever you see." for trial in catch]
        assert [trial["sentence"] for trial in catch] == asked and len({trial["item"] for trial in trials}) == 16
        assert sorted(trial["answer"] for trial in catch) == ["absent"] * 2 + ["present"] * 2
    table = take_study(study, "absvit_micro", [2])
    assert table["phase"].value_counts().to_dict() == {"test": 10, "practice": 2}


def test_another_family_is_drawn_if_the_probe_can_show_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["--participants", "2", "--n", "6", "--practice", "2", "--nearly", "--size", "64", "64"]
    assert main(["study", "object_prior", "--family", "cueing", *words, "--soas", "0.2", "--out", "s"]) == 0
    assert "2 lists of 6 trials" in capsys.readouterr().out
    assert open_study(tmp_path / "s").about["family"] == "cueing"
    assert main(["study", "navon", "--family=search", *words, "--out", "t"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and not (tmp_path / "t").exists(), line


def test_what_the_experimenter_wrote_is_shown(tmp_path):
    (tmp_path / "mine.md").write_text("# Einwilligung\n\n$100 & mehr", "utf8")
    study, _, _ = search(tmp_path / "search", consent=tmp_path / "mine.md", hosting="datapipe", datapipe="Ab12")
    assert (study.folder / "consent.md").read_text("utf8") == "# Einwilligung\n\n$100 & mehr"
    assert (study.about["hosting"], study.about["datapipe"]) == ("datapipe", "Ab12")


def test_a_stimulus_set_that_is_there_is_shown(study, tmp_path):
    other, trials, _ = search(tmp_path / "search", stimuli=study.folder / "stimuli", n=8)
    assert set(trials["item"]) == {f"search_{k:05d}" for k in range(8)}
    assert open_study(other.folder).list(1)["trials"][0]["frames"][-1]["duration"] is None


def test_a_study_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "write_page", full)
    with pytest.raises(OSError, match="cannot write the study .*No space left on device.*nothing is left of it"):
        search(tmp_path / "search")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["nothing"], "there is no probe 'nothing'"),
        (["match"], "the probe match has no task for people"),
        (["search", "--n", "9", "--blocks", "2"], "the nearest numbers of items are 10"),
        (["search", "--instructions", "far"], "there is no instruction 'far'.*expected one of target"),
        (["search", "--participants", "0"], "participants must be at least 1, got 0"),
        (["search", "--hosting", "datapipe"], "DataPipe needs both"),
        (["search", "--libraries", "."], "give both"),
        (["search", "--family", "nothing"], "there is no .*'nothing'"),
        (["search", "--family", "cueing", "--stimuli", "."], "give one of them"),
        (["search", "--offline", "--libraries", "."], r"\. lacks dist/index.*of jspsych 8.3.0: run there npm install"),
        (["search", "--stimuli", "nowhere"], "nowhere holds no stimulus set"),
        (["search", "--set-sizes", "0"], "set_size"),
        (["search", "--consent", "mine.md"], "mine.md"),
        (["search", "--out", "/proc/x/study"], "cannot write the study /proc/x/study"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_one_line(tmp_path, monkeypatch, capsys, words, why):
    monkeypatch.chdir(tmp_path)
    assert main(["study", *words, *([] if "--out" in words else ["--out", "there"])]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(why, line), line
    assert list(tmp_path.iterdir()) == []


def test_one_right_answer_throughout_is_told(tmp_path, capsys):
    family = FAMILIES["search"]
    make(partial(family.draw, family.parameters(size=SIZE)), Request(tmp_path / "set", 8, 0))
    words = ["--stimuli", str(tmp_path / "set"), "--practice", "0", "--participants", "4"]
    assert main(["study", "object_prior", "--out", str(tmp_path / "s"), *words]) == 0
    assert "in every trial: people can answer without looking" in capsys.readouterr().out


def test_a_study_is_never_written_over_another(study, capsys):
    assert main(["study", "search", "--out", str(study.folder)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert open_study(study.folder) == study


def test_the_command_reports_balance_and_says_how_to_start(tmp_path, capsys):
    words = ["--participants", "3", "--n", "8", "--practice", "2", "--size", *map(str, SIZE), "--set-sizes", "3"]
    assert main(["study", "search", "--out", str(tmp_path / "s"), *words]) == 0
    said = capsys.readouterr().out
    study = open_study(tmp_path / "s")
    assert f"3 lists of 8 trials in {study.folder}, version {study.version}" in said
    assert "the nearest number" in said and "target x target_form" in said
    assert f"python -m experiments serve {study.folder}" in said


@pytest.mark.parametrize("name", [name for name in PROBES if PROBES[name].task is not None])
def test_every_probe_with_a_task_has_a_command_whose_options_are_told(name, capsys):
    assert main(["study", name, "--help"]) == 0
    said = capsys.readouterr().out
    assert "--participants" in said and "--size" in said
    family, parameters = drawn_for(PROBES[name])
    assert isinstance(parameters, family.parameters) and task_of(PROBES[name]).question


class TestLibraries:
    @pytest.fixture
    def contents(self, monkeypatch):
        """Small files in the place of the libraries."""
        held = {library.name: f"// {library.name}".encode() for library in LIBRARIES}
        digest = {name: base64.b64encode(sha384(content).digest()).decode() for name, content in held.items()}
        small = tuple(replace(library, sha384=digest[library.name]) for library in LIBRARIES)
        monkeypatch.setattr(browser_libraries, "LIBRARIES", small)
        return held

    def test_are_found_where_npm_installed_them_or_beside_another_study(self, contents, tmp_path):
        for library in LIBRARIES:
            path = tmp_path / "npm" / "node_modules" / library.package / library.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents[library.name])
            (tmp_path / library.name).write_bytes(contents[library.name])
        assert browser_libraries.copied(tmp_path / "npm") == browser_libraries.copied(tmp_path) == contents
        (tmp_path / LIBRARIES[0].name).write_bytes(b"another")
        with pytest.raises(ValueError, match=r"is not dist/index.* of jspsych 8\.3\.0 as it was published"):
            browser_libraries.copied(tmp_path)

    def test_are_fetched_by_npm_once(self, contents, tmp_path, monkeypatch):
        calls = []

        def npm(words, **how):
            calls.append(words)
            where = words[words.index("--pack-destination") + 1]
            for package in words[2 : words.index("--silent")]:
                name, _, version = package.rpartition("@")
                with tarfile.open(f"{where}/{name.lstrip('@').replace('/', '-')}-{version}.tgz", "w:gz") as archive:
                    for library in LIBRARIES:
                        if library.package == name:
                            info = tarfile.TarInfo(f"package/{library.file}")
                            info.size = len(contents[library.name])
                            archive.addfile(info, io.BytesIO(contents[library.name]))
            return subprocess.CompletedProcess(words, 0, "", "")

        monkeypatch.setenv("ABSVIT_CACHE", str(tmp_path))
        monkeypatch.setattr(browser_libraries.shutil, "which", lambda _: "npm")
        monkeypatch.setattr(browser_libraries.subprocess, "run", npm)
        assert browser_libraries.copied() == browser_libraries.copied() == contents
        assert len(calls) == 1 and "--ignore-scripts" in calls[0] and "jspsych@8.3.0" in calls[0]

    def test_that_cannot_be_fetched_are_told_with_what_to_do(self, tmp_path, monkeypatch):
        monkeypatch.setenv("ABSVIT_CACHE", str(tmp_path))
        monkeypatch.setattr(browser_libraries.shutil, "which", lambda _: None)
        with pytest.raises(FileNotFoundError, match="no npm here.*nodejs.org.*--libraries FOLDER"):
            browser_libraries.copied()
        monkeypatch.setattr(browser_libraries.shutil, "which", lambda _: "npm")
        failed = subprocess.CompletedProcess([], 1, "", "npm error network\nrequest failed")
        monkeypatch.setattr(browser_libraries.subprocess, "run", lambda *_, **__: failed)
        with pytest.raises(FileNotFoundError, match=r"\(npm error network request failed\): install Node"):
            browser_libraries.copied()


def test_pages_are_part_of_the_package():
    told = tomllib.loads((writing.PAGE.parents[2] / "pyproject.toml").read_text("utf8"))
    assert told["tool"]["setuptools"]["package-data"]["experiments.studies"] == ["page/*", "page/script/*"]
    pages = ["README.md", "consent.md", "debriefing.md", "index.html", "script", "study.css"]
    assert sorted(path.name for path in writing.PAGE.iterdir()) == pages
    assert {path.stem for path in (writing.PAGE / "script").iterdir()} == set(writing.SCRIPT)
