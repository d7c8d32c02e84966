"""DynamicsExplorer without a browser: live and stored passes, the animation, and mistakes as one line."""

from dataclasses import replace

import numpy as np
import pytest
from displays import halves
from synthetic_records import bistable_record
from test_explorers import class_folder, made_by, pixels  # noqa: F401  (a fixture)

import absvit
from absvit.records.options import Store
from experiments.command_options import StimulusOptions
from experiments.experiment import run
from experiments.live.follow import follow
from experiments.observers import observer_of
from experiments.probes.feedback_dynamics.probe import FeedbackDynamics
from notebooks.explorers import DynamicsExplorer


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("dynamics")


@pytest.fixture(scope="module")
def live(folder):
    return DynamicsExplorer(folder=folder)


@pytest.fixture(scope="module")
def store(folder):
    model = absvit.load_model("absvit_micro")
    parameters = FeedbackDynamics(passes=4, gains=(1.0, 4.0), noise=(0.0, 0.3), priors=("none", "class 2"), maps=True)
    place = Store(folder / "settling.zarr", chunk=3)
    run("feedback_dynamics", observer_of(model, "micro"), halves(StimulusOptions(3), model), parameters, 0, place)
    return str(place.out)


@pytest.mark.seconds
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"protocol": "hysteresis", "passes": 1, "prior": "percept", "iteration": 7},
        {"protocol": "switching", "passes": 12, "noise": 0.3, "prior": "percept", "iteration": 12},
        {"checkpoint": "seed1", "family": "halves", "number": 5, "gain": 3.5, "iteration": 0},
    ],
)
def test_the_code_makes_the_picture_that_is_shown(live, change):
    plain = replace(live.selection, protocol="settling", passes=6, prior="class 1", noise=0.0, iteration=2)
    live.selection = wanted = replace(plain, **change)
    assert live.message == "" and live.selection == wanted
    np.testing.assert_array_equal(pixels(made_by(live.source)), pixels(live.picture.value))


@pytest.mark.seconds
@pytest.mark.parametrize("protocol", ["settling", "hysteresis"])
def test_photographs_of_a_class_folder_are_looked_at(live, class_folder, protocol):  # noqa: F811
    passes = 2 if protocol == "settling" else 1
    live.selection = replace(
        live.selection, photographs=class_folder, protocol=protocol, passes=passes, number=0, prior="none", iteration=2
    )
    assert live.message == "" and "folder=Path" in live.source
    np.testing.assert_array_equal(pixels(made_by(live.source)), pixels(live.picture.value))
    live.selection = replace(live.selection, photographs="nowhere")
    assert "nowhere" in live.message
    live.selection = replace(live.selection, photographs="")
    assert live.message == ""


@pytest.mark.seconds
def test_the_play_button_moves_the_pass_and_each_pass_is_another_picture(live):
    live.selection = replace(live.selection, protocol="settling", passes=5, prior="class 1", iteration=0)
    assert live.play.max == live.controls["iteration"].max == 5
    seen = set()
    for at in range(6):
        live.controls["iteration"].value = at
        seen.add(live.picture.value)
    assert len(seen) == 6 and live.message == ""
    record = live.record
    live.controls["iteration"].value = 3
    assert live.record is record  # nothing is computed again


def test_the_record_is_what_unfolding_gives(live):
    live.selection = replace(
        live.selection, checkpoint="", protocol="settling", passes=4, family="halves", number=2, gain=2.0, noise=0
    )
    expected = follow(absvit.load_model("absvit_micro"), "halves", 2, live.selection.parameters)
    np.testing.assert_array_equal(live.record["logits"], expected["logits"])


@pytest.mark.seconds
def test_a_stored_record_is_leafed_through(store, folder):
    explorer = DynamicsExplorer(store, folder=folder)
    assert explorer.message == "" and explorer.selection.trial == 0
    assert explorer.controls["model"].layout.display == "none" and explorer.controls["trial"].layout.display == ""
    wanted = replace(explorer.selection, trial=2, run_gain=4.0, run_noise=0.3, prior="class 2", iteration=4)
    explorer.selection = wanted
    assert explorer.message == "" and explorer.selection == wanted
    np.testing.assert_array_equal(pixels(made_by(explorer.source)), pixels(explorer.picture.value))
    before = explorer.picture.value
    explorer.controls["trial"].value = -1
    assert explorer.message == "" and explorer.picture.value != before and "mean of" not in explorer.source
    np.testing.assert_array_equal(pixels(made_by(explorer.source)), pixels(explorer.picture.value))
    explorer.controls["stored"].value = ""
    assert explorer.message == "" and "absvit.load_model" in explorer.source


def test_mistakes_are_one_line_and_the_next_thing_works(store, folder):
    explorer = DynamicsExplorer(folder=folder)
    other = folder / "bistable.zarr"
    bistable_record(n=4).to_zarr(other, consolidated=False)
    (folder / "text.zarr").write_text("no record")
    before = explorer.picture.value
    for path, message in (
        ("nowhere.zarr", "make one with python -m experiments feedback_dynamics"),
        (str(other), "got one of bistable perception"),
        (str(folder / "text.zarr"), "is not a record"),
    ):
        explorer.controls["stored"].value = path
        assert message in explorer.message and "\n" not in explorer.message
        assert explorer.picture.value == before
    explorer.controls["stored"].value = ""
    explorer.controls["checkpoint"].value = "seed9"
    assert "neither a file nor among the bundled tags" in explorer.message
    explorer.controls["checkpoint"].value = ""
    assert explorer.message == ""
