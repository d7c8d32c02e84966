"""Measures of dynamics against trajectories with known answers."""

import tracemalloc
import warnings

import dask.array
import numpy as np
import pytest
import xarray as xr
from scipy import integrate, stats
from synthetic_probe_records import dynamics_record

from experiments import measures
from experiments.measures.alternation import DurationFit
from experiments.probes.feedback_dynamics import summary as dynamics

N_CLASSES = 4


def record_of(share, dims, coordinates=(), **variables):
    """A record in which reading 1 (class 0) has this share of the two readings' probability, class 1 the rest."""
    share = np.asarray(share, float)
    odds = np.log(share) - np.log1p(-share)
    logits = np.full((*share.shape, N_CLASSES), -30.0)
    logits[..., 0], logits[..., 1] = odds, 0
    n = share.shape[dims.index("stimulus")]
    data = {"logits": ((*dims, "class"), logits)} | variables
    known = {"class_1": ("stimulus", np.zeros(n, int)), "class_2": ("stimulus", np.ones(n, int)), **dict(coordinates)}
    return xr.Dataset(data, known)


def tokens_of(kind, passes=40):
    """A state (pass, channel) that settles geometrically, swings, drifts, or wanders."""
    t = np.arange(passes + 1)[:, None]
    generator = np.random.default_rng(0)
    return {
        "settles": 10 + 0.5**t * np.array([[3.0, -4.0]]),
        "swings": 10 + (-1.0) ** t * np.array([[3.0, 4.0]]),
        "drifts": 1000 + t * np.array([[3.0, 4.0]]),
        "wanders": 1e4 + generator.normal(size=(passes + 1, 400)).cumsum(0),
    }[kind]


def changes_of(z):
    """Relative changes over one and two passes, by loops."""
    found = np.full((2, len(z)), np.nan)
    for steps in (1, 2):
        for t in range(steps, len(z)):
            found[steps - 1, t] = np.linalg.norm(z[t] - z[t - steps]) / np.linalg.norm(z[t - steps])
    return xr.Dataset({"state_change": ("iteration", found[0]), "two_step_change": ("iteration", found[1])})


def test_settling_is_the_first_pass_after_the_last_move():
    # |z_t - z_{t-1}| = 5 * .5^t and |z| = 14.1: below .01 from 5 * .5^t < .1414 on, t = 6
    record = changes_of(tokens_of("settles"))
    assert measures.settling_iteration(record) == 6
    assert measures.settling_iteration(record, 0.001) == 9
    assert measures.fixed_point_distance(record) < 1e-9
    for kind in ("swings", "drifts", "wanders"):
        assert np.isnan(measures.settling_iteration(changes_of(tokens_of(kind)), 1e-6))
    still = xr.Dataset({"state_change": ("iteration", [np.nan, 0, 0])})
    assert measures.settling_iteration(still) == 1
    with pytest.raises(ValueError, match="positive"):
        measures.settling_iteration(record, 0)


@pytest.mark.parametrize(
    ("kind", "expected"), [("settles", 0), ("swings", 1), ("drifts", -1 / 3), ("wanders", (1 - 2**0.5) / (1 + 2**0.5))]
)
def test_oscillation_tells_swing_from_drift_and_wandering(kind, expected):
    record = changes_of(tokens_of(kind))
    tolerance = 0.01 if kind == "settles" else 1e-6
    assert measures.oscillation(record, tolerance=tolerance).item() == pytest.approx(expected, abs=0.03)


def test_a_state_that_has_stopped_swings_by_nothing_and_divides_by_nothing():
    still = xr.Dataset({name: ("iteration", [np.nan, 0.5, *[0.0] * 6]) for name in ("state_change", "two_step_change")})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert measures.oscillation(still).item() == 0
        assert measures.oscillation(still.chunk()).compute().item() == 0  # in threads numpy's settings do not hold


def test_energy_is_the_sum_over_blocks_relative_to_the_bottom_up_pass():
    errors = xr.DataArray([[[2.0, 2.0]], [[1.0, 2.0]], [[3.0, 5.0]]], dims=("iteration", "stimulus", "layer"))
    change = measures.energy_change(xr.Dataset({"reconstruction_error": errors}))
    assert change.values[:, 0].tolist() == [0, -0.25, 1]


def test_memory_is_what_a_released_cue_leaves():
    share = np.array([[[0.9, 0.6]], [[0.2, 0.6]]])  # prior, iteration, stimulus
    labels = {"prior": ["a", "b"], "kind": ("prior", ["released"] * 2), "cue": ("prior", [1, 2])}
    record = record_of(share, ("prior", "iteration", "stimulus"), labels)
    np.testing.assert_allclose(measures.cue_memory(record).values, [[0.7, 0.0]], atol=1e-6)
    with pytest.raises(ValueError, match="expected two priors"):
        measures.cue_memory(record, "released, none")


def morph_record(up, down, steps=11, passes=2):
    """A pair of sequences; functions give the share of reading 1 at a morph, earlier passes are nonsense."""
    morph = np.linspace(0, 1, steps)
    ends = np.stack([up(morph), down(morph)[::-1]])
    share = np.full((2, 1 + passes * steps), 0.5)
    share[:, passes::passes] = ends
    order = np.stack([morph, morph[::-1]])
    shown = np.concatenate([order[:, :1], np.repeat(order, passes, axis=1)], axis=1)
    labels = {
        "prior": ["none"], "morph": (("stimulus", "iteration"), shown), "direction": ("stimulus", [1, -1]),
        "pair": ("stimulus", [7, 7]), "stimulus": [14, 15],
    }  # fmt: skip
    return record_of(share[None], ("prior", "stimulus", "iteration"), labels)


def logistic(point, slope=20):
    return lambda morph: 1 / (1 + np.exp(slope * (morph - point)))


@pytest.mark.parametrize(("up", "down"), [(0.65, 0.4), (0.5, 0.5), (0.45, 0.6)])
def test_hysteresis_is_the_distance_of_the_transitions(up, down):
    record = morph_record(logistic(up), logistic(down), steps=101)
    points = measures.transition_point(record).squeeze()
    np.testing.assert_allclose(points.sel(direction=[1, -1]), [up, down], atol=1e-3)
    assert measures.hysteresis_width(record).item() == pytest.approx(up - down, abs=1e-3)
    area = integrate.quad(lambda m: logistic(up)(m) - logistic(down)(m), 0, 1)[0]
    assert measures.hysteresis_area(record).item() == pytest.approx(area, abs=1e-4)


def test_a_percept_that_never_gives_way_lasts_to_the_end():
    record = morph_record(lambda m: 0 * m + 0.9, logistic(0.3))
    assert measures.transition_point(record).squeeze().values.tolist() == pytest.approx([1.0, 0.3], abs=0.01)
    flat = morph_record(lambda m: 0 * m + 0.1, logistic(0.3))  # does not begin with its first reading
    assert np.isnan(measures.hysteresis_width(flat).item())
    with pytest.raises(ValueError, match="--protocol hysteresis"):
        measures.hysteresis_area(record_of([[0.5]], ("iteration", "stimulus")))


def alternating(durations):
    """Shares of a stimulus that alternates with these durations, both readings in turn."""
    return np.concatenate([np.full(int(d), 0.9 if k % 2 == 0 else 0.2) for k, d in enumerate(durations)])


def test_durations_are_those_of_complete_phases():
    record = record_of(alternating([3, 5, 1, 4, 6])[:, None], ("iteration", "stimulus"))
    found = measures.dominance_durations(record, 0).values[:, 0]
    assert found[~np.isnan(found)].tolist() == [5, 1, 4]
    assert np.flatnonzero(~np.isnan(found)).tolist() == [3, 8, 9]
    assert measures.switch_rate(record, 0).item() == pytest.approx(100 * 4 / 18)
    still = record_of(np.full((9, 1), 0.9), ("iteration", "stimulus"))
    assert measures.dominance_durations(still).isnull().all() and measures.switch_rate(still) == 0


def test_a_fit_recovers_the_gamma_distribution_that_durations_come_from():
    durations = stats.gamma.rvs(3.5, scale=2.0, size=4000, random_state=1)
    fit = measures.fit_durations(durations)
    assert fit.shape == pytest.approx(3.5, rel=0.05) and fit.scale == pytest.approx(2.0, rel=0.05)
    assert fit.variation == pytest.approx(3.5**-0.5, rel=0.05)  # of a gamma distribution
    assert fit.log_likelihood > measures.fit_durations(durations, "lognormal").log_likelihood
    assert integrate.quad(fit.density, 0, 100)[0] == pytest.approx(1, abs=1e-6)


def test_the_fit_of_a_lognormal_is_its_closed_form():
    logs = np.random.default_rng(2).normal(1.5, 0.6, 500)
    fit = measures.fit_durations(np.append(np.exp(logs), np.nan), "lognormal")
    assert fit.n == 500
    assert fit.shape == pytest.approx(logs.std(), rel=1e-4) and fit.scale == pytest.approx(
        np.exp(logs.mean()), rel=1e-4
    )
    assert isinstance(fit, DurationFit)
    for few in ([1.0, 2.0], [3.0] * 5, [-1.0, 2.0, 3.0]):
        with pytest.raises(ValueError, match="at least three"):
            measures.fit_durations(few)
    with pytest.raises(ValueError, match="gamma, lognormal"):
        measures.fit_durations([1.0, 2.0, 3.0], "weibull")


def test_decisions_come_when_the_entropy_falls_and_buy_accuracy_with_time():
    # reading 1 wins in the end, reading 2 leads at first; the entropy of (p, 1 - p) falls from pass to pass
    share = np.array([0.4, 0.45, 0.7, 0.9, 0.99])
    labels = {"prior": ["class 1", "class 2"], "cue": ("prior", [1, 2]), "kind": ("prior", ["class"] * 2)}
    record = record_of(np.stack([share] * 2)[:, :, None], ("prior", "iteration", "stimulus"), labels)
    entropies = -(share * np.log(share) + (1 - share) * np.log(1 - share))
    for pass_ in (2, 3, 4):
        time = measures.decision_time(record, entropies[pass_] + 1e-4)
        assert (time == (0 if entropies[pass_] >= entropies[0] else pass_)).all()
    assert measures.decision_time(record, 0.0).isnull().all()
    curve = measures.speed_accuracy(record, [0.69, entropies[3] + 1e-4, 0.0])
    assert curve["time"].isel(stimulus=0, prior=0).values.tolist() == [0, 3, 4]
    assert curve["decided"].isel(stimulus=0, prior=0).values.tolist() == [True, True, False]
    assert curve["correct"].isel(stimulus=0).transpose("prior", ...).values.tolist() == [
        [False, True, True],
        [True, False, False],
    ]
    with pytest.raises(ValueError, match="threshold"):
        measures.decision_time(record, -1)


def test_cka_and_rsa_agree_with_their_closed_forms():
    generator = np.random.default_rng(3)
    a, b = generator.normal(size=(20, 5)), generator.normal(size=(20, 8))
    rotation = np.linalg.qr(generator.normal(size=(5, 5)))[0]
    assert measures.linear_cka(a, 3 * a @ rotation + 7) == pytest.approx(1)
    centring = np.eye(20) - 1 / 20  # Kornblith et al. 2019: HSIC of the two Gram matrices, equations 3 and 4
    kernels = [centring @ x @ x.T @ centring for x in (a, b)]
    hsic = [np.trace(kernels[i] @ kernels[j]) for i, j in ((0, 1), (0, 0), (1, 1))]
    assert measures.linear_cka(a, b) == pytest.approx(hsic[0] / np.sqrt(hsic[1] * hsic[2]))
    pairs = [1 - np.corrcoef(a[i], a[j])[0, 1] for i in range(20) for j in range(i + 1, 20)]
    np.testing.assert_allclose(measures.rdm(a), pairs)
    assert measures.rsa(a, 2 * a + 1) == pytest.approx(1)
    others = [1 - np.corrcoef(b[i], b[j])[0, 1] for i in range(20) for j in range(i + 1, 20)]
    ranks = [stats.rankdata(x) for x in (pairs, others)]
    assert measures.rsa(a, b) == pytest.approx(np.corrcoef(*ranks)[0, 1])


@pytest.mark.parametrize("method", ["cka", "rsa"])
def test_similarity_compares_every_two_passes_or_layers(method):
    features = np.random.default_rng(4).normal(size=(3, 2, 10, 6)).astype(np.float16)  # iteration, layer, stimulus
    record = xr.Dataset(
        {"features": (("iteration", "layer", "stimulus", "feature"), features)}, {"iteration": [0, 1, 2]}
    )
    found = measures.representation_similarity(record, "iteration", method)
    assert found.dims == ("layer", "iteration", "iteration_2")
    compare = {"cka": measures.linear_cka, "rsa": measures.rsa}[method]
    assert found.sel(iteration=0, iteration_2=2).isel(layer=1) == pytest.approx(compare(features[0, 1], features[2, 1]))
    np.testing.assert_allclose(np.diagonal(found, axis1=1, axis2=2), 1)
    assert measures.representation_similarity(record, "layer", method).dims == ("iteration", "layer", "layer_2")
    with pytest.raises(ValueError, match="--features"):
        measures.representation_similarity(record.drop_vars("features"))
    with pytest.raises(ValueError, match="iteration or layer"):
        measures.representation_similarity(record, "class", method)


def test_the_summary_of_switching_pools_the_phases():
    record = record_of(alternating([30, *[4, 9, 5, 6, 8, 7] * 4])[None, :, None], ("prior", "iteration", "stimulus"))
    record = record.assign_coords(prior=["percept"], kind=("prior", ["percept"]), cue=("prior", [0]))
    record = record.expand_dims(severity=[0.0])
    record.attrs |= {"title": "feedback dynamics: switching", "model": "one"}
    row = dynamics.summary(record, n=10).iloc[0]
    durations = np.array([4, 9, 5, 6, 8, 7] * 4)[:-1]
    assert row["phases"] == 23 and row["duration"] == pytest.approx(durations.mean())
    assert row["variation"] == pytest.approx(durations.std() / durations.mean())
    assert row["switch_rate"] == pytest.approx(100 * 24 / (30 - 20 + 156 - 1))
    assert row["gamma_shape"] == pytest.approx(stats.gamma.fit(durations, floc=0)[0])


@pytest.mark.seconds
def test_a_summary_reads_the_logits_a_chunk_at_a_time():
    shape, chunks = (1, 1, 6, 1, 600, 1000), (1, 1, 6, 1, 10, 1000)
    dims = ("gain", "severity", "iteration", "prior", "stimulus")
    change = (dims, dask.array.full(shape[:-1], 0.1, chunks=chunks[:-1]))
    logits = dask.array.zeros(shape, dtype=np.float32, chunks=chunks)
    error = dask.array.ones((*shape[:-1], 4), chunks=(*chunks[:-1], 4))
    of_prior = {"prior": ["none"], "kind": ("prior", ["none"]), "cue": ("prior", [0])}
    record = xr.Dataset(
        {"logits": ((*dims, "class"), logits), "state_change": change, "two_step_change": change,
         "reconstruction_error": ((*dims, "layer"), error)},
        {**of_prior, "gain": [1.0], "severity": [0.3], "iteration": range(6), "class_1": ("stimulus", [0] * 600),
         "class_2": ("stimulus", [1] * 600)},
        {"title": "feedback dynamics: settling"},
    )  # fmt: skip
    tracemalloc.start()
    try:
        table = dynamics.summary(record, n=10)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < logits.nbytes / 2
    assert table["noise"].tolist() == [0.3] and table["settled"].tolist() == [0]


@pytest.mark.parametrize("passes", [1, 3])
def test_few_passes_of_switching_make_no_noise(passes):
    record = dynamics_record("switching", passes).chunk(stimulus=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = dynamics.summary(record, n=5)
    assert table["switch_rate"].notna().all()
