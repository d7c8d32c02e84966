"""PeopleExplorer without a browser: tasks, people, observers; what is simulated says so, and mistakes are one line."""

from dataclasses import replace

import numpy as np
import pytest
from test_explorers import made_by, pixels

from experiments.people import PEOPLE, people_at_hand
from experiments.people.at_hand import SIMULATED
from experiments.trials.effects import effect_of
from notebooks.explorers import PeopleExplorer


@pytest.fixture(scope="module")
def explorer(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ABSVIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        explorer = PeopleExplorer(observers=("cnn_micro+evidence_gate",), n=8, folder=tmp_path_factory.mktemp("people"))
        yield explorer


def test_simulated_people_say_so_and_show_their_source_s_effects(explorer):
    people = people_at_hand("attention_network")
    assert (
        "These people are simulated" in people.attrs[SIMULATED] and people["participant"].str.match("simulated").all()
    )
    for effect in PEOPLE["attention_network"].effects:
        found = effect_of(people, effect, splits=2)
        assert found.n == 16 and found.interval[0] > 0, effect.name
    with pytest.raises(
        ValueError, match="instructed_attention cannot be simulated .*people fetch instructed_attention"
    ):
        people_at_hand("instructed_attention")


def test_the_code_makes_the_picture_that_is_shown_and_the_caption_says_who_is_simulated(explorer):
    explorer.selection = wanted = replace(explorer.selection, task="local_global", effect="conflict, attend local")
    assert explorer.message == "" and explorer.selection == wanted
    assert "These people are simulated" in explorer.figure.get_label() and "ceiling" in explorer.figure.get_label()
    np.testing.assert_array_equal(pixels(made_by(explorer.source)), pixels(explorer.picture.value))
    rows = explorer.record.to_dataframe()
    assert set(rows["who"]) == {"people", "cnn_micro+evidence_gate"} and (rows["task"] == "local_global").all()


def test_a_task_offers_its_effects_and_mistakes_are_one_line(explorer, tmp_path):
    explorer.selection = good = replace(explorer.selection, task="posner", effect="validity", n=8)
    assert explorer.message == "" and explorer.controls["effect"].options == ("validity", "validity, accuracy")
    before = explorer.picture.value
    for change, message in (
        ({"observers": ()}, "no observer is chosen"),
        ({"people": str(tmp_path / "none")}, "there is no folder"),
        ({"task": "instructed_attention", "effect": "shape, attend shape - neutral"}, "cannot be simulated"),
    ):
        explorer.selection = replace(good, **change)
        assert message in explorer.message and "\n" not in explorer.message and explorer.picture.value == before
    explorer.selection = good
    assert explorer.message == ""
