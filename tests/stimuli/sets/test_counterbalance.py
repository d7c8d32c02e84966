"""Counterbalanced designs, counted out; random numbers of one stimulus."""

from collections import Counter
from itertools import product

import numpy as np
import pytest

from stimuli.foundation import design
from stimuli.foundation.design import accompanied, crossed, unbalanced

DESIGNS = [(1,), (5,), (2, 2), (3, 2, 12), (3, 2, 2, 2), (4, 6, 10), (2, 4, 8), (1, 3, 1), (6, 10, 15)]


@pytest.mark.parametrize("levels", DESIGNS, ids=str)
def test_every_combination_comes_once_in_a_whole_design_and_in_each_block_of_its_first_factors(levels):
    size = int(np.prod(levels))
    for start in (0, size, 7 * size):
        rows = crossed(np.arange(start, start + size), levels, 3, 1)
        assert sorted(map(tuple, rows.tolist())) == list(product(*map(range, levels)))
        for k in range(1, len(levels)):
            block = int(np.prod(levels[:k]))
            for part in rows[:, :k].reshape(-1, block, k):
                assert sorted(map(tuple, part.tolist())) == list(product(*map(range, levels[:k])))


@pytest.mark.parametrize("levels", DESIGNS, ids=str)
def test_factors_are_balanced_in_whole_blocks_of_those_before_them(levels):
    for seed in range(5):
        rows = crossed(range(200), levels, seed, 1)
        for factor, count in enumerate(levels):
            running = np.cumsum(rows[:, factor, None] == np.arange(count), axis=0)
            uneven = running.max(1) - running.min(1)
            assert uneven[int(np.prod(levels[:factor])) - 1 :: int(np.prod(levels[:factor]))].max() <= 1


def test_a_level_depends_on_seed_family_and_number_alone():
    whole = crossed(range(50), (3, 4, 6), 5, 2)
    assert np.array_equal(crossed([17, 3, 49], (3, 4, 6), 5, 2), whole[[17, 3, 49]])
    levels, classes = accompanied(range(300), (2, 3), 5, 3, 5, 2)
    again = accompanied([299, 0, 121], (2, 3), 5, 3, 5, 2)
    assert np.array_equal(again[0], levels[[299, 0, 121]]) and np.array_equal(again[1], classes[[299, 0, 121]])
    for seed, stream in ((6, 2), (5, 3)):
        assert (crossed(range(50), (3, 4, 6), seed, stream) != whole).any(0).all()
    blocks = crossed(range(2 * 72), (3, 4, 6), 5, 2).reshape(2, 72, 3)
    assert (blocks[0] != blocks[1]).any(0).all()


@pytest.mark.parametrize("conditions", [(), (2,), (3, 2)], ids=str)
@pytest.mark.parametrize("count", [2, 3, 5, 12])
def test_all_ordered_pairs_come_once_in_each_condition(conditions, count):
    cells = int(np.prod(conditions)) * count * (count - 1)
    for start in (0, cells):
        levels, classes = accompanied(range(start, start + cells), conditions, count, 1, 4, 1)
        found = Counter(map(tuple, np.column_stack([levels, classes]).tolist()))
        pairs = [(a, b) for a in range(count) for b in range(count) if a != b]
        assert found == {(*row, *pair): 1 for row in product(*map(range, conditions)) for pair in pairs}
        for row in product(*map(range, conditions)):  # either object has all categories in each turn of a condition
            own = classes[(levels == row).all(1)]
            assert (np.sort(own.reshape(-1, count, 2), axis=1) == np.arange(count)[:, None]).all()


def test_further_objects_have_any_category_that_is_left():
    _, classes = accompanied(range(4000), (), 6, 3, 0, 1)
    assert all(len(set(row)) == 4 for row in classes.tolist())
    triples = Counter(map(tuple, classes[:, :3].tolist()))
    assert len(triples) == 120 and max(triples.values()) < 3 * min(triples.values())


@pytest.mark.parametrize(
    ("n", "uneven", "nearest", "less"),
    [
        (24, "pair", 264, ""),
        (200, "category, pair", 264, "; 192 balances all up to category"),
        (411, "side, category, pair", 528, "; 408 balances all up to category"),
        (1, "side, category, pair", 264, ""),
    ],
)
def test_what_a_number_of_stimuli_leaves_unbalanced_is_told(n, uneven, nearest, less):
    factors = {"side": 2, "category": 12, "only one": 1, "pair": 11}
    whole = "(2 side x 12 category x 11 pair)"
    told = f"n = {n} leaves {uneven} unbalanced; the nearest n that does not is {nearest} {whole}{less}"
    assert unbalanced(n, factors) == told
    assert unbalanced(264, factors) == unbalanced(528, factors) == ""


def test_what_is_told_to_be_balanced_is():
    for n in range(1, 60):
        rows = crossed(range(n), (3, 4, 2), 1, 1)
        counts = [Counter(map(tuple, rows[:, :k].tolist())) for k in (1, 2, 3)]
        even = [
            len(count) == size and len(set(count.values())) == 1
            for count, size in zip(counts, (3, 12, 24), strict=True)
        ]
        assert (unbalanced(n, {"a": 3, "b": 4, "c": 2}) == "") == all(even)


def test_streams_of_families_and_stimuli_are_apart():
    drawn = {design.generator(*key).random() for key in product((0, 1), (1, 2), (0, 1, 2**40))}
    assert len(drawn) == 12
    first = design.generator(5, 3, 7).random(4)
    assert np.array_equal(first, design.generator(5, 3, 7).random(4))
