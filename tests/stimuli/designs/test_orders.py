"""Orders with constraints and Latin squares, against all orders that there are and by counting."""

from collections import Counter
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare

from stimuli.designs import constrained_order, key_map, latin_square, williams_square


def allowed(word, limit):
    """All orders of letters without more than so many in a row."""
    return {
        order
        for order in set(permutations(word))
        if all(len(set(order[i : i + limit + 1])) > 1 for i in range(len(order) - limit))
    }


@pytest.mark.parametrize("word", ["aab", "aaab", "aabb", "aaabbc", "aaaaabb"])
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_orders_are_among_those_that_keep_to_it_and_all_of_them_come(word, limit):
    trials, random = pd.DataFrame({"factor": list(word)}), np.random.default_rng(1)
    wanted = allowed(word, limit)
    if not wanted:
        with pytest.raises(ValueError, match="allow|give more"):
            constrained_order(trials, {"factor": limit}, random)
        return
    orders = [constrained_order(trials, {"factor": limit}, random) for _ in range(60 if len(wanted) < 15 else 10)]
    found = {tuple(trials["factor"].iloc[order]) for order in orders}
    assert found <= wanted and all(sorted(order) == list(range(len(word))) for order in orders)
    assert len(wanted) >= 15 or found == wanted


def test_trials_that_came_before_count():
    trials, random = pd.DataFrame({"factor": list("aaab")}), np.random.default_rng(2)
    before = pd.DataFrame({"factor": list("baa")})
    for _ in range(20):
        order = constrained_order(trials, {"factor": 3}, random, before)
        assert "".join(trials["factor"].iloc[order]) in ("abaa", "baaa")


def test_without_limits_every_order_is_as_likely():
    trials, random = pd.DataFrame({"factor": list("abc")}), np.random.default_rng(3)
    counts = Counter(tuple(constrained_order(trials, {}, random)) for _ in range(1200))
    assert len(counts) == 6 and chisquare(list(counts.values())).pvalue > 0.001


def test_what_is_not_found_is_told_with_its_limits():
    """Each factor by itself has an order at 1 in a row, both together have none: a1 and b2 share nothing to follow."""
    trials = pd.DataFrame({"one": list("aabb"), "other": list("xxyy")})
    trials = pd.concat([trials, pd.DataFrame({"one": ["a", "b"], "other": ["y", "x"]})])
    with pytest.raises(ValueError, match="1 of a level of one and 1 of a level of other in a row .* allow more"):
        constrained_order(trials.iloc[[0, 1, 2, 4, 5, 3]].assign(other=list("xyxyxy")), {"one": 1, "other": 1},
                          np.random.default_rng(0))  # fmt: skip


@pytest.mark.parametrize("n", range(1, 8))
def test_in_a_williams_square_each_level_follows_each_other_equally_often(n):
    square = williams_square(n)
    assert (np.sort(square, axis=1) == np.arange(n)).all()
    places = np.stack([np.bincount(column, minlength=n) for column in square.T])
    assert (places == len(square) // n).all()
    follows = Counter((int(a), int(b)) for row in square for a, b in zip(row, row[1:], strict=False))
    assert len(follows) == n * (n - 1) and len(set(follows.values())) <= 1


def test_each_key_means_each_option_once():
    square = latin_square(4)
    assert (np.sort(square, axis=0) == np.arange(4)[:, None]).all()
    maps = [key_map(("yes", "no"), ("f", "j"), order) for order in range(2)]
    assert maps == [{"yes": "f", "no": "j"}, {"yes": "j", "no": "f"}]
    with pytest.raises(ValueError, match="one an option: got 1 for 2"):
        key_map(("yes", "no"), ("f",), 0)
    with pytest.raises(ValueError, match="orders 0 to 1, got 2"):
        key_map(("yes", "no"), ("f", "j"), 2)
