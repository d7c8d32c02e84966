"""The page of a study in a browser: somebody who sees the screen goes through it, and the rows tell what was done."""

import functools
import http.server
import json
import re
import shutil
import threading
from contextlib import contextmanager

import pytest
from chromium import chromium
from participant import Participant
from playwright.sync_api import sync_playwright
from served import serving
from small_study import about, png, trial

from experiments.studies import browser_libraries
from experiments.studies.folder import STUDY, open_study, write_study
from experiments.studies.store import DATA, FILE, stored
from experiments.studies.writing import StudyOptions, write_page

pytestmark = pytest.mark.browser

QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
ODD = 'a <b>"right"</b>, &amp;'  # a category that is no markup
FILE_SAVED = "Your answers are in the file"


@pytest.fixture(scope="module")
def browser():
    path = chromium()
    assert path, "no Chromium was found: apt-get install chromium, or brew install --cask chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def libraries():
    return browser_libraries.copied()


def written(folder, libraries, trials=None, offline=True, response=(), task=(), **changes):
    """A study of six trials, one of them practice, in two blocks, with its page."""
    told = about(question="Which side? <img src=x onerror=alert(1)>", name="small", **changes)
    keys = {"kind": "keys", "options": ["left", ODD], "keys": ["f", "j"], "time_limit": None}
    told["task"] |= {"feedback": True, "response": keys | dict(response), **dict(task)}
    told["task"]["pages"] = {"en": ["# Welcome\n\n<script>alert(1)</script> Press *f* or *j*.", "Second page"]}
    if trials is None:
        trials = [trial(1, "dark", "left", phase="practice")]
        trials += [trial(k, "dark" if k % 2 else "light", "left" if k % 2 else ODD) for k in (2, 3)]
        trials += [trial(k, "dark" if k % 2 else "light", "left" if k % 2 else ODD, block=2) for k in (4, 5)]
    lists = [{"list": k, "keys": {"left": "f", ODD: "j"}, "trials": trials} for k in (1, 2)]
    study = write_study(folder, told, lists, {"dark.png": png(30), "light.png": png(220)})
    write_page(study, StudyOptions(folder, offline=offline), libraries if offline else {})
    return study


@contextmanager
def hosted(folder):
    """Any static host: gives its address."""

    class Host(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Host, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def visit(browser, address, **how):
    """A page at an address, of a browser that reaches nothing but its host; no fault of the page's may occur."""
    context = browser.new_context(viewport={"width": 1000, "height": 800}, **how)
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: faults.append(dialog.message))
    page.strangers = []
    root = re.match(r"\w+://[^/]+/", address)[0]

    def only_here(route):
        if route.request.url.startswith((root, "blob:", "data:")):
            return route.fallback()
        page.strangers.append(route.request.url)
        return route.abort()

    context.route("**/*", only_here)
    page.goto(address)
    yield page
    context.close()
    assert faults == []


def by_tone(noted, _):
    """Press a key once a square is seen: f for dark, j for light."""
    return {"dark.png": "f", "light.png": "j"}[noted.pictures[0]] if noted.pictures else ""


def trials_of(rows):
    return [row for row in rows if row["phase"] != "page"]


def test_a_study_is_gone_through_offline_and_its_rows_are_what_was_seen_and_pressed(browser, libraries, tmp_path):
    study = written(tmp_path / "small", libraries, page={"fullscreen": True, "calibration": True})
    with hosted(study.folder) as root, visit(browser, f"{root}?participant=ann&list=2&STUDY_ID=x") as page:
        ann = Participant(page, study.folder, by_tone)
        with page.expect_download() as download:
            said = ann.goes_through(FILE_SAVED)
        rows = json.loads(download.value.path().read_text("utf8"))
        assert page.strangers == [] and "Thank you!" in said and download.value.suggested_filename in said
    assert any("<script>alert(1)</script> Press f or j." in screen for screen in ann.screens)
    assert any("Part 2 of 2" in screen for screen in ann.screens)
    found = trials_of(rows)
    assert [row["trial"] for row in found] == [1, 2, 3, 4, 5] and len(ann.noted) == 5
    for row, noted, told in zip(found, ann.noted, study.list(2)["trials"], strict=True):
        assert noted.pictures == [f"{row['factors']['tone']}.png"]
        assert row["key"] == noted.did and row["response"] == {"f": "left", "j": ODD}[noted.did]
        assert row["correct"] is True and row["answer"] == told["answer"] and row["sentence"] == noted.sentence
        assert len(row["onsets"]) == 2 and row["planned"] == [0, 100] and row["rt"] > 0 and row["fullscreen"]
        assert (row["study"], row["participant"], row["list"]) == (study.version, "ann", 2)
    pages = {row["page"]: row for row in rows if row["phase"] == "page"}
    assert pages["consent"]["query"] == {"participant": "ann", "list": "2", "STUDY_ID": "x"}
    assert pages["calibration"]["px2mm"] == pytest.approx(250 / 85.6, abs=0.01)
    assert found[0]["degrees_per_pixel"] == pytest.approx(1 / pages["calibration"]["px2deg"])


def test_a_reload_at_every_screen_goes_on_and_no_trial_comes_twice(browser, libraries, tmp_path):
    study = written(tmp_path / "small", libraries)
    with serving(study) as address, visit(browser, f"{address}&participant=ben") as page:
        reloaded = set()

        def once(screen):
            if screen in reloaded:
                return False
            reloaded.add(screen)
            page.reload()
            return True

        ben = Participant(page, study.folder, by_tone, once)
        ben.goes_through()
        page.reload()
        ben.goes_through()
        assert page.strangers == []
    assert len(reloaded) >= 8
    sessions, rows = stored(study.folder / DATA / FILE)
    assert [(one["participant"], one["opened"] > 8) for one in sessions] == [("ben", True)]
    assert [row["trial"] for row in trials_of(rows)] == [1, 2, 3, 4, 5]
    assert [row["key"] for row in trials_of(rows)] == [noted.did for noted in ben.noted]
