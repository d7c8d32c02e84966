"""Simulated people have what they are said to have, and the analyses find it."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from experiments.__main__ import main
from experiments.trials.answer_scores import participant_scores
from experiments.trials.recoveries import recoveries
from experiments.trials.simulated import CUED, NEUTRAL, SimulatedPeople, detection_trials, level_trials


def test_many_simulated_people_have_what_they_are_said_to_have():
    people = SimulatedPeople(300, 25)
    table = detection_trials(people, np.random.default_rng(0))
    shares = table.groupby("instruction")["correct"].mean()
    assert shares[NEUTRAL] == pytest.approx(people.accuracy(NEUTRAL), abs=0.015)
    odds = np.log(shares / (1 - shares))
    assert odds[CUED] - odds[NEUTRAL] == pytest.approx(people.log_odds, abs=0.08)
    wide = participant_scores(table, "mean_rt", ["instruction"]).pivot(
        index="participant", columns="instruction", values="mean_rt"
    )
    assert (wide[NEUTRAL] - wide[CUED]).mean() == pytest.approx(people.rt_effect, abs=0.006)
    levels = level_trials(SimulatedPeople(200), np.random.default_rng(0), 0.0)
    middle = levels[levels["level"] == 0]["correct"].mean()
    assert middle == pytest.approx(0.49, abs=0.03)


def test_the_same_seed_gives_the_same_people():
    one, two, other = (detection_trials(SimulatedPeople(3, 2), np.random.default_rng(k)) for k in (1, 1, 2))
    assert one.equals(two) and not one.equals(other)


@pytest.mark.seconds
def test_intervals_hold_the_truth():  # with 1,000 simulations: python -m experiments recovery --of participants
    n = 2
    rows = pd.DataFrame(recoveries(SimulatedPeople(5, 5, level_trials=4), n))
    assert len(rows) == 16 and (rows["n"] == n).all()
    assert (rows["coverage"] >= stats.binom.ppf(0.001, n, 0.95) / n).all(), rows
    assert rows["coverage"].mean() > 0.85 and (rows["width"] > 0).all()


def test_the_table_of_recoveries_is_printed_and_written(monkeypatch, tmp_path, capsys):
    from experiments.trials import recoveries as module

    monkeypatch.setattr(module, "RECOVERIES", module.RECOVERIES[:1])
    words = ["--simulations", "4", "--participants", "6", "--trials", "5"]
    assert main(["recovery", "--of", "participants", *words, "--out", str(tmp_path / "r.csv")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split()[-3:] == [f"{pd.read_csv(tmp_path / 'r.csv')['coverage'][0]:.3f}", "0.000", "4"]
    assert main(["recovery", "--of", "participants", "--participants", "2"]) == 2
    with pytest.raises(ValueError, match="an experiment is one of detection"):
        next(recoveries(SimulatedPeople(), 1, of=["rts"]))
    with pytest.raises(ValueError, match="a simulation at least"):
        next(recoveries(SimulatedPeople(), 0))
