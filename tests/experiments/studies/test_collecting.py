"""What comes back of a study: the same table from every file, what is not in it told and kept apart."""

import json

import numpy as np
import pandas as pd
import pytest
from exports import WRITERS, as_archive, as_csv, shown
from served import Page as Participant
from served import answer, long_study, serving

from absvit import records
from experiments.__main__ import main
from experiments.studies import experiment_psychopy as psychopy
from experiments.studies.collecting import APART, collect
from experiments.studies.exclusion import Exclusion, excluded
from experiments.studies.folder import write_study
from experiments.trials import trial_table


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return long_study(tmp_path_factory.mktemp("studies") / "squares", lists=4, trials=4)


@pytest.fixture
def collected(study, tmp_path):
    """Collects files of rows, one for each list of rows, or of text."""

    def collected(*files, **rules):
        folder = tmp_path / "files"
        folder.mkdir(exist_ok=True)
        for k, content in enumerate(files):
            content = json.dumps(content) if isinstance(content, list) else content
            (folder / f"{k}").write_bytes(content if isinstance(content, bytes) else content.encode())
        return collect(study, [folder], Exclusion(**rules))

    return collected


def reasons(found):
    """Reasons of the rows that are apart, but for pages, with how many there are."""
    told = found.apart["reason"][~found.apart["reason"].str.startswith("page: ")]
    return dict(told.value_counts())


def by_hand(study, people):
    """The table in pandas alone, of what exports.shown says."""
    rows = [
        {
            "participant": person, "trial": one["trial"], "item": one["item"], "tone": one["factors"]["tone"],
            "response": one["answer"], "answer": one["answer"], "rt": (400.0 + one["trial"]) / 1000, "correct": 1.0,
            "onset_error": 0.001, "list": number, "phase": "test", "session": f"session of {person}",
        }
        for person, number in people.items() for one in study.list(number)["trials"]
    ]  # fmt: skip
    return pd.DataFrame(rows)


# ---- files of each kind ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("writer", WRITERS)
def test_every_export_gives_the_same_table(study, collected, writer):
    found = collected(*(WRITERS[writer](shown(study, number, person)) for number, person in ((1, "ada"), (3, "007"))))
    expected = by_hand(study, {"ada": 1, "007": 3})
    pd.testing.assert_frame_equal(found.trials[expected.columns], expected, check_dtype=False)
    assert set(found.trials["kind"]) == {"person"} and set(found.trials["study"]) == {study.version}
    assert dict(found.apart["reason"].value_counts()) == {"page: consent": 2, "page: preload": 2}


def test_the_servers_store_is_read_while_it_serves(study, tmp_path):
    own = long_study(tmp_path / "squares", lists=4, trials=4)
    with serving(own) as address:
        page = Participant(address)
        ada, bea, _ = (page.begin(name)[1] for name in ("ada", "bea", "cleo"))
        for k in (1, 2, 3, 4):
            page.send(ada, answer(own, ada, k))
        page.send(ada, answer(own, ada, 2, response="left", key="f", correct=False))
        page.send(bea, answer(own, bea, 1))
        found = collect(own, [own.folder / "data"])
    pd.testing.assert_series_equal(found.trials["rt"], by_hand(own, {"ada": 1})["rt"])
    assert reasons(found) == {"answered again": 1, "not finished: 1 of 4 trials": 1}
    assert "began and answered nothing: cleo" in found.report and "bea has answered 1 of 4 trials" in found.report


def test_what_the_psychopy_script_writes_is_read(study, tmp_path):
    rows = psychopy.Rows(tmp_path / "data" / "psychopy_0002_x.csv")
    known = {"study": study.version, "participant": 'x "y", <z>', "session": "s", "list": 2, "simulated": "false"}
    for k, one in enumerate(study.list(2)["trials"]):
        seen = {"onsets": [0.0, 0.110], "planned": [0.0, 0.100], "missed": k, "early": 3 - k, "place": None, "key": "f"}
        rows.add(psychopy.row_of(one, {**seen, "response": "left", "rt": 0.5 + k / 10}, known))
    rows.file.close()
    table = collect(study, [tmp_path / "data"]).trials
    assert list(table["rt"]) == [0.5, 0.6, 0.7, 0.8] and list(table["correct"]) == [1, 0, 1, 0]
    assert np.allclose(table["onset_error"], 0.01) and list(table["missed_frames"]) == [0, 1, 2, 3]
    assert list(table["early"]) == [3, 2, 1, 0]
    assert set(table["participant"]) == {'x "y", <z>'} and set(table["excluded"]) == {""}


# ---- what is not in the table ----------------------------------------------------------------------------------------


def test_people_who_did_not_finish_are_kept_apart_or_marked_or_taken(study, collected):
    files = shown(study, 1, "ada"), shown(study, 2, "bea", trials=[1, 2])
    found = collected(*files)
    assert set(found.trials["participant"]) == {"ada"} and reasons(found) == {"not finished: 2 of 4 trials": 2}
    assert "bea has answered 2 of 4 trials" in found.report
    marked = collected(*files, unfinished="excluded").trials
    assert dict(marked.groupby("participant")["excluded"].first()) == {"ada": "", "bea": "list not finished"}
    assert len(marked) == len(collected(*files, unfinished="kept").trials) == 6


def test_a_file_that_comes_twice_counts_once(study, collected):
    rows = shown(study, 1, "ada")
    found = collected(rows, as_csv(rows))
    assert len(found.trials) == 4 and reasons(found) == {"the same answer once more": 4}


def test_the_first_answer_counts_and_the_second_is_kept_apart(study, collected):
    begun = {"list": 1, "participant": "ada", "session": "session of ada"}
    again = answer(study, begun, 2, response="left", key="f", correct=False, time="2026-01-01T11:00:00.000Z")
    found = collected([again], shown(study, 1, "ada"))
    assert reasons(found) == {"answered again": 1} and found.trials["correct"].sum() == 4
    assert json.loads(found.apart.set_index("reason").loc["answered again", "row"]) == again


def test_of_two_sittings_the_one_that_was_finished_counts(study, collected):
    early = shown(study, 1, "ada", session="early", trials=[1, 2])
    found = collected(early, shown(study, 2, "ada", session="late"))
    assert set(found.trials["session"]) == {"late"} and reasons(found) == {"another sitting of the participant": 2}
    assert any("ada came in 2 sittings" in line for line in found.report)


def test_a_page_that_was_loaded_again_is_told(study, collected):
    rows = shown(study, 1, "ada")
    loaded = {**rows[1], "time": "2026-01-01T10:00:02.500Z"}
    quit_ = {**rows[1], "page": "quit", "time": "2026-01-01T10:05:00.000Z"}
    found = collected([*rows, loaded, quit_], rows)  # the second file has nothing new
    assert "ada has loaded the page 2 times" in found.report and "ada has quit" in found.report


def test_a_list_of_two_people_is_told_and_both_are_taken(study, collected):
    found = collected(shown(study, 1, "ada"), shown(study, 1, "bea"))
    assert len(found.trials) == 8 and "list 1 was answered by 2 people: ada, bea" in found.report


def test_people_of_another_version_are_kept_apart(study, collected):
    found = collected(shown(study, 1, "ada"), shown(study, 2, "bea", study="0" * 12))
    assert reasons(found) == {f"another version of the study: {'0' * 12}": 4}
    assert set(found.trials["participant"]) == {"ada"}


CONTRADICTIONS = {
    "item is 'squares_00002' in the list, 'squares_00009' in the row": {"item": "squares_00009"},
    "answer is 'right' in the list, 'left' in the row": {"answer": "left"},
    "instruction is 'attend' in the list, 'ignore' in the row": {"instruction": "ignore"},
    "factors is {'tone': 'light'} in the list, {'tone': 'dark'} in the row": {"factors": {"tone": "dark"}},
    "there is no trial 5 in list 1": {"trial": 5},
    "there is no trial 2 in list 9": {"list": 9},
    "there is no trial '2' in list 1": {"trial": "2"},
    "'<b>' is none of its options": {"response": "<b>"},
    "the key of 'right' is 'j', not 'f'": {"key": "f"},
    "'left' to 'right' is not correct=True": {"response": "left", "key": "f"},
    "rt is -3": {"rt": -3},
    "rt is 'fast'": {"rt": "fast"},
    "rt is nan": {"rt": float("nan")},
    "it has no item": {"item": None},
}  # fmt: skip


@pytest.mark.parametrize("told", CONTRADICTIONS)
def test_rows_that_contradict_the_study_are_kept_apart(study, collected, told):
    rows = shown(study, 1, "ada")
    for row in rows:  # the page's keys of list 1
        row.update({"key": {"left": "f", "right": "j"}[row["answer"]]} if "answer" in row else {})
    found = collected(
        [row | (CONTRADICTIONS[told] if row.get("trial") == 2 else {}) for row in rows], unfinished="kept"
    )
    assert reasons(found) == {f"contradicts the study: {told}": 1} and list(found.trials["trial"]) == [1, 3, 4]


def test_a_session_that_another_claims_stays_with_the_first(study, collected):
    found = collected(shown(study, 1, "ada", session="s"), shown(study, 1, "eve", session="s", time="2027"))
    assert reasons(found) == {"the session is of participant ada and list 1": 4}


def test_no_answer_is_wrong_and_has_no_time(study, collected):
    for none in (None, -1):
        table = collected(shown(study, 1, "ada", response="", key="", rt=none, correct=False)).trials
        assert list(table["correct"]) == [0, 0, 0, 0] and table["rt"].isna().all() and set(table["response"]) == {""}


DAMAGED, FOREIGN = "damaged or cut off", "foreign"
FILES = {
    "an array cut off in a row": (lambda rows: json.dumps(rows)[:-100], 3, {DAMAGED: 1}),
    "an array cut off after a row": (lambda rows: json.dumps(rows)[:-1], 4, {DAMAGED: 1}),
    "lines of which one is damaged": (
        lambda rows: "\n".join(json.dumps(row)[: -9 if row.get("trial") == 2 else None] for row in rows),
        3, {DAMAGED: 1},
    ),
    "a table cut off in a row": (lambda rows: as_csv(rows)[:-60], 3, {DAMAGED: 1}),
    "a table cut off in a quotation": (lambda rows: as_csv(rows)[:-3], 3, {DAMAGED: 1}),
    "UTF-8 cut off in a sign": (lambda rows: (json.dumps(rows)[:-40] + "é").encode()[:-1], 3, {DAMAGED: 1}),
    "an archive cut off": (lambda rows: as_archive({"data.txt": json.dumps(rows)})[:-30], 0, {DAMAGED: 1}),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_of_damaged_files_what_is_whole_is_read_and_the_rest_told(study, collected, name):
    damage, whole, told = FILES[name]
    found = collected(shown(study, 2, "bea"), damage(shown(study, 1, "ada")), unfinished="kept")
    assert (found.trials["participant"] == "ada").sum() == whole and reasons(found) == told


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0", FOREIGN),
        (b"", "foreign, empty"),
        (b"Dear colleague, here are the data", FOREIGN),
        (b"subject,rt\n1,300\n", FOREIGN),
        (b"study;participant;session\n1;2;3\n", "foreign; its columns are separated by ';', not by commas"),
        (b'{"subject": 1, "rt": 300}', FOREIGN),
        (b'["a"]', FOREIGN),
        (b"SQLite format 3\0 and then nothing of it", FOREIGN),
        (b"[" * 100_000, DAMAGED),
        (b'{"a":' * 100_000, DAMAGED),
    ],
    ids=range(10),
)
def test_foreign_files_are_told_by_name(study, collected, content, reason):
    found = collected(shown(study, 1, "ada"), content)
    assert reasons(found) == {reason: 1} and found.apart["file"].iloc[-1].endswith("/1") | (len(found.apart) > 1)
    assert len(found.trials) == 4 and list(found.apart.columns) == list(APART)


def test_every_row_is_in_the_table_or_apart(study, collected):
    files = [shown(study, 1, "ada"), shown(study, 2, "bea", trials=[1]), shown(study, 3, "c", study="x"), ["text", 7]]
    found = collected(*files, shown(study, 1, "ada"))
    assert len(found.trials) + len(found.apart) == sum(map(len, files)) + len(files[0])


NAMES = ['say "left"', "a, b", "<script>alert(1)</script>", "it's\nme", "=1+1", "null", "NA", "ä 眼 \N{EYE}"]


@pytest.mark.parametrize(("write", "suffix"), [(json.dumps, ".csv"), (as_csv, ".zarr")], ids=["JSON", "CSV"])
def test_names_survive_whatever_they_are(study, tmp_path, write, suffix):
    lists = [{**study.list(1), "keys": {}}]
    options = [*NAMES, "left", "right"]
    for one, name in zip(lists[0]["trials"], NAMES[:4], strict=True):
        one |= {"answer": name, "factors": {"tone": name}}
    response = {**study.about["task"]["response"], "kind": "buttons", "options": options}
    about = {name: value for name, value in study.about.items() if name not in ("format", "version", "lists")}
    about |= {"task": {**study.about["task"], "response": response}}
    odd = write_study(tmp_path / "odd", about, lists, {"dark.png": b"x", "light.png": b"y"})
    files = tmp_path / "files"
    files.mkdir()
    for k, name in enumerate(NAMES):
        (files / f"{k}.txt").write_text(write(shown(odd, 1, name)), encoding="utf8", newline="")
    out = tmp_path / f"people{suffix}"
    assert main(["collect", str(odd.folder), str(files), "--out", str(out)]) == 0
    table = trial_table.read(out)
    assert set(table["participant"]) == set(NAMES) and (table["correct"] == 1).all()
    assert list(table["tone"][:4]) == list(table["response"][:4]) == NAMES[:4]


# ---- exclusions ------------------------------------------------------------------------------------------------------


@pytest.fixture
def noisy(study, collected):
    """Four people with reaction times and answers that are drawn."""
    draw, files = np.random.default_rng(0), []
    wrong = {"left": {"response": "right", "key": "j"}, "right": {"response": "left", "key": "f"}}
    for number in (1, 2, 3, 4):
        rows = shown(study, number, f"p{number}")
        for row in rows[2:]:
            right = number < 4 or row["trial"] == 1
            row |= {"rt": float(draw.uniform(100, 900)), "missed_frames": int(draw.integers(0, 4)), "correct": right}
            row |= (
                {"early": row["trial"] % 3} if number < 4 else {}
            )  # the fourth has an older page, which did not count
            row |= {} if right else wrong[row["answer"]]
        files.append(rows)
    return lambda **rules: collected(*files, **rules)


def test_exclusions_are_those_that_pandas_gives_and_are_written_down(noisy):
    everything = noisy().trials
    found = noisy(least_accuracy=0.5, fastest=0.3, slowest=0.8, most_missed_frames=2, most_early=1)
    table = found.trials
    pd.testing.assert_frame_equal(table.drop(columns="excluded"), everything.drop(columns="excluded"))
    accuracy = everything.groupby("participant")["correct"].transform("mean")
    rt, late, early = (everything[name] for name in ("rt", "missed_frames", "early"))
    assert early.tolist() == [1, 2, 0, 1] * 3 + [-1] * 4 and found.report.count(
        "answers tried before the target came: 12 in 9 trials"
    )
    for text, holds in {
        "accuracy below 0.5": accuracy < 0.5, "rt below 0.3 s": rt < 0.3, "rt above 0.8 s": rt > 0.8,
        "more than 2 missed frames": late > 2, "more than 1 early answers": early > 1,
    }.items():  # fmt: skip
        assert 0 < holds.sum() < len(table)
        assert list(table["excluded"].str.split("; ").map(lambda told, text=text: text in told)) == list(holds)
    kept = everything[(accuracy >= 0.5) & rt.between(0.3, 0.8) & (late <= 2) & (early < 2)]
    assert list(trial_table.tested(table).index) == list(kept.index)
    given = {"least_accuracy": 0.5, "fastest": 0.3, "slowest": 0.8, "most_missed_frames": 2, "most_early": 1}
    stated = given | {"unfinished": "apart"}
    assert found.attributes["exclusion"] == stated
    assert any(line.startswith("excluded, accuracy below 0.5: 4 trials of p4") for line in found.report)


def test_who_fails_catch_trials_is_left_out_by_a_rule():
    rows = {
        "participant": list("aaabbb"),
        "kind": "person",
        "trial": [1, 2, 3] * 2,
        "phase": ["test", "catch", "catch"] * 2,
    }
    table = trial_table.trial_table(pd.DataFrame(rows | {"correct": [0, 1, 1, 1, 0, 1]}))
    lengths = {"a": 3, "b": 3}
    assert excluded(table, Exclusion(least_catch=0.6), lengths).tolist() == [""] * 3 + ["catch trials below 0.6"] * 3
    assert excluded(table[:1], Exclusion(least_catch=1.0), lengths).tolist() == [""]  # there were none


def test_simulated_participants_are_no_people(study, collected):
    found = collected(shown(study, 1, "robot", simulated=True), shown(study, 2, "ada"))
    assert dict(found.trials.groupby("participant")["excluded"].first()) == {"ada": "", "robot": "simulated"}


@pytest.mark.parametrize(
    "rules",
    [
        {"least_accuracy": 60},
        {"fastest": -1},
        {"most_missed_frames": -1},
        {"least_catch": 2},
        {"fastest": 2, "slowest": 1},
    ],
)
def test_rules_that_cannot_be_are_refused(rules):
    with pytest.raises(ValueError, match="got"):
        Exclusion(**rules)


# ---- the command -----------------------------------------------------------------------------------------------------


def test_the_command_writes_a_record_and_what_is_apart_and_tells_both(study, tmp_path, capsys):
    came, out = tmp_path / "ada.json", tmp_path / "people.zarr"
    came.write_text(json.dumps(shown(study, 1, "ada")))
    words = ["collect", str(study.folder), str(came), "--out", str(out), "--fastest", "0.4015"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "in the table: 4 trials of 1 person" in said and "apart, page: 2 rows" in said
    record = records.load(out)
    assert json.loads(record.attrs["exclusion"]) == {"fastest": 0.4015, "unfinished": "apart"}
    assert record.attrs["study"] == study.version and list(record["excluded"].values).count("rt below 0.4015 s") == 1
    assert list(pd.read_csv(tmp_path / "people.apart.csv")["reason"]) == ["page: consent", "page: preload"]
    assert main(words) == 2 and "is there already" in capsys.readouterr().err
    assert main([*words, "--overwrite"]) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing.json", "--out", "people.zarr"], "there is no file"),
        (["--out", "people.txt"], "written as .zarr or .csv"),
        (["foreign.txt", "--out", "people.zarr"], "none of 1 rows is in the table of squares"),
        (["--out", "people.csv"], "nobody has answered here"),
    ],
)
def test_what_cannot_be_collected_is_one_line(study, tmp_path, capsys, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "foreign.txt").write_text("{}")
    assert main(["collect", str(study.folder), *words]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
