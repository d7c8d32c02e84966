"""Alternation where it is known: a relaxation oscillator, a loop over passes, a chain of two states."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import xarray as xr

from experiments import run
from experiments.measures.alternation import phases_of
from experiments.probes import PROBES
from experiments.probes.alternation.dynamics import Dynamics, alternate, followed, told_margins, unit_noise
from experiments.statistics.phase_statistics import MEMORIES, alternation, alternation_row, gamma_shape

TOLD = np.array([-2.0, -0.5, 0.0, 0.5, 2.0])
MARGINS = np.array([[-4.0, -2.0, 0.3, 2.0, 4.0], [-5.0, -1.0, -0.2, 1.5, 3.0]])
SHORT = Dynamics(seconds=40.0, onset=2.0, adaptation_time=3.0)


def table(durations, responses=("left", "right"), **told):
    told = {"participant": "a", "session": 1, "block": 1} | told
    return pd.DataFrame(told | {"duration": durations, "response": np.resize(responses, len(durations))})


def test_percepts_follow_the_equations_of_the_docstring():
    noise = unit_noise([[0, 1], [0, 2]], SHORT)
    found = followed(MARGINS, TOLD, SHORT, noise)
    for k, margins in enumerate(MARGINS):
        p, a = np.array([0.5, 0.5]), np.zeros(2)
        for t, n in enumerate(SHORT.noise * noise[:, k]):
            grid = np.linspace(-2, 2, 129)
            told = np.interp(SHORT.feedback * (p[0] - p[1]), grid, np.interp(grid, TOLD, margins))
            evidence = told - SHORT.adaptation * (a[0] - a[1]) + n
            p = np.array([1 / (1 + np.exp(-evidence)), 1 / (1 + np.exp(evidence))])
            a = a + SHORT.pass_time * (p - a) / SHORT.adaptation_time
            assert found[t, k] == pytest.approx(p[0], abs=1e-9)


def test_without_noise_phases_last_as_long_as_those_of_a_relaxation_oscillator():
    """Feedback of +-M turns over where adaptation reaches it: from -M/phi to M/phi in tau log((phi+M)/(phi-M))."""
    steep = np.array([[-200.0, -200.0, 200.0, 200.0]])
    dynamics = Dynamics(adaptation=400.0, adaptation_time=5.0, noise=0.0, pass_time=0.02, seconds=80.0)
    share = followed(steep, np.array([-2.0, -1e-9, 1e-9, 2.0]), dynamics, np.zeros((dynamics.passes, 1)))
    courses = xr.DataArray(share, dims=("time", "stimulus"), coords={"stimulus": [0]})
    phases = phases_of(courses, "time", dynamics.pass_time, 0.75, ("stimulus",), 3)
    seen = phases[phases["response"] != "mixed"].iloc[1:]
    assert seen["duration"].to_numpy() == pytest.approx(5 * np.log(3), rel=0.02)


def test_noise_is_of_unit_variance_and_forgets_exponentially():
    dynamics = Dynamics(seconds=20_000.0)
    noise = unit_noise([[3]], dynamics)[:, 0]
    assert noise.var() == pytest.approx(1, abs=0.03)
    assert np.corrcoef(noise[1:], noise[:-1])[0, 1] == pytest.approx(np.exp(-0.5), abs=0.01)


def test_a_chain_of_two_states_has_geometric_phases_without_memory():
    generator, switch = np.random.default_rng(2), 0.2
    seen = np.cumsum(generator.random((40_000, 1)) < switch, axis=0) % 2
    courses = xr.DataArray(seen.astype(float), dims=("time", "stimulus"), coords={"stimulus": [0]})
    found = alternation(phases_of(courses))
    assert found.mean == pytest.approx(1 / switch, rel=0.03)
    assert found.variation == pytest.approx(np.sqrt(1 - switch), rel=0.03)
    assert abs(found.lag) < 0.03 and abs(found.history) < 0.04


def test_what_is_seen_too_briefly_is_not_reported():
    share = [0.9, 0.9, 0.9, 0.5, 0.9, 0.9, 0.1, 0.1, 0.5, 0.5, 0.1, 0.9, 0.9, 0.1]
    courses = xr.DataArray(np.array(share)[:, None], dims=("time", "stimulus"), coords={"stimulus": [7]})
    found = phases_of(courses, "time", 0.5, 0.75, ("stimulus",), 2)
    assert list(zip(found["response"], found["duration"], strict=True)) == [("second", 1.0), ("mixed", 1.5)]
    assert set(found["participant"]) == {"stimulus 7"}
    every = phases_of(courses, "time", 0.5, 0.75)
    assert every["duration"].tolist() == [0.5, 1.0, 1.0, 1.0, 0.5, 1.0]


def test_gamma_shape_is_that_of_greatest_likelihood():
    durations = np.random.default_rng(0).gamma(2.7, 1.3, 500)
    shape, _, _ = scipy.stats.gamma.fit(durations, floc=0)
    assert gamma_shape(np.log(durations.mean()) - np.log(durations).mean()) == pytest.approx(shape, rel=1e-6)


def test_history_is_a_leaky_integral_of_what_was_seen():
    """Integrated in small steps, on phases that are short where their percept was seen much."""
    durations = [0.7, 2.0, 0.3, 0.6, 1.9, 0.2, 0.8, 1.1, 0.5, 1.4]
    responses = ["left", "right", "left", "mixed", "left", "right", "left", "mixed", "right", "left"]
    phases = table(durations, responses)
    found, sides = alternation(phases), {"left": 1, "right": -1, "mixed": 0}
    pace = phases["duration"][phases["response"] != "mixed"].mean()
    rows, h, dt = [], 0.0, 1e-4
    for duration, response in zip(durations, responses, strict=True):
        if response != "mixed" and h:
            rows.append((response, sides[response] * h, np.log(duration)))
        for _ in range(round(duration / dt)):
            h += dt * (sides[response] - h) / (found.memory * pace)
    seen = pd.DataFrame(rows, columns=["response", "h", "log"])
    centred = seen[["h", "log"]] - seen.groupby("response")[["h", "log"]].transform("mean")
    assert found.history == pytest.approx(centred.corr().iloc[0, 1], abs=2e-3)
    assert found.memory in MEMORIES


def test_a_percept_that_tires_shows_in_history_and_its_time_constant():
    generator, h, durations = np.random.default_rng(4), 0.0, []
    for side in np.resize([1, -1], 3_000):
        durations.append(np.exp(-1.5 * side * h + 0.3 * generator.standard_normal()))
        h = side + (h - side) * np.exp(-durations[-1] / 2.0)
    found = alternation(table(durations))
    assert found.history < -0.5 and found.memory == pytest.approx(2.0 / np.mean(durations), rel=0.3)


def test_intervals_over_participants_hold_the_truth():
    generator, held = np.random.default_rng(5), 0
    for _ in range(10):
        people = [table(generator.gamma(3, 1 + k / 9, 40), participant=f"p{k}") for k in range(20)]
        row = alternation_row(pd.concat(people), 200)
        held += row["shape_low"] < 3 < row["shape_high"]
    assert held >= 8 and row["participants"] == 20 and row["n"] == 800
    assert np.isnan(alternation_row(people[0], 50)["mean_low"])


@pytest.fixture(scope="module")
def record():
    parameters = PROBES["alternation"].parameters(contrasts=(0.5, 1.0), gains=(0.0, 1.0, 2.0), **vars(SHORT))
    return run("alternation", "absvit_micro", parameters=parameters, n=2)


def test_what_is_told_has_a_sign_and_the_course_starts_from_it(record):
    margins = told_margins(record)
    assert margins["told"].values.tolist() == [-2, -1, 0, 1, 2] and margins.dims == ("contrast", "stimulus", "told")
    logits = record["logits"].sel(gain=1.0, contrast=0.5, prior="class 2").isel(stimulus=1)
    expected = logits[int(record["class_1"][1])] - logits[int(record["class_2"][1])]
    assert float(margins.sel(told=-1.0, contrast=0.5).isel(stimulus=1)) == pytest.approx(float(expected))
    assert (margins.sel(told=2.0) > margins.sel(told=-2.0)).all()
    again = alternate(margins, SHORT, 0)
    np.testing.assert_allclose(again, record["share"], atol=1e-6)
    np.testing.assert_array_equal(alternate(margins.isel(stimulus=[1]), SHORT, 0)[..., 0], again[..., 1])


def test_parameters_that_cannot_be():
    parameters = PROBES["alternation"].parameters
    for given, says in (
        ({"gains": (0.0, 1.0)}, "gains must reach the feedback"), ({"contrasts": (0.0,)}, "contrasts must be above 0"),
        ({"pass_time": 0.0}, "pass_time must be"), ({"criterion": 1.0}, "criterion must be"),
        ({"gains": (0.5, 2.0)}, "ascend from 0"), ({"seconds": 20.0}, "seconds must be"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=says):
            parameters(**given)
    with pytest.raises(ValueError, match="a feedback of gain 3 needs a map"):
        followed(MARGINS, TOLD, Dynamics(feedback=3.0), np.zeros((2, 2)))
