"""Lists of trials: levels, items and orders counted out; the same seed, the same bytes; what cannot be is told."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from stimuli import designs
from stimuli.designs import Design

TOLD = {"instruction": ("left", "right")}


def items(n, **factors):
    """Items of a crossed design of factors, as often as it takes."""
    rows = pd.DataFrame(list(product(*factors.values())), columns=[*factors]) if factors else pd.DataFrame(index=[0])
    rows = pd.concat([rows] * (-(-n // len(rows))), ignore_index=True)[:n]
    return pd.concat([pd.DataFrame({"item": [f"i{k:03}" for k in range(n)]}), rows], axis=1)


def longest(values):
    """Longest run of equal values, counted by hand."""
    best = run = 1
    for one, other in zip(values, values[1:], strict=False):
        run = run + 1 if one == other else 1
        best = max(best, run)
    return best


DESIGNS = {
    "plain": Design(),
    "within": Design(within=TOLD),
    "two within": Design(within={**TOLD, "cue": ("valid", "invalid", "none")}),
    "repeated": Design(within=TOLD, repeats=2),
    "three of four": Design(within={"level": tuple("abcd")}, repeats=3),
    "parts": Design(within=TOLD, trials=12, blocks=2),
    "blocked": Design(within={**TOLD, "cue": ("valid", "invalid", "none")}, blocked=("cue",), blocks=2),
    "aside": Design(within=TOLD, between={"load": ("low", "high")}, practice=5, catch=3, blocks=3),
}


@pytest.fixture(scope="module")
def made():
    """Lists of every design: as many as balance what lists differ in, of 24 items in the test."""
    found = {}
    for name, design in DESIGNS.items():
        given = items(24 + design.practice + design.catch, side=("l", "r"), shape=tuple("xyz"))
        found[name] = design.lists(given, participants=24 if name == "aside" else 12, seed=3, keys=("f", "j"))
    return found


@pytest.mark.parametrize("name", DESIGNS)
def test_every_list_has_every_combination_equally_often_in_every_block(name, made):
    design, lists = DESIGNS[name], made[name]
    test = lists[lists["phase"] == "test"]
    assert test.groupby("list").size().unique().tolist() == [(design.trials or 24) * design.repeats]
    if design.within:
        free = [factor for factor in design.within if factor not in design.blocked] or [*design.within]
        counts = test.groupby(["list", "block", *free]).size().unstack([*free], fill_value=0)
        assert (counts.nunique(axis=1) == 1).all()
        over = test.groupby(["list", *design.within]).size().unstack([*design.within], fill_value=0)
        assert over.shape[1] == np.prod([len(v) for v in design.within.values()]) and (over.nunique(axis=1) == 1).all()


@pytest.mark.parametrize("name", DESIGNS)
def test_items_are_shown_equally_often_under_each_combination_over_the_lists(name, made):
    test = made[name][made[name]["phase"] == "test"]
    within = [*DESIGNS[name].within]
    counts = test.groupby(["item", *within]).size()
    assert test["item"].nunique() == 24 and counts.nunique() == 1
    levels = np.prod([len(v) for v in DESIGNS[name].within.values()] or [1])
    assert len(counts) == 24 * levels


@pytest.mark.parametrize("name", DESIGNS)
def test_items_come_as_often_as_asked_each_time_under_another_combination(name, made):
    design = DESIGNS[name]
    for _, own in made[name].groupby("list"):
        assert own["item"].value_counts().max() == design.repeats
        assert not own.duplicated(["item", *design.within]).any()
        assert own["trial"].tolist() == list(range(1, len(own) + 1)) and own["block"].is_monotonic_increasing
        assert longest(own["item"].tolist()) == 1


def test_levels_within_are_crossed_with_the_factors_of_items(made):
    """24 items of 2 x 3: in each list a combination of two levels has 12, of which each side 6 and each shape 4."""
    test = made["within"]
    for factor in ("side", "shape"):
        counts = test.groupby(["list", "instruction", factor]).size()
        assert counts.nunique() == 1
    assert test.groupby(["list", "instruction", "side", "shape"]).size().nunique() == 1


def test_lists_differ_in_what_lies_between_and_all_of_it_is_crossed(made):
    lists = made["aside"].groupby("list").first()
    assert lists.groupby(["load", "key_order"]).size().tolist() == [6] * 4
    pairs = made["aside"].query("phase == 'test'").groupby(["item", "instruction", "load", "key_order"]).size()
    assert pairs.nunique() == 1 and len(pairs) == 24 * 8


def test_practice_and_catch_trials_have_items_of_their_own_and_their_places(made):
    for _, own in made["aside"].groupby("list"):
        assert own["phase"].tolist()[:5] == ["practice"] * 5 and own["block"].tolist()[:5] == [1] * 5
        assert own.query("phase == 'catch'")["item"].tolist() != own.query("phase == 'test'")["item"].tolist()[:3]
        assert set(own.query("phase == 'practice'")["item"]) == {f"i{k:03}" for k in range(24, 29)}
        assert set(own.query("phase == 'catch'")["item"]) == {f"i{k:03}" for k in range(29, 32)}
        assert own.query("phase == 'catch'")["block"].tolist() == [2, 3, 4]
        assert (own.groupby("block")["phase"].first() != "catch").all()


def test_items_may_say_themselves_what_they_are_for():
    given = items(8).assign(phase=["catch", "test", "practice", *["test"] * 5])
    lists = Design(practice=1, catch=1).lists(given, 2)
    assert lists.groupby("phase")["item"].unique().map(set).to_dict() == {
        "catch": {"i000"}, "practice": {"i002"}, "test": {"i001", *(f"i{k:03}" for k in range(3, 8))},
    }  # fmt: skip
    with pytest.raises(ValueError, match="practice = 2, but 1 items are for practice"):
        Design(practice=2, catch=1).lists(given, 2)


def test_items_may_say_themselves_in_which_block_they_come_and_what_is_right():
    given = items(24, side=("l", "r")).assign(block=[2, 5, 9] * 8, answer=["yes", "no", "no", "yes"] * 6)
    lists = Design(within=TOLD, in_a_row={"answer": 2}).lists(given, 4)
    for _, own in lists.groupby("list"):
        assert own["block"].tolist() == [1] * 8 + [2] * 8 + [3] * 8 and longest(own["answer"].tolist()) <= 2
    told = dict(zip(given["item"], given["answer"], strict=True))
    assert lists["answer"].tolist() == [told[item] for item in lists["item"]]
    assert lists.groupby(["list", "block", "instruction"]).size().unique().tolist() == [4]
    with pytest.raises(ValueError, match="say themselves in which block"):
        Design(blocks=2).lists(given, 2)


def test_blocked_levels_stay_and_their_orders_are_a_williams_square(made):
    first = []
    for _, own in made["blocked"].groupby("list"):
        levels = own.groupby("block")["cue"].unique()
        assert all(len(level) == 1 for level in levels) and len(levels) == 6
        order = [level[0] for level in levels]
        assert order[:3] == order[3:]
        first.append(tuple(order[:3]))
    assert {first.count(order) for order in first} == {2} and len(set(first)) == 6  # 12 lists, 6 orders
    own = Design(within={"cue": tuple("abc")}, blocked=("cue",), order="shuffled").lists(items(6), 12)
    assert own.groupby("list")["cue"].first().nunique() == 3


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_no_level_comes_more_often_in_a_row_also_of_the_answer(limit):
    design = Design(within=TOLD, in_a_row={"instruction": limit, "answer": 2, "shape": 3}, blocks=2, catch=2)
    same = lambda trials: np.where((trials["side"] == "l") == (trials["instruction"] == "left"), "yes", "no")  # noqa: E731
    lists = design.lists(items(26, side=("l", "r"), shape=tuple("xyz")), 10, answer=same)
    for _, own in lists.groupby("list"):
        assert longest(own["instruction"].tolist()) <= limit
        assert longest(own["answer"].tolist()) <= 2 and longest(own["shape"].tolist()) <= 3
    assert (lists["answer"] == same(lists)).all()


def test_the_same_seed_gives_the_same_bytes_and_another_one_another_order_and_other_lists():
    design, given = Design(within=TOLD, practice=2, in_a_row={"instruction": 3}), items(26, side=("l", "r"))
    one, again, other = (design.lists(given, 6, seed).to_csv().encode() for seed in (5, 5, 6))
    assert one == again and one != other
    more = design.lists(given, 12, 5)
    few = design.lists(given, 6, 5)
    pd.testing.assert_frame_equal(more[more["list"] <= 6], few)  # lists that come later leave the first as they are
    orders = [tuple(own["item"]) for _, own in more.groupby("list")]
    assert len(set(orders)) == 12
    group = lambda seed: frozenset(design.lists(given, 1, seed).query("instruction == 'left'")["item"])  # noqa: E731
    assert len({group(seed) for seed in range(5)}) == 5


@pytest.mark.parametrize(
    ("design", "n", "told"),
    [
        (Design(within=TOLD), 23, "23 items cannot give 2 instruction equally often .* are 22 and 24"),
        (Design(within=TOLD, blocks=5, practice=4), 31, r"31 items \(4 of them .* 5 blocks .* are 24 and 34"),
        (Design(within=TOLD, blocks=2, practice=8), 9, "a multiple of 4 in the test.; the nearest .* items are 12$"),
        (Design(within=TOLD, practice=9), 3, "leave none for the test"),
        (Design(within=TOLD, trials=10), 24, "10 trials a participant .* are 20 and 30"),
        (Design(within=TOLD, trials=7), 28, "trials = 7 cannot have .* nearest numbers are 6 and 8"),
        (Design(within={"level": tuple("abcd")}, repeats=2), 3, "multiple of 2 in the test.* are 2 and 4"),
        (Design(practice=9), 9, "leave none for the test"),
        (Design(in_a_row={"sides": 2}), 8, "no 'sides' .did you mean 'side'"),
        (Design(in_a_row={"odd": 1}), 8, "6 have odd 'n' cannot come with at most 1 .* allow 2"),
    ],
)
def test_what_cannot_be_balanced_is_refused_with_what_can(design, n, told):
    given = items(n, side=("l", "r")).assign(odd=["y" if k % 4 == 0 else "n" for k in range(n)])
    with pytest.raises(ValueError, match=told):
        design.lists(given, 2)


def test_nearly_balanced_lists_are_to_be_had_and_differ_by_one():
    lists = Design(within={"level": tuple("abc")}).lists(items(25), 6, nearly=True)
    counts = lists.groupby(["list", "level"]).size().unstack()
    assert (counts.max(axis=1) - counts.min(axis=1)).max() == 1
    assert Design(trials=40).lists(items(25), 2, nearly=True)["item"].nunique() == 25


def test_participants_that_leave_something_unbalanced_are_told_with_the_nearest_number():
    design = Design(within={"level": tuple("abc")}, between={"load": ("low", "high")})
    assert design.uneven(24, 12, 2) == ""
    said = design.uneven(24, 20, 2)
    assert said.startswith("participants = 20 leaves") and "the nearest number that does not is 24" in said
    with pytest.raises(ValueError, match="participants = 20"):
        design.check(24, 20, 2)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"within": {"a": ("x", "x")}}, "different levels"),
        ({"within": {"a": "xy"}}, "different levels"),
        ({"within": TOLD, "between": TOLD}, "told as both"),
        ({"blocked": ("cue",)}, "blocked factors"),
        ({"within": TOLD, "blocked": ("instruction",), "in_a_row": {"instruction": 2}}, "leave it out of in_a_row"),
        ({"in_a_row": {"item": 0}}, "at least 1 trial"),
        ({"repeats": 0}, "repeats must be at least 1"),
        ({"order": "random"}, "order must be latin or shuffled"),
    ],
)
def test_designs_that_mean_nothing_are_refused(fields, told):
    with pytest.raises(ValueError, match=told):
        Design(**fields)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (pd.DataFrame({"name": ["a"]}), "need a column item"),
        (pd.DataFrame({"item": ["a", "a"]}), "names each of them once"),
        (pd.DataFrame({"item": ["a", "b"], "instruction": ["x", "y"]}), "column 'instruction'"),
        (pd.DataFrame({"item": ["a", "b"], "phase": ["x", "test"]}), "phase of an item"),
    ],
)
def test_frames_that_are_no_items_are_refused(given, told):
    with pytest.raises(ValueError, match=told):
        Design(within=TOLD).lists(given, 2)
    with pytest.raises(ValueError, match="participants must be at least 1"):
        Design().lists(items(4), 0)


def test_items_are_the_rows_of_the_set(tmp_path):
    import stimuli

    drawn = stimuli.draw("scenes", n=3, size=(32, 32))
    stimuli.write(drawn, tmp_path / "set")
    found, table = designs.items_of(drawn), pd.read_csv(tmp_path / "set/stimuli.csv", keep_default_na=False)
    assert found["item"].tolist() == [f"scenes_{k:05d}" for k in range(3)]
    same = [name for name in found.columns if name != "item"]
    for name in same:
        if found[name].dtype.kind == "f":
            np.testing.assert_allclose(found[name], pd.to_numeric(table[name]), rtol=1e-5)
        else:
            assert found[name].tolist() == table[name].tolist(), name
    assert set(table.columns) - set(same) == {
        "stimulus", "image", *(name for name in table.columns if name.startswith(("mask_", "class_"))),
    }  # fmt: skip
