"""A table of one's own in ten lines; what is wrong with a table is said in one, with the file and the row."""

import pandas as pd
import pytest

from experiments.people import PEOPLE, Columns, Source, check_source, trials
from experiments.trials.effects import Effect, effect_of
from stimuli.foundation import registry

READ = Columns(
    participant="subject", rt="latency", unit="ms", correct="acc", factors={"flanker": "type", "asynchrony": "soa"},
    numbers=("asynchrony",), levels={"type": {"con": "congruent", "inc": "incongruent"}}, none=("-1",),
)  # fmt: skip
CONDITIONS = {"flanker": {"congruent": "the same", "incongruent": "another"}, "asynchrony": {0.1: "100 ms"}}
MINE = Source(
    "mine", "flankers of my laboratory", READ, CONDITIONS,
    effects=(Effect("flankers", "flanker", "incongruent", "congruent"),), people=2, trials=8,
)  # fmt: skip
ROWS = {
    "subject": ["a"] * 4 + ["b"] * 4, "latency": [500, 520, 600, 640, 400, -1, 450, 470],
    "acc": [1, 1, 1, 1, 1, 0, 1, 1], "type": ["con", "con", "inc", "inc"] * 2, "soa": [0.1] * 8, "mood": ["fine"] * 8,
}  # fmt: skip


def written(tmp_path, name="mine.csv", **changes):
    path = tmp_path / name
    pd.DataFrame({**ROWS, **changes}).to_csv(path, index=False)
    return path


def test_ten_lines_make_a_trial_table_with_effects(tmp_path):
    path = written(tmp_path)
    table = trials(MINE, path)
    assert table["rt"].tolist()[:4] == [0.5, 0.52, 0.6, 0.64] and table["rt"].isna().sum() == 1
    assert table["trial"].tolist() == [1, 2, 3, 4] * 2 and set(table["kind"]) == {"person"}
    result = effect_of(table, MINE.effects[0], splits=2)
    assert result.by_participant["effect"].tolist() == pytest.approx([0.11, 0.06])
    check_source(MINE, path)
    assert MINE.effect("flankers") is MINE.effects[0]
    with pytest.raises(ValueError, match="mine has no effect 'stroop': there are flankers"):
        MINE.effect("stroop")


BAD = {
    "a missing column": ({"typ": ROWS["type"], "type": None}, "lacks the column 'type': did you mean typ"),
    "seconds for milliseconds": ({"latency": [0.5, 0.6] * 4}, "the median of latency in .* is 0.55, .* unit='s'"),
    "a word for a time": ({"latency": [500, "fast"] + [600] * 6}, "1 cells of the column 'latency'.*'fast' in row 2"),
    "an empty time": ({"latency": [500, None] + [600] * 6}, "1 cells of the column 'latency' .* empty, .* row 2"),
    "an empty condition": ({"type": ["con", "", ""] + ["inc"] * 5}, "2 cells of the column 'type' .* row 2"),
    "another right": ({"acc": [1, 2] * 4}, "4 cells of the column 'acc'.*'2' in row 2"),
    "an unknown word": ({"type": ["con", "neutral"] * 4}, "4 trials of .* type = 'neutral', .* expected con, inc"),
    "an unknown level": ({"soa": [0.1, 0.2] * 4}, "4 trials of mine have asynchrony = 0.2, .* expected 0.1"),
    "before the onset": ({"latency": [-30, 520] + [600] * 6}, "1 trials have a negative rt"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD)
def test_what_is_wrong_with_a_table_is_one_clear_line(tmp_path, changes, message):
    frame = pd.DataFrame({**ROWS, **changes}).dropna(axis=1, how="all")
    frame.to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(ValueError, match=message) as error:
        trials(MINE, tmp_path / "mine.csv")
    assert "\n" not in str(error.value)


def test_milliseconds_for_seconds_are_refused_with_the_median(tmp_path):
    read = Columns("subject", rt="latency", none=("-1",))
    with pytest.raises(ValueError, match="is 500, which are no s as declared: declare unit='ms'"):
        read([written(tmp_path)])


def test_no_table_at_all(tmp_path):
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x81\x9f")
    for name in ("empty.csv", "binary.csv"):
        with pytest.raises(ValueError, match=f"{name} is no table of answers"):
            READ([tmp_path / name])


def test_two_files_of_one_person_and_session(tmp_path):
    read = Columns(
        ("group", "subject"), rt="latency", unit="ms", none=("-1",), session="session",
        name=r"(?P<group>old|young)_(?P<session>\d)",
    )  # fmt: skip
    paths = [written(tmp_path, f"{group}_{k}.csv") for group, k in (("old", 1), ("old", 2), ("young", 1))]
    table = read(paths)
    assert sorted(set(table["participant"])) == ["old a", "old b", "young a", "young b"]
    assert table.groupby(["participant", "session"])["trial"].max().eq(4).all()
    again = written(tmp_path, "old_1_copy.csv")
    with pytest.raises(ValueError, match="old_1.csv and .*old_1_copy.csv are both of the participant old a, session 1"):
        read([*paths, again])
    with pytest.raises(ValueError, match="is not named as these files are"):
        read([written(tmp_path, "middle_1.csv")])


def test_early_answers_count_without_a_time_where_that_is_declared(tmp_path):
    read = Columns("subject", rt="latency", unit="ms", correct="acc", early=True)
    table = read([written(tmp_path, latency=[-5, 500] + [600] * 6)])
    assert table["rt"].isna().tolist() == [True] + [False] * 7 and table["correct"].iloc[0] == 1


def test_a_source_that_breaks_a_promise_is_said(tmp_path):
    path = written(tmp_path)
    effect = MINE.effects[0]
    broken = {
        "declares 3 participants, and its files hold 2": {"people": 3},
        "declares 9 trials": {"trials": 9},
        "two effects of one name": {"effects": (effect, effect)},
        "cannot be computed: the effect 'no'": {"effects": (Effect("no", "flanker", "neutral", "congruent"),)},
        "has the factor 'asynchrony', which never varies": {"conditions": {"flanker": CONDITIONS["flanker"]}},
        "does not say what the levels of 'mood' mean": {
            "effects": (Effect("e", "mood", "fine", "low"),)},
        "does not say who decided that": {"exclusions": "the slow"},
        "is called by a word of small letters": {"name": "My trials"},
    }  # fmt: skip
    for message, changes in broken.items():
        with pytest.raises(ValueError, match=message):
            check_source(Source(**{**vars(MINE), **changes}), path)


def test_other_packages_name_their_sources(monkeypatch):
    from importlib.metadata import EntryPoint

    point = EntryPoint("mine", "test_table_columns:MINE", "absvit.people")
    monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group == "absvit.people" else [])
    found = type(PEOPLE)(PEOPLE._kind, PEOPLE._group, PEOPLE._packages)
    assert found["mine"].line == MINE.line and "posner" in found
    with pytest.raises(ValueError, match="there is no source 'ponser': did you mean posner"):
        found["ponser"]
