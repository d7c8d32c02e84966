"""Dynamics: where a trajectory of passes settles, how it swings, and what it remembers.

Measures take a record of ``feedback_dynamics`` (those of decisions any record with logits), keep all other
dims and count time in passes. Pass 0 is bottom-up.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from experiments.measures.response_times import response_entropy
from experiments.measures.selection import object_1_share

__all__ = [
    "branches", "cue_memory", "decision_time", "energy_change", "fixed_point_distance", "hysteresis_area",
    "hysteresis_width", "oscillation", "settling_iteration", "speed_accuracy", "transition_point",
]  # fmt: skip


def settling_iteration(record: xr.Dataset, tolerance: float = 0.01) -> xr.DataArray:
    """First pass from which on no pass changes the state by more than the tolerance.

    The settling time of control theory (Ogata 2010, Modern Control Engineering, section 5-3), of the relative
    change.

    Parameters
    ----------
    record : with state_change (..., iteration, ...).
    tolerance : largest relative change that counts as none, positive.

    Returns
    -------
    (...) 1..T, NaN where the last pass still changes the state.

    Raises
    ------
    ValueError : the tolerance is not positive.
    """
    if not tolerance > 0:
        raise ValueError(f"tolerance must be positive, got {tolerance}")
    moving = record["state_change"] > tolerance
    last = moving.sizes["iteration"] - 1
    passes = xr.DataArray(np.arange(last + 1), dims="iteration")
    first = xr.where(moving, passes, 0).max("iteration") + 1  # the pass after the last one that moved
    return _described(first.where(first <= last), "pass from which on the state stays", "pass")


def fixed_point_distance(record: xr.Dataset) -> xr.DataArray:
    """Relative change of the state in the last pass, |f(z) - z| / |z|: 0 at a fixed point.

    The residual that deep equilibrium models drive to zero (Bai, Kolter and Koltun 2019, NeurIPS, section 4).

    Parameters
    ----------
    record : with state_change (..., iteration, ...).

    Returns
    -------
    (...) at least 0.
    """
    change = record["state_change"].isel(iteration=-1, drop=True)
    return _described(change, "relative change of the state in the last pass")


def oscillation(record: xr.Dataset, last: int = 4, tolerance: float = 0.01) -> xr.DataArray:
    """How much the state swings between two values, (d1 - d2) / (d1 + d2) over the last passes.

    d1 is the relative change over one pass and d2 that over two. An orbit of period 2, as a flip bifurcation
    gives it (Strogatz 2015, Nonlinear Dynamics and Chaos, section 10.3), comes back after two: 1. A steady
    drift gives -1/3, a random walk -0.17.

    Parameters
    ----------
    record : with state_change and two_step_change (..., iteration, ...).
    last : passes to average over, at least 1.
    tolerance : states that change by less in a pass have settled.

    Returns
    -------
    (...) in [-1, 1]; 0 where the state has settled.
    """
    chosen = slice(-last, None)
    one, two = (record[name].isel(iteration=chosen).mean("iteration") for name in ("state_change", "two_step_change"))
    settled = one <= tolerance
    total = (one + two).where(~settled)  # a state that has stopped would be 0 / 0
    return _described(((one - two) / total).where(~settled, 0), "swing of period 2")


def cue_memory(record: xr.Dataset, kind: str = "released") -> xr.DataArray:
    """What is left of a cue after it was taken away: share of reading 1 after cue 1 minus that after cue 2.

    Where two fixed points coexist the state stays where the cue put it (1); where there is one it forgets
    (0).

    Parameters
    ----------
    record : with two priors of this kind, that cue object 1 and object 2.
    kind : kind of prior.

    Returns
    -------
    (..., iteration, stimulus) in [-1, 1].

    Raises
    ------
    ValueError : the record has no such priors.
    """
    kinds, cues = record["kind"].values, record["cue"].values
    places = [np.flatnonzero((kinds == kind) & (cues == cue)) for cue in (1, 2)]
    if not all(len(place) for place in places):
        raise ValueError(f"expected two priors of kind {kind!r}, the record holds {list(record['prior'].values)}")
    share = object_1_share(record.isel(prior=[place[0] for place in places]))
    return _described(share.isel(prior=0, drop=True) - share.isel(prior=1, drop=True), "memory of a released cue")


def energy_change(record: xr.Dataset) -> xr.DataArray:
    """Relative change of the reconstruction error, summed over blocks, since the bottom-up pass.

    The sum is the energy of analysis by synthesis, what the variational loss makes the decoders minimise (Shi
    et al. 2023, equation 12); it falls where later passes bring states that are easier to predict from above.

    Parameters
    ----------
    record : with reconstruction_error (..., iteration, ..., layer).

    Returns
    -------
    (..., iteration, prior, stimulus) at least -1; 0 at pass 0.
    """
    energy = record["reconstruction_error"].sum("layer", skipna=False)
    start = energy.isel(iteration=0, drop=True)
    return _described(energy / start - 1, "change of the reconstruction error since pass 0")


def decision_time(record: xr.Dataset, threshold: float) -> xr.DataArray:
    """First pass whose entropy is at most the threshold: the model's response time (Spoerer et al. 2020).

    Spoerer, Kietzmann, Mehrer, Charest and Kriegeskorte (2020, PLoS Comput. Biol. 16, e1008215) read the
    reaction time of a recurrent network off in this way.

    Parameters
    ----------
    record : with logits (..., iteration, ..., class).
    threshold : entropy in nats, at least 0; ln 2 = 0.69 where two classes are equally probable.

    Returns
    -------
    (...) 0..T; NaN where no pass gets there.
    """
    if not threshold >= 0:
        raise ValueError(f"threshold must be an entropy of at least 0 nat, got {threshold}")
    reached = response_entropy(record).compute() <= threshold
    first = reached.argmax("iteration").where(reached.any("iteration"))
    return _described(first, f"first pass with an entropy of at most {threshold} nat", "pass")


def speed_accuracy(record: xr.Dataset, thresholds: np.ndarray) -> xr.Dataset:
    """Speed and accuracy as the decision threshold moves (Wickelgren 1977, Acta Psychologica 41).

    A trial ends at its decision time, or undecided at the last pass, and the answer is the most probable
    class then. It is right if it is the cued object's class or, without a cue, any class that is shown.

    Parameters
    ----------
    record : with logits, class_1 and class_2 (-1 = no such object).
    thresholds : entropies in nats.

    Returns
    -------
    Dataset (threshold, ..., prior, stimulus): time in passes, decided and correct (bool).
    """
    record = record.compute()
    answer = record["logits"].argmax("class")
    shown = [record[name] for name in ("class_1", "class_2") if name in record.coords]
    correct = xr.zeros_like(answer, bool)
    for number, one in enumerate(shown, start=1):
        correct = correct | ((answer == one) & record["cue"].isin((0, number)))
    last, parts = record.sizes["iteration"] - 1, []
    for threshold in thresholds:
        time = decision_time(record, threshold)
        end = time.fillna(last).astype(int)
        parts.append(xr.Dataset({"time": end, "decided": time.notnull(), "correct": correct.isel(iteration=end)}))
    level = xr.Variable("threshold", np.asarray(thresholds, float), {"long_name": "entropy", "units": "nat"})
    curve = xr.concat(parts, level).drop_vars("iteration", errors="ignore")
    for name, long_name, units in (
        ("time", "decision time", "pass"), ("decided", "threshold reached", "1"), ("correct", "answer is right", "1"),
    ):  # fmt: skip
        curve[name].attrs = {"long_name": long_name, "units": units}
    return curve


def hysteresis_area(record: xr.Dataset) -> xr.DataArray:
    """Area between the two branches of a morph: share of the reading that came first, minus what it is without memory.

    The integral over the morph of p1(ascending) - p1(descending), p1 the share of reading 1 in the two
    readings' probability, by the trapezoidal rule. For perception that jumps it is the distance of the two
    jumps (Hock, Kelso and Schoener 1993, J. Exp. Psychol. HPP 19); it is positive where a percept persists,
    negative where perception switches early, 0 without memory.

    Parameters
    ----------
    record : of the protocol hysteresis.

    Returns
    -------
    (..., prior, pair) in [-1, 1].

    Raises
    ------
    ValueError : the record has no morph.
    """
    up, down = branches(record)
    return _described((up - down).integrate("morph"), "area between the branches of the morph")


def transition_point(record: xr.Dataset) -> xr.DataArray:
    """Morph at which the share of reading 1 first crosses one half, in the order of presentation.

    Parameters
    ----------
    record : of the protocol hysteresis.

    Returns
    -------
    (direction, ..., prior, pair) in [0, 1], linear between pictures; NaN where the sequence does not begin
    with its first reading. A percept that never gives way gets the end of its sequence.
    """
    up, down = branches(record)
    found = []
    for direction, share in ((1, up), (-1, down.isel(morph=slice(None, None, -1)))):
        persists = (share - 0.5) * direction  # positive while the first percept lasts
        morph = share["morph"].values
        point = xr.apply_ufunc(
            _first_crossing, persists, kwargs={"at": morph}, input_core_dims=[["morph"]], vectorize=True
        )
        found.append(point)
    label = xr.Variable("direction", [1, -1], {"long_name": "1 = ascending, -1 = descending", "units": "1"})
    return _described(xr.concat(found, label), "morph at which perception switches")


def hysteresis_width(record: xr.Dataset) -> xr.DataArray:
    """Distance of the two transition points, ascending minus descending (Hock, Kelso and Schoener 1993).

    Where the share crosses one half more than once, each direction counts its own first crossing, and the
    width is negative even without memory; ``hysteresis_area`` has no such bias.

    Parameters
    ----------
    record : of the protocol hysteresis.

    Returns
    -------
    (..., prior, pair) in [-1, 1]; positive where a percept persists. NaN as in ``transition_point``.
    """
    points = transition_point(record)
    width = points.sel(direction=1, drop=True) - points.sel(direction=-1, drop=True)
    return _described(width, "width of the hysteresis")


def branches(record: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
    """Share of reading 1 after the last pass over each picture of a record of hysteresis, ascending and descending.

    Returns
    -------
    Two of (..., prior, pair, morph), both in the order of the morph; only pairs of which both sequences are
    done.

    Raises
    ------
    ValueError : the record has no morph, or its sequences differ in their steps.
    """
    if "morph" not in record.coords:
        raise ValueError("expected a record of morph sequences: run feedback_dynamics with --protocol hysteresis")
    share = object_1_share(record).compute()
    found = []
    for direction in (1, -1):
        chosen = np.flatnonzero(record["direction"].values == direction)
        morph = record["morph"].isel(stimulus=chosen).values
        if not len(chosen) or (morph != morph[0]).any():
            raise ValueError("expected sequences up and down that all show the same steps of the morph")
        ends = np.flatnonzero(np.append(morph[0][1:] != morph[0][:-1], True))  # the last pass over each picture
        branch = share.isel(stimulus=chosen, iteration=ends)
        branch = branch.drop_vars([name for name in branch.coords if name not in branch.dims])
        branch = branch.rename(stimulus="pair", iteration="morph")
        pairs = record["pair"].isel(stimulus=chosen).values
        found.append(branch.assign_coords(morph=morph[0][ends], pair=pairs).sortby("morph").sortby("pair"))
    up, down = xr.align(*found, join="inner")  # a pair of which one sequence is not done yet is left out
    return up, down


def _first_crossing(values: np.ndarray, at: np.ndarray) -> float:
    """Where values first fall to 0 or below, linear in between; the end where they never do."""
    if not values[0] > 0:
        return np.nan
    below = np.flatnonzero(values <= 0)
    if not len(below):
        return float(at[-1])
    k = below[0]
    return float(at[k - 1] + (at[k] - at[k - 1]) * values[k - 1] / (values[k - 1] - values[k]))


def _described(values: xr.DataArray, long_name: str, units: str = "1") -> xr.DataArray:
    """Name the values."""
    values = values.rename(None)
    values.attrs = {"long_name": long_name, "units": units}
    return values
