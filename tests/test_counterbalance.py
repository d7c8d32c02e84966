"""Counterbalanced designs, counted out; random numbers of one stimulus."""

from collections import Counter
from itertools import product

import numpy as np
import pytest

from stimuli import counterbalance

DESIGNS = [(1,), (5,), (2, 2), (3, 2, 12), (3, 2, 2, 2), (4, 6, 10), (2, 4, 8), (1, 3, 1), (6, 10, 15)]


@pytest.mark.parametrize("levels", DESIGNS, ids=str)
def test_every_combination_comes_once_in_a_full_design(levels):
    size = int(np.prod(levels))
    for start in (0, size, 7 * size):
        rows = counterbalance.crossed(np.arange(start, start + size), levels)
        assert sorted(map(tuple, rows.tolist())) == list(product(*map(range, levels)))


@pytest.mark.parametrize("levels", DESIGNS, ids=str)
def test_each_factor_is_balanced_to_within_one_in_every_first_n(levels):
    rows = counterbalance.crossed(range(200), levels)
    for factor, count in enumerate(levels):
        running = np.cumsum(rows[:, factor, None] == np.arange(count), axis=0)
        assert (running.max(1) - running.min(1)).max() <= 1


def test_a_level_depends_on_the_number_alone():
    whole = counterbalance.crossed(range(50), (3, 4, 6))
    assert np.array_equal(counterbalance.crossed([17, 3, 49], (3, 4, 6)), whole[[17, 3, 49]])


@pytest.mark.parametrize("count", [2, 3, 5, 12])
def test_another_level_differs_and_all_ordered_pairs_come_once(count):
    indices = np.arange(count * (count - 1))
    pairs = list(
        zip((indices % count).tolist(), counterbalance.another(indices, indices % count, count).tolist(), strict=True)
    )
    assert Counter(pairs) == {(a, b): 1 for a in range(count) for b in range(count) if a != b}


def test_streams_of_families_and_stimuli_are_apart():
    drawn = {counterbalance.generator(*key).random() for key in product((0, 1), (1, 2), (0, 1, 2**40))}
    assert len(drawn) == 12
    first = counterbalance.generator(5, 3, 7).random(4)
    assert np.array_equal(first, counterbalance.generator(5, 3, 7).random(4))
