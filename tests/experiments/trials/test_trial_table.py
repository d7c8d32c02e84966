"""The trial table: what it refuses, and that files hold what it held."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from absvit import records
from experiments.trials import stored
from experiments.trials.trial_table import COLUMNS, as_dataset, as_frame, factors, options, read, trial_table, write_csv

NASTY = ["a, b", 'say "x"', "<b>&amp;</b>", "NA", "", "null", "p(q)", "nächste\u2003Zeile"]


def trials(**columns):
    n = len(NASTY)
    given = {
        "participant": "007", "kind": "person", "trial": range(1, n + 1), "item": NASTY, "response": NASTY,
        "answer": NASTY[1:] + NASTY[:1], "rt": [0.5, np.nan, *np.linspace(0.3, 1, n - 2)], "soa": [0.1, np.nan] * 4,
        "validity": NASTY, "set_size": range(n), "p(a, b)": np.linspace(0, 1, n), "p(p(q))": np.nan,
    }  # fmt: skip
    return pd.DataFrame(given | columns)


def written(table, path):
    return write_csv(table, path) if path.suffix == ".csv" else stored.save(table, path, {"study": "s"})


@pytest.mark.parametrize("name", ["t.csv", "t.zarr", None])
def test_a_table_comes_back_as_it_was(name, tmp_path):
    table = trial_table(trials())
    table.attrs["levels"] = {"validity": NASTY}
    back = as_frame(as_dataset(table)) if name is None else read(written(table, tmp_path / name))
    pd.testing.assert_frame_equal(back, table)
    assert back.attrs == {"levels": {"validity": NASTY}}
    assert list(table.columns[: len(COLUMNS)]) == list(COLUMNS) and (table["participant"] == "007").all()
    assert factors(table) == ["soa", "validity", "set_size"] and options(table) == ["p(a, b)", "p(p(q))"]


def test_a_stored_table_is_a_sealed_record_with_provenance(tmp_path):
    table = trial_table(trials())
    told = {"parameters": {"k": 1}, "seed": 3, "excluded": {"p1": "slow"}}
    path = stored.save(table, tmp_path / "in" / "t.zarr", told)
    assert records.verify(path).endswith("files are as written") and "8 of 8 rows are done" in records.verify(path)
    plain = xr.open_zarr(path)
    assert plain["validity"].values.tolist() == NASTY and plain["rt"].attrs["units"] == "s"
    again, facts = stored.open_table(path)
    assert facts["seed"] == 3 and facts["parameters"] == '{"k": 1}' and facts["excluded"] == '{"p1": "slow"}'
    assert {"title", "created", "command", "versions", "git_commit"} <= set(facts)
    pd.testing.assert_frame_equal(again, table)
    with pytest.raises(ValueError, match="is there already"):
        stored.save(table, path, {})
    stored.save(table[:3], path, {}, overwrite=True)
    assert len(read(path)) == 3
    next(path.glob("rt/c/*")).write_bytes(b"other")
    with pytest.raises(ValueError, match=r"damaged \(rt/c/0 is changed"):
        read(path)


def test_an_empty_table_and_a_name_of_another_kind(tmp_path):
    assert read(stored.save(trial_table(trials())[:0], tmp_path / "e.zarr", {})).empty
    with pytest.raises(ValueError, match="ends in .zarr"):
        stored.save(trial_table(trials()), tmp_path / "e.csv", {})


def test_what_is_missing_is_filled_in():
    table = trial_table(pd.DataFrame({"participant": [1], "kind": "model", "trial": [1], "rt": [0.4]}))
    assert table[["participant", "phase", "session", "response"]].values.tolist() == [["1", "test", "1", ""]]
    assert table["correct"].isna().all() and table["missed_frames"].item() == -1
    told = trial_table(trials(answer=["a, b", "", "x", *[np.nan] * 5]))
    assert told["correct"].tolist()[:1] == [1.0] and told["correct"].isna().tolist()[1:] == [True, False] + [True] * 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rt": -0.2}, "8 trials have a negative rt, the first -0.2 s"),
        ({"rt": "fast"}, "the column rt of a trial table holds numbers"),
        ({"kind": "robot"}, "kind is person, model in a trial table, got 'robot'"),
        ({"phase": "warm-up"}, "phase is practice, test, catch"),
        ({"trial": [1.0, np.nan] * 4}, "the column trial of a trial table holds numbers"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        trial_table(trials(**change))


def test_missing_and_doubled_columns_are_named():
    with pytest.raises(ValueError, match="needs the column 'participant' .did you mean 'participants'"):
        trial_table(trials().rename(columns={"participant": "participants"}))
    with pytest.raises(ValueError, match="what was answered"):
        trial_table(trials()[["participant", "kind", "trial", "soa"]])
    doubled = trials()
    doubled.columns = ["rt" if name == "soa" else name for name in doubled]
    with pytest.raises(ValueError, match="have the same name: 'rt'"):
        trial_table(doubled)


def test_a_factor_does_not_take_the_name_of_what_a_record_holds():
    with pytest.raises(ValueError, match="not called 'done'"):
        as_dataset(trials(done=1))


def test_files_of_people_and_models_stand_below_each_other_and_no_trial_twice(tmp_path):
    people = write_csv(trial_table(trials()), tmp_path / "people.csv")
    model = trial_table(trials(kind="model", participant="absvit").drop(columns="validity"))
    both = read([people, stored.save(model, tmp_path / "models.zarr", {})])
    assert both["kind"].value_counts().to_dict() == {"person": 8, "model": 8}
    assert both["validity"].tolist() == NASTY + [""] * 8
    studies = [write_csv(read(people).assign(study=name), tmp_path / f"{name}.csv") for name in ("one", "other")]
    with pytest.warns(UserWarning, match="trials of 2 studies, or versions of one, in one table: one, other"):
        read(studies)
    copy = write_csv(read(people), tmp_path / "copy.csv")
    with pytest.raises(ValueError, match="people.csv and .*copy.csv hold the same trial .kind person, participant 007"):
        read([people, copy])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "No columns to parse"),
        (b"a;b\n1;2\n", "columns are separated by ';'"),
        (b"\xff\xfe\x00", "null character|UTF"),
        (b"participant,kind,trial\np,person,1\n", "what was answered"),
    ],
)
def test_files_that_are_no_table_are_refused_by_name(content, message, tmp_path):
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(ValueError, match=f"x.csv is no t.*({message})"):
        read(tmp_path / "x.csv")
    with pytest.raises(FileNotFoundError, match="no trial table at"):
        read(tmp_path / "y.csv")
