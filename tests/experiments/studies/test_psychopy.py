"""The PsychoPy script: what of it needs no screen, and that it is one file; ``scripts/try_psychopy.sh`` runs it."""

import ast
import csv
import json
import subprocess
import sys

import numpy as np
import pytest
from served import long_study

from experiments.studies import experiment_psychopy as script


def test_it_imports_the_standard_library_and_psychopy_alone():
    with open(script.__file__, encoding="utf8") as file:
        tree = ast.parse(file.read())
    nodes = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    named = {name.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for name in node.names}
    named |= {node.module.split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}
    assert named - set(sys.stdlib_module_names) == {"psychopy"}


@pytest.mark.parametrize("rate", [60, 75, 100, 144])
def test_durations_are_the_nearest_numbers_of_frames(rate):
    durations = [0.0, 0.001, 0.1, 0.5, None, 1.0]
    counts = script.frames_of(durations, rate)
    assert counts[4:] == [None] and counts[0] == counts[1] == 1  # after what waits for the response nothing is shown
    assert all(
        abs(n / rate - duration) <= 0.501 / rate for n, duration in zip(counts[2:4], durations[2:4], strict=True)
    )
    assert script.planned(durations) == pytest.approx([0, 0, 0.001, 0.101, 0.601])


def test_missed_frames_are_counted_as_a_loop_over_refreshes_does():
    draw = np.random.default_rng(0)
    late = draw.integers(0, 3, 200)
    flips = np.cumsum(1 / 60 * (1 + late)) + draw.normal(0, 0.001, 200)
    assert script.missed(list(flips), 1 / 60) == late[1:].sum()


def test_clicks_count_for_the_nearest_place():
    places = {"left": [10, 50], "right": [90, 50]}
    assert (
        script.nearest((40, 0), list(places), places) == "left"
        and script.nearest((51, 99), list(places), places) == "right"
    )
    assert script.nearest((3, 4), ["left"], None) == "3,4"


def test_degrees_are_those_of_the_viewing_distance():
    at_57 = script.pixels_per_degree(57.29578, 40.0, 1000)  # where a degree is a centimetre
    assert at_57 == pytest.approx(1000 / 40, rel=1e-4) and script.pixels_per_degree(None, 40.0, 1000) is None


def test_markdown_is_read_as_text():
    text = "# Welcome\n\nPress **f** or *j*, see [here](https://example.org) `now`."
    assert script.plain(text) == "Welcome\n\nPress f or j, see here now."


def test_lists_are_handed_out_once_and_rows_are_on_disk_before_the_next_trial(tmp_path):
    study = long_study(tmp_path / "squares", lists=2)
    assert script.free_list(study.folder, 2) == 1
    rows = script.Rows(study.folder / "data" / "psychopy_0001_ada_1.csv")
    shown = {
        "response": "left",
        "key": "f",
        "rt": 0.4,
        "onsets": [0.0, 0.117],
        "planned": [0.0, 0.1],
        "missed": 1,
        "early": 2,
    }
    rows.add(script.row_of(study.list(1)["trials"][0], {**shown, "place": None}, {"participant": 'a "b"'}))
    with open(study.folder / "data" / "psychopy_0001_ada_1.csv", newline="", encoding="utf8") as file:
        (row,) = csv.DictReader(file)
    rows.file.close()
    assert (row["participant"], row["rt"], row["onset_error"], row["correct"], row["early"]) == (
        'a "b"', "400.0", "17.0", "true", "2",
    )  # fmt: skip
    assert json.loads(row["factors"]) == {"tone": "dark"} and json.loads(row["onsets"]) == [0.0, 117.0]
    assert script.free_list(study.folder, 2) == 2
    with pytest.raises(SystemExit, match="all 1 lists of the study have been begun"):
        script.free_list(study.folder, 1)


@pytest.mark.processes
def test_its_help_needs_no_psychopy_and_what_keeps_it_from_running_is_a_line(tmp_path):
    def said(*words):
        run = [sys.executable, "-I", script.__file__, *words]
        return subprocess.run(run, capture_output=True, text=True, cwd=tmp_path)

    helped, lacking = said("--help"), said()
    assert helped.returncode == 0 and "--simulate" in helped.stdout
    assert lacking.returncode == 1 and lacking.stderr.count("\n") == 1 and "has no PsychoPy" in lacking.stderr
