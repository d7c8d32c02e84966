"""People's alternation beside an observer's: a fit to people who are simulated, the table, and what is refused."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from experiments.__main__ import main
from experiments.figures import FIGURES
from experiments.measures.alternation import phases_of
from experiments.observers import load_observers
from experiments.people_score.alternating import CONTRASTS, alternation_beside
from experiments.people_score.alternation_fit import fit_dynamics
from experiments.probes.alternation.dynamics import Dynamics, alternate
from experiments.statistics.phase_statistics import alternation

TRUTH = Dynamics(adaptation=5.0, adaptation_time=4.0, noise=1.2, seconds=120.0, onset=5.0)
TOLD = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])


@pytest.fixture(scope="module")
def margins():
    values = np.array([0.0, 0.1, -0.1, 0.0])[:, None] + 2.2 * TOLD
    return xr.DataArray(values, dims=("stimulus", "told"), coords={"stimulus": np.arange(4), "told": TOLD})


def people_of(margins, dynamics, seed):
    share = alternate(margins, dynamics, seed).sel(time=slice(dynamics.onset, None))
    return phases_of(share, "time", dynamics.pass_time, dynamics.criterion, ("stimulus",), dynamics.least)


@pytest.mark.slow
def test_parameters_that_made_people_are_within_the_interval_and_their_durations_come_again(margins):
    people = people_of(margins, TRUTH, 1)
    fit = fit_dynamics(margins, people, TRUTH, generations=10)
    assert fit.misfit < 8
    for name, (low, high) in fit.intervals.items():
        assert low <= getattr(TRUTH, name) <= high, name
    found, made = alternation(people_of(margins, fit.dynamics, 2)), alternation(people)
    assert found.mean == pytest.approx(made.mean, rel=0.2)
    assert found.variation == pytest.approx(made.variation, abs=0.1)


def test_a_flat_map_and_no_noise_within_the_bounds_is_refused(margins):
    still = Dynamics(seconds=12.0, onset=5.0, report_time=6.0)
    with pytest.raises(ValueError, match="no percept alternates"):
        fit_dynamics(margins, people_of(margins, TRUTH, 1), still, generations=0)


@pytest.fixture(scope="module")
def compared(margins):
    people = people_of(margins, TRUTH, 1).assign(display="Necker cube", contrast=1.0)
    series = [people.assign(display="rivalry at five contrasts", contrast=contrast) for contrast in CONTRASTS]
    people = pd.concat([people, *series])
    short = Dynamics(seconds=60.0, onset=5.0)
    return alternation_beside(load_observers(["absvit_micro", "vit_micro"]), people, n=2, generations=0, dynamics=short)


@pytest.mark.seconds
def test_observers_their_controls_and_people_stand_in_one_table(compared):
    rows = compared.table.set_index(["who", "display", "contrast"])
    people = compared.phases[(compared.phases["who"] == "people") & (compared.phases["display"] == "Necker cube")]
    assert rows.loc[("people", "Necker cube", 1.0), "mean"] == alternation(people).mean
    who = set(compared.table["who"])
    assert who >= {"absvit_micro, no adaptation", "absvit_micro, no feedback", "absvit_micro, evidence scaled"}
    assert who >= {"people", "absvit_micro", "vit_micro", "absvit_micro, no noise"}
    still = compared.table[compared.table["n"] == 0]["who"]
    assert not set(still) & set(compared.phases["who"])


def test_the_command_refuses_in_one_line(capsys, tmp_path):
    (tmp_path / "phases.csv").write_text("who,display\nme,cube\n")
    with pytest.raises(ValueError, match="holds no phases"):
        FIGURES["alternation"].opens([tmp_path / "phases.csv"])
    assert main(["people", "alternation", "--out", "table.txt"]) == 2
    assert "--out ends in .csv" in capsys.readouterr().err
    assert main(["people", "alternation", "--from", str(tmp_path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
