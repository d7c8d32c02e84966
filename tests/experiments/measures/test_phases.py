"""Statistics of alternation where they are known: gamma durations, chains of them, and the phases of a record."""

import numpy as np
import pandas as pd
import pytest
from test_dynamics_measures import alternating, record_of

from experiments.measures.alternation import phases
from experiments.statistics.phase_statistics import alternation


def observed(durations, participant="a", session="1", block=1):
    told = {"participant": participant, "session": session, "block": block, "duration": durations}
    return pd.DataFrame(told | {"response": np.resize(["left", "right"], len(durations))})


def test_gamma_durations_of_people_who_differ_in_pace():
    generator = np.random.default_rng(0)
    blocks = [
        observed(generator.gamma(3, scale, 400), f"p{k}", block=block)
        for k, scale in enumerate((0.2, 1.0, 5.0))
        for block in (1, 2)
    ]
    found = alternation(pd.concat(blocks))
    assert found.shape == pytest.approx(3, rel=0.06) and found.variation == pytest.approx(3**-0.5, rel=0.05)
    assert abs(found.lag) < 0.05 and (found.n, found.participants, found.mixed) == (2400, 3, 0)
    assert found.mean == pytest.approx(pd.concat(blocks)["duration"].mean())


def test_successive_phases_of_a_chain_are_as_alike_as_it_makes_them():
    """Sums of two shared and two own exponentials: each phase has half of its variance from the one before."""
    generator = np.random.default_rng(1)
    parts = generator.exponential(1, (5000, 2)).sum(1)
    assert alternation(observed(parts[1:] + parts[:-1])).lag == pytest.approx(0.5, abs=0.03)


def test_mixed_phases_and_phases_without_length_are_passed_over():
    plain = observed([2.0, 1.0, 4.0, 3.0, 2.5])
    between = pd.concat([plain.iloc[:3], observed([5.0, 0.0]).assign(response=["mixed", "left"]), plain.iloc[3:]])
    found, without = alternation(between), alternation(plain)
    assert (found.shape, found.lag, found.mean, found.n) == (without.shape, without.lag, without.mean, 5)
    assert found.mixed == pytest.approx(5 / 17.5) and without.mixed == 0
    assert found.lag == pytest.approx(np.corrcoef([2, 1, 4, 3], [1, 4, 3, 2.5])[0, 1])


def test_short_blocks_have_no_correlation_and_a_table_of_other_columns_is_refused():
    assert np.isnan(alternation(observed([1.0, 2.0, 3.0])).lag)
    with pytest.raises(ValueError, match="needs the column 'block'"):
        alternation(observed([1.0, 2.0, 3.0]).drop(columns="block"))


def test_phases_of_a_record_are_a_table_of_the_same_kind():
    shares = np.stack([alternating([3, 5, 1, 4, 6]), alternating([2, 4, 4, 3, 6])], axis=1)
    table = phases(record_of(shares, ("iteration", "stimulus")), 0)
    assert table["duration"].tolist() == [5, 1, 4, 4, 4, 3] and table["block"].tolist() == [0, 0, 0, 1, 1, 1]
    assert table["response"].tolist() == ["second", "first", "second"] * 2
    assert table["trial"].tolist() == [1, 2, 3, 4, 5, 6] and set(table["kind"]) == {"model"}
    assert alternation(table).mean == pytest.approx(21 / 6)
