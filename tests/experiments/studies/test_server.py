"""The server of a study: lists once each, answers on disk before they are acknowledged, refusals in words."""

import contextlib
import http.client
import socket
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from fault_server import judged, strike
from served import Page, answer, long_study, serving

from experiments.__main__ import main
from experiments.studies.folder import open_study
from experiments.studies.server import ServerSettings, addresses
from experiments.studies.store import DATA, FILE, NoList, Store, StoreFull, stored


@pytest.fixture
def study(tmp_path):
    return long_study(tmp_path / "squares")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A server whose answers no test looks at as a whole."""
    with serving(long_study(tmp_path_factory.mktemp("studies") / "squares", lists=9)) as found:
        yield found


@pytest.fixture
def page(address):
    return Page(address)


def rows_of(study):
    return stored(study.folder / DATA / FILE)[1]


def test_fifty_participants_at_once_get_a_list_each_and_nothing_is_lost(tmp_path):
    study = long_study(tmp_path / "squares", lists=50)

    def take(person):
        status, begun = page.begin(f"person {person}")
        replies = [page.send(begun, answer(study, begun, k)) for k in (1, 2, 3, 4)]
        return status, begun["list"], replies

    with serving(study) as address, ThreadPoolExecutor(50) as people:
        page = Page(address)
        took = list(people.map(take, range(50)))
        beyond = page.begin("person 50")
    assert {status for status, _, _ in took} == {200} and sorted(number for _, number, _ in took) == [*range(1, 51)]
    assert all(replies == [(200, {"saved": k}) for k in (1, 2, 3, 4)] for _, _, replies in took)
    assert beyond == (409, {"error": "All 50 places of this study are taken. Thank you for your interest."})
    found = {(row["participant"], row["list"], row["trial"]) for row in rows_of(study)}
    assert found == {(f"person {p}", took[p][1], k) for p in range(50) for k in (1, 2, 3, 4)}


def test_a_reload_goes_on_with_the_same_session_list_and_trials(study):
    with serving(study) as address:
        page = Page(address)
        begun = page.begin("ada")[1]
        page.send(begun, answer(study, begun, 2))
        assert page.begin("ada")[1] == {**begun, "done": [2]}
    with serving(study) as again:  # after the server was started anew, at its old address but for the port
        assert again.partition("?")[2] == address.partition("?")[2]
        assert Page(again).begin("ada")[1] == {**begun, "done": [2]}
        assert Page(again).begin("bea")[1]["list"] == 2
    assert [one["opened"] for one in stored(study.folder / DATA / FILE)[0]] == [3, 1]


def test_a_row_that_comes_twice_is_stored_once_and_another_answer_beside_the_first(study):
    with serving(study) as address:
        page = Page(address)
        begun = page.begin("ada")[1]
        row, opening = answer(study, begun, 1), {"phase": "page", "page": "consent"}
        sent = [row, row, {**row, "response": "right"}, opening, opening, answer(study, begun, 2)]
        assert [page.send(begun, one)[1]["saved"] for one in sent] == [1, 1, 1, 1, 1, 2]
    assert [row.get("response", "") for row in rows_of(study)] == ["left", "right", "", "right"]


def test_participants_without_a_code_are_given_one(page):
    first, second = page.begin("")[1], page.begin("")[1]
    assert first["participant"] != second["participant"] and first["list"] != second["list"]
    assert page.begin(first["participant"])[1] == first


def test_a_list_goes_to_another_only_where_that_is_asked_and_the_first_has_been_silent(study):
    hour = 0.0
    store = Store(study, now=lambda: 3600 * hour)
    everybody = [store.begin(name) for name in "abcde"]
    for k in (1, 2, 3, 4):  # b has finished
        store.save(everybody[1].session, answer(study, vars(everybody[1]), k))
    hour = 2.0
    store.save(everybody[0].session, answer(study, vars(everybody[0]), 1))
    hour = 2.5
    for asked in (None, 3.0):  # never, and not yet
        with pytest.raises(NoList, match="All 5 places"):
            store.begin("f", again_after=asked)
    given = [store.begin(name, again_after=1.0).list for name in "fgh"]
    assert given == [3, 4, 5]  # neither b's, who has finished, nor a's, who was heard half an hour ago
    with pytest.raises(NoList, match="given to somebody else"):
        store.begin("c", again_after=1.0)
    assert store.save(everybody[2].session, answer(study, vars(everybody[2]), 1)) == 1  # what c still sends is kept
    assert store.begin("b", again_after=1.0).done == (1, 2, 3, 4)


def test_a_full_disk_is_said_and_nothing_that_was_acknowledged_is_lost(study):
    def fill(store):
        pages = store.file.execute("PRAGMA page_count").fetchone()[0]
        store.file.execute(f"PRAGMA max_page_count = {pages + 2}")

    with serving(study, change=fill) as address:
        page = Page(address)
        begun = page.begin("ada")[1]
        replies = [page.send(begun, answer(study, begun, 1, filler=f"{k}" * 1500)) for k in range(9)]
    statuses = [status for status, _ in replies]
    kept = statuses.index(507)
    assert kept >= 1 and set(statuses[:kept]) == {200} and set(statuses[kept:]) == {507}
    assert "could not be saved" in replies[-1][1]["error"] and "call the experimenter" in replies[-1][1]["error"]
    assert [row["filler"][0] for row in rows_of(study)] == [str(k) for k in range(kept)]


def test_a_disk_that_is_full_when_a_participant_comes_gives_no_list_away(study):
    store = Store(study)
    store.file.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreFull, match="could not be saved"):
        store.begin("ada")
    store.file.execute("PRAGMA query_only = OFF")
    assert store.begin("bea").list == 1


@pytest.mark.parametrize(
    ("path", "sent", "status", "text"),
    [
        ("begin", b"no json", 400, "this is no JSON"),
        ("begin", [1], 400, "got list"),
        ("begin", {"participant": "x" * 201}, 400, "at most 200 signs"),
        ("begin", {"participant": "x", "study": "0" * 12}, 409, "reload the page"),
        ("data/nobody", {"trial": 1}, 404, "no session 'nobody'"),
        ("data/nobody", {"trial": "1"}, 409, "the number of its trial, got '1'"),
        ("data/nobody", {"trial": True}, 409, "the number of its trial, got True"),
        ("data/nobody", {"trial": 1, "study": "another"}, 409, "not 'another'"),
        ("data/nobody", {"trial": 1, "filler": "x" * 300_000}, 413, "at most 256 KiB"),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_what_cannot_be_taken_is_refused_in_words(page, path, sent, status, text):
    said = page.ask(path, sent)
    assert said[0] == status and text in said[1]["error"]


def test_more_than_a_megabyte_is_cut_off(page):
    with contextlib.suppress(OSError):  # the connection may be closed while we are sending
        assert page.ask("begin", b"x" * 2_000_000)[0] == 400
    assert page.begin("after that")[0] == 200


def status_of(address, path, **headers):
    """The status of a path as it is, which urllib would tidy."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
    connection.request("GET", path, headers=headers)
    reply = connection.getresponse()
    reply.read()
    return reply.status, reply.getheader("Set-Cookie", "").partition(";")[0]


OUTSIDE = [
    "/data/trials.sqlite", "/lists/../data/trials.sqlite", "/lists/%2e%2e/data/trials.sqlite", "/lists/..%2fstudy.json",
    "/..%2f..%2fetc/passwd", "/lists//etc/passwd", "//etc/passwd", "/pictures/..\\data\\trials.sqlite",
    "/stimuli/stimuli.json", "/.hidden.js", "/lists/.hidden", "/experiment_psychopy.py", "/lists",
]  # fmt: skip


@pytest.mark.parametrize("path", OUTSIDE)
def test_nothing_but_the_study_can_be_fetched(address, path):
    assert status_of(address, f"{path}?{address.partition('?')[2]}")[0] in (403, 404, 405)


def test_the_page_needs_the_token_and_its_files_the_cookie_that_it_sets(address):
    token = address.partition("?")[2]
    assert status_of(address, "/")[0] == status_of(address, "/lists/0001.json")[0] == 403
    assert status_of(address, "/?token=guessed")[0] == 403
    status, cookie = status_of(address, f"/?{token}")
    assert status == 200 and cookie
    for path in ("/", "/index.html", "/study.json", "/lists/0001.json", "/pictures/dark.png"):
        assert status_of(address, path, Cookie=cookie)[0] == 200
    stranger = Page(address.partition("?")[0] + "?token=")
    refused = stranger.begin("eve")
    assert stranger.ask("")[1].startswith(b"This address is not complete")
    assert refused[0] == 403 and "not complete" in refused[1]["error"]


def test_the_page_learns_that_data_go_to_the_server(page):
    status, about = page.ask("study.json")
    assert status == 200 and about["hosting"] == "server" and about["task"]["question"] == "Which side?"


def test_ctrl_c_ends_it_and_leaves_one_file_with_all_answers(study, capfd, monkeypatch):
    def answers_and_interrupts(store, settings):
        begun = vars(store.begin("ada"))
        assert store.save(begun["session"], answer(study, begun, 1)) == 1
        assert (study.folder / DATA / f"{FILE}-wal").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr("experiments.commands.serve.run", answers_and_interrupts)
    assert main(["serve", str(study.folder)]) == 130
    assert "what has been written is kept" in capfd.readouterr().err
    assert [path.name for path in (study.folder / DATA).iterdir()] == [FILE] and len(rows_of(study)) == 1


def test_addresses_are_one_for_all_and_one_a_participant(study):
    given = addresses(Store(study), ServerSettings(token="a b"), 8000)
    assert given[0] == "http://127.0.0.1:8000/?token=a+b" and given[5] == f"{given[0]}&participant=p05"
    assert len(given) == 6


# ---- what the experimenter is told: one line each --------------------------------------------------------------------


def refusal(capsys, *words):
    assert main(["serve", *map(str, words)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


def test_a_port_that_is_taken_is_one_line(study, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port} is taken: name another" in refusal(capsys, study.folder, "--port", port)


def test_a_study_that_changed_after_its_first_participant_is_refused(study, tmp_path, capsys):
    store = Store(study)
    store.close()
    changed = long_study(study.folder, trials=6)  # nobody has begun, it may change
    store = Store(changed)
    store.begin("ada")
    store.close()
    long_study(study.folder, trials=4)
    said = refusal(capsys, study.folder)
    assert f"the data are of version {changed.version}, it is {study.version} now" in said
    (study.folder / "pictures" / "dark.png").write_bytes(b"another")
    assert "was changed after it was written" in refusal(capsys, study.folder)


def test_a_folder_that_cannot_be_written_is_one_line(study, capsys, monkeypatch):
    def refuse(*_, **__):
        raise sqlite3.OperationalError("unable to open database file")

    (study.folder / DATA).write_text("a file where the folder should be")
    assert "nothing can be written in" in refusal(capsys, study.folder)
    (study.folder / DATA).unlink()
    monkeypatch.setattr(sqlite3, "connect", refuse)
    assert "(unable to open database file): put the study where it can" in refusal(capsys, study.folder)


def test_what_is_no_study_or_has_no_page_or_another_store_is_one_line(study, tmp_path, capsys):
    assert "holds no study" in refusal(capsys, tmp_path)
    (study.folder / DATA).mkdir()
    (study.folder / DATA / FILE).write_text("no database, but long enough to be read as one" * 99)
    assert "is no store of answers" in refusal(capsys, study.folder)
    (study.folder / "index.html").unlink()
    assert "has no index.html to show" in refusal(capsys, study.folder)
    assert "a port is 0 to 65535, got 70000" in refusal(capsys, study.folder, "--port", 70000)
    assert "hours above 0" in refusal(capsys, study.folder, "--again-after", 0)


def test_two_servers_of_one_study_hand_out_no_list_twice(study):
    with serving(study) as first, serving(open_study(study.folder)) as second, ThreadPoolExecutor(4) as people:
        pages = Page(first), Page(second)
        begun = list(people.map(lambda k: pages[k % 2].begin(f"p{k}")[1]["list"], range(5)))
    assert sorted(begun) == [1, 2, 3, 4, 5]


@pytest.mark.processes
def test_no_acknowledged_trial_is_lost_and_no_list_given_twice_where_the_server_is_killed(tmp_path):
    told = strike(tmp_path / "squares", kills=2, people=5, trials=60)
    assert told.kills == 2 and told.away > 0 and len(told.acknowledged) == 5 * 60
    assert not any(judged(tmp_path / "squares", told).values())
