"""The study figure: what it draws is what the tables say, whatever conditions, scores and people there are."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from synthetic_figures import study_trials

from experiments.__main__ import main
from experiments.figures import FIGURES, numbers_of
from experiments.trials import stored
from experiments.trials.answer_scores import participant_scores
from experiments.trials.by_condition import condition_means
from experiments.trials.trial_table import write_csv

BY = ["instruction"]


@pytest.fixture(scope="module")
def trials():
    return study_trials()


def test_the_numbers_are_those_of_the_tables(trials):
    drawn = FIGURES["study"](trials)
    told = numbers_of(drawn)
    assert len(drawn.axes) == 4 and "7 people and 2 observers by instruction, n = 16 to 32 trials" in drawn.get_label()
    assert drawn.get_label().endswith("Not in people's intervals, since they lack a condition: person 7.")
    for score in ("accuracy", "probability", "median_rt"):
        means = condition_means(trials, score, BY, interval="within").dropna(subset=[score])
        rows = told[told[f"{score}_low"].notna()]
        np.testing.assert_allclose(sorted(rows[score]), sorted(means[score]))
        persons = participant_scores(trials[trials["kind"] == "person"], score, BY)
        shown = told[told[score].notna() & told["participant"].str.startswith("person")]
        assert sorted(shown[score]) == pytest.approx(sorted(persons[score]))


@pytest.mark.parametrize(
    ("kind", "options", "axes"),
    [
        ("person", {"by": ("answer", "instruction")}, ["right answers (share)", "median RT (s)"]),
        ("model", {"scores": ("d_prime", "choice"), "option": "present"}, ["d'", "answers 'present' (share)"]),
    ],
)
def test_people_or_observers_alone_and_other_scores(trials, kind, options, axes):
    drawn = FIGURES["study"](trials[trials["kind"] == kind], **options)
    assert [panel.get_xlabel() for panel in drawn.axes[1:]] == axes


def test_a_figure_longer_than_a_page_is_refused(trials):
    with pytest.raises(ValueError, match="longer than a page: choose conditions"):
        FIGURES["study"](trials, by=("trial",))
    with pytest.raises(ValueError, match="did you mean 'instruction'"):
        FIGURES["study"](trials, by=("instructions",))


def test_files_of_people_and_observers_are_drawn_together(trials, tmp_path, capsys):
    files = [
        write_csv(trials[trials["kind"] == "person"], tmp_path / "people.csv"),
        stored.save(trials[trials["kind"] == "model"], tmp_path / "models.zarr", {"model": "absvit_micro"}),
    ]
    out = tmp_path / "f.png"
    assert main(["figure", "study", *map(str, files), "--out", str(out), "--dpi", "50", "--table"]) == 0
    assert "7 people and 2 observers" in capsys.readouterr().out
    with Image.open(out) as picture:
        assert "absvit_micro" in picture.text["Comment"]
    assert pd.read_csv(tmp_path / "f.csv")["accuracy"].notna().sum() == 2 * 3 + 7 + 6
    assert main(["figure", "study", str(tmp_path / "none.csv"), "--out", str(out)]) == 2
