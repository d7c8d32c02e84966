"""The page of a study in a browser: somebody who sees the screen goes through it, and the rows tell what was done."""

import functools
import http.server
import json
import re
import threading
from contextlib import contextmanager

import numpy as np
import pytest
from chromium import chromium
from participant import Participant
from playwright.sync_api import sync_playwright
from served import serving
from small_study import about, png, trial

from experiments.studies import browser_libraries
from experiments.studies.collecting import collect
from experiments.studies.folder import write_study
from experiments.studies.store import DATA, FILE, stored
from experiments.studies.writing import StudyOptions, write_page

pytestmark = pytest.mark.browser

QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
ODD = 'a <b>"right"</b>, &amp;'  # a category that is no markup
MARKUP = "<script>alert(1)</script> Press *f* or *j*. [a](javascript:alert(2)) <img src=x onerror=alert(3)>"
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
    """A study of five trials, the first one practice, the others in two blocks, with its page."""
    told = about(question="Which side? <img src=x onerror=alert(1)>", name="small", **changes)
    keys = {"kind": "keys", "options": ["left", ODD], "keys": ["f", "j"], "time_limit": None}
    pages = {"en": [f"# Welcome\n\n{MARKUP}", "Second page"]}
    told["task"] |= {"response": keys | dict(response), "pages": pages, **dict(task)}
    if trials is None:
        trials = [trial(1, "dark", "left", phase="practice")]
        rest = ((k, 2 + k // 4) for k in (2, 3, 4, 5))  # with its block: practice is one
        trials += [trial(k, *(("dark", "left") if k % 2 else ("light", ODD)), block=block) for k, block in rest]
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
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def visit(browser, address, act=lambda page: None, locale="en-GB"):
    """A page at an address, of a browser that reaches nothing but its host; no fault of the page's may occur.

    ``act`` does something to the browser before.
    """
    context = browser.new_context(viewport={"width": 1000, "height": 800}, locale=locale)
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: faults.append(dialog.message))
    page.strangers = []
    root = re.match(r"\w+://[^/]*/", address)[0]

    def only_here(route):
        if route.request.url.startswith((root, "blob:", "data:")):
            return route.fallback()
        page.strangers.append(route.request.url)
        return route.abort()

    context.route("**/*", only_here)
    act(page)
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
    whole = {"fullscreen": True, "calibration": True}
    study = written(tmp_path / "small", libraries, page=whole, task={"feedback": True})
    with hosted(study.folder) as root, visit(browser, f"{root}?participant=ann&list=2&STUDY_ID=x") as page:
        ann = Participant(page, study.folder, by_tone)
        with page.expect_download() as download:
            said = ann.goes_through(FILE_SAVED)
        rows = json.loads(download.value.path().read_text("utf8"))
        table = collect(study, [download.value.path()]).trials
        assert page.strangers == [] and "Thank you!" in said and download.value.suggested_filename in said
    assert any(MARKUP.replace("*", "") in screen for screen in ann.screens)  # as text, and the link is none
    assert any("Part 2 of 2" in screen for screen in ann.screens)
    found = trials_of(rows)
    assert [row["trial"] for row in found] == [1, 2, 3, 4, 5] and len(ann.noted) == 5
    for row, noted, told in zip(found, ann.noted, study.list(2)["trials"], strict=True):
        assert noted.pictures == [f"{row['factors']['tone']}.png"]
        assert row["key"] == noted.did and row["response"] == {"f": "left", "j": ODD}[noted.did]
        assert row["correct"] is True and row["answer"] == told["answer"] and row["sentence"] == noted.sentence
        assert len(row["onsets"]) == 2 and row["planned"] == [0, 100] and row["rt"] > 0 and row["fullscreen"]
        assert (row["study"], row["participant"], row["list"]) == (study.version, "ann", 2)
    assert list(table["response"]) == [{"f": "left", "j": ODD}[noted.did] for noted in ann.noted]
    assert list(table["tone"]) == [noted.pictures[0].removesuffix(".png") for noted in ann.noted]
    assert np.allclose(table["rt"], [row["rt"] / 1000 for row in found]) and set(table["participant"]) == {"ann"}
    pages = {row["page"]: row for row in rows if row["phase"] == "page"}
    assert pages["consent"]["query"] == {"participant": "ann", "list": "2", "STUDY_ID": "x"}
    assert pages["calibration"]["px2mm"] == pytest.approx(250 / 85.6, abs=0.01)
    assert found[0]["degrees_per_pixel"] == pytest.approx(1 / pages["calibration"]["px2deg"])


def test_a_reload_at_every_screen_goes_on_and_no_trial_comes_twice(browser, libraries, tmp_path):
    whole = {"fullscreen": True, "calibration": True}
    study = written(tmp_path / "small", libraries, page=whole, task={"feedback": True})
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
    assert {"card", "blind spot", "trial", "feedback"} <= reloaded
    assert len({screen[:30] for screen in reloaded}) == 12  # one of them tells a distance, which may come out anew
    sessions, rows = stored(study.folder / DATA / FILE)
    assert [(one["participant"], one["opened"] > 8) for one in sessions] == [("ben", True)]
    assert [row["trial"] for row in trials_of(rows)] == [1, 2, 3, 4, 5]
    assert [row["key"] for row in trials_of(rows)] == [noted.did for noted in ben.noted]


def through(browser, study, answer, on_screen=None, act=lambda page: None):
    """Go through a study at a static host; gives the rows and the participant."""
    with hosted(study.folder) as root, visit(browser, f"{root}?participant=eve", act) as page:
        eve = Participant(page, study.folder, answer, on_screen and functools.partial(on_screen, page))
        with page.expect_download() as download:
            eve.last = eve.goes_through(FILE_SAVED)
        return json.loads(download.value.path().read_text("utf8")), eve


BARE = {"fullscreen": False, "calibration": False}


@pytest.mark.parametrize("kind", ["grid", "buttons"])
def test_an_option_is_chosen_by_its_button_once_the_target_is_over(browser, libraries, tmp_path, kind):
    trials = [trial(1, "dark", "left"), trial(2, "light", ODD)]
    trials[0]["frames"] = [
        {"name": "target", "picture": "pictures/dark.png", "duration": 0.5, "seen": True},
        {"name": "response", "picture": None, "duration": None, "seen": False},
    ]
    study = written(tmp_path / "small", libraries, trials, response={"kind": kind}, page=BARE)
    rows, eve = through(browser, study, lambda noted, labels: ODD if noted.pictures and ODD in labels else "")
    assert [(row["response"], row["correct"]) for row in trials_of(rows)] == [(ODD, False), (ODD, True)]
    assert [noted.pictures for noted in eve.noted] == [["dark.png"], ["light.png"]]
    assert rows[-2]["rt"] > 500 and rows[-2]["planned"] == [0, 500]


def test_a_place_of_the_picture_is_clicked(browser, libraries, tmp_path):
    one = trial(1, "dark", "right", places={"left": [8, 16], "right": [24, 16]})
    study = written(tmp_path / "small", libraries, [one], response={"kind": "place", "options": ["left", "right"]},
                    page=BARE)  # fmt: skip
    rows, _ = through(browser, study, lambda noted, _: (20, 5) if noted.pictures else "")
    (row,) = trials_of(rows)
    assert row["response"] == "right" and row["correct"] and row["place"] == [20, 5]


def test_a_slider_is_moved_to_an_option(browser, libraries, tmp_path):
    steps = ["none", "little", "some", "much", "all"]
    study = written(tmp_path / "small", libraries, [trial(1, "dark", "")],
                    response={"kind": "slider", "options": steps}, page=BARE)  # fmt: skip

    def moved(page, screen):
        if screen == "trial":
            page.get_by_role("slider").press("ArrowRight")
            page.get_by_role("button", name="Continue").click()
        return screen == "trial"

    rows, _ = through(browser, study, lambda noted, _: "slide" if noted.pictures else "", moved)
    (row,) = trials_of(rows)
    assert row["response"] == "much" and row["correct"] is None


def test_who_does_not_answer_in_time_has_no_answer(browser, libraries, tmp_path):
    study = written(tmp_path / "small", libraries, [trial(1, "dark", "left")], response={"time_limit": 0.4}, page=BARE)
    rows, _ = through(browser, study, lambda noted, _: "")
    (row,) = trials_of(rows)
    assert (row["response"], row["key"], row["rt"], row["correct"]) == ("", "", None, False)


def test_keys_before_the_target_and_strange_keys_are_no_answers(browser, libraries, tmp_path):
    one = trial(1, "dark", "left")
    one["frames"] = [
        {"name": "cue", "picture": "pictures/light.png", "duration": 1.5, "seen": False},
        {"name": "target", "picture": "pictures/dark.png", "duration": None, "seen": True},
    ]
    study = written(tmp_path / "small", libraries, [one], page=BARE)

    pressed = []

    def impatient(noted, _):
        if noted.pictures[-1:] == ["light.png"] and not pressed:  # once: a later press may meet the target
            pressed.extend("jx")
            return pressed
        if noted.pictures[-1:] == ["light.png"]:
            return ""
        return "f" if noted.pictures else ""

    rows, eve = through(browser, study, impatient)
    (row,) = trials_of(rows)
    assert eve.noted[0].pictures == ["light.png", "dark.png"] and row["response"] == "left"
    assert row["planned"] == [0, 1500] and row["early"] == 1 and row["rt"] > 0  # x answers nothing


def test_answers_outlive_a_network_that_is_away_and_a_full_disk(browser, libraries, tmp_path):
    study = written(tmp_path / "small", libraries, page=BARE)
    full = {"status": 507, "body": json.dumps({"error": "full"}), "content_type": "application/json"}
    held = {"sent": 0, "said": []}

    def troubled(route):
        row = json.loads(route.request.post_data)
        if row.get("trial") == 3 and held["sent"] < 5:
            held["sent"] += 1
            return route.abort() if held["sent"] < 5 else route.fulfill(**full)
        return route.fallback()

    with serving(study) as address, visit(browser, f"{address}&participant=ida") as page:
        page.context.route("**/data/**", troubled)
        ida = Participant(page, study.folder, by_tone, lambda screen: held["said"].append(screen))
        ida.goes_through()
    told = [screen for screen in held["said"] if "Try again" in screen]
    assert len(told) == 2 and "the network or the server is away" in told[0] and "its disk is full" in told[1]
    _, rows = stored(study.folder / DATA / FILE)
    assert [(row["trial"], row["key"]) for row in trials_of(rows)] == [
        (k, noted.did) for k, noted in enumerate(ida.noted, 1)
    ]


def test_who_quits_in_a_window_keeps_what_was_answered(browser, libraries, tmp_path):
    study = written(tmp_path / "small", libraries)
    done = []

    def quits(page, screen):
        if screen != "trial" or len(done) == 4:
            return False
        done.append(page.keyboard.press("Escape" if done else "f"))
        if len(done) == 2:
            page.get_by_role("button", name="Go on").click()
        elif len(done) == 4:
            page.get_by_role("dialog").get_by_role("button", name="Quit").click()
        return True

    no_full_screen = "Object.defineProperty(Document.prototype, 'fullscreenEnabled', {get: () => false})"
    rows, eve = through(browser, study, by_tone, quits, lambda page: page.add_init_script(no_full_screen))
    assert any("does not show pages in full screen" in screen for screen in eve.screens)
    assert "You have stopped the study" in eve.last
    assert [(row["trial"], row["key"], row["fullscreen"]) for row in trials_of(rows)] == [(1, "f", False)]
    assert [row["page"] for row in rows if row["phase"] == "page"][-1] == "quit"


def test_what_keeps_a_participant_from_the_study_is_said(browser, libraries, tmp_path):
    study = written(tmp_path / "small", libraries, page=BARE)
    with serving(study) as address, visit(browser, f"{address}&participant=one") as page:
        page.get_by_role("button", name="I have read").wait_for()
        page.goto(f"{address}&participant=two")
        page.get_by_role("button", name="I have read").wait_for()
        page.goto(f"{address}&participant=three")
        page.get_by_text("All 2 places of this study are taken").wait_for()
    with hosted(study.folder) as root, visit(browser, f"{root}?participant=one&list=3") as page:
        page.get_by_text("This study has the lists 1 to 2; the address asks for 3.").wait_for()
        page.goto(f"{root}?list=1")
        page.get_by_role("button", name="I have read").click()
        page.goto(f"{root}?list=1")
        page.get_by_text("was begun here and not finished").wait_for()
        page.get_by_role("button", name="Start as somebody else").click()
        page.get_by_role("button", name="I have read").wait_for()
    with visit(browser, f"file://{study.folder}/index.html") as page:
        page.get_by_text("A study cannot be opened as a file").wait_for()


@pytest.mark.parametrize(
    ("locale", "asked", "reads"),
    [("de-DE", "", "de"), ("en-GB", "&language=de", "de"), ("de-DE", "&language=fr", "en")],
)
def test_a_page_speaks_the_language_that_is_asked_for_or_the_browsers_or_english(
    browser, libraries, tmp_path, locale, asked, reads
):
    study = written(tmp_path / "small", libraries, [trial(1, "dark", "left")], page=BARE,
                    task={"pages": {"en": ["Press f."], "de": ["Drücke *f*."]}})  # fmt: skip
    words = {"de": {"agree": "<b>Ich</b> nehme teil", "next": "Weiter"}}
    (study.folder / "words.json").write_text(json.dumps(words), "utf8")
    agree, page_said, go_on = {
        "de": ("<b>Ich</b> nehme teil", "Drücke f.", "Weiter"),
        "en": ("I have read this and take part", "Press f.", "Continue"),
    }[reads]
    with hosted(study.folder) as root, visit(browser, f"{root}?participant=eve{asked}", locale=locale) as page:
        page.get_by_role("button", name=agree).click()
        page.get_by_text(page_said).wait_for()
        page.get_by_role("button", name=go_on).click()
        page.get_by_role("button", name="Start (space bar)").wait_for()  # what is not translated stays English
        assert page.evaluate("document.documentElement.lang") == reads


def test_libraries_of_the_network_are_taken_only_as_they_were_published(browser, libraries, tmp_path):
    study = written(tmp_path / "small", libraries, [trial(1, "dark", "left")], offline=False, page=BARE)
    published = {library.address: libraries[library.name] for library in browser_libraries.LIBRARIES}
    asked = []

    def network(route):
        asked.append(route.request.url)
        kind = "text/css" if route.request.url.endswith(".css") else "text/javascript"
        headers = {"Access-Control-Allow-Origin": "*", "Content-Type": kind}
        return route.fulfill(body=published[route.request.url], headers=headers)

    def connected(page):
        page.context.route(f"{browser_libraries.CDN}/**", network)
        page.set_viewport_size({"width": 150, "height": 150})

    def enlarges(page, screen):
        page.set_viewport_size({"width": 900, "height": 700} if "too small" in screen else page.viewport_size)

    rows, eve = through(browser, study, by_tone, enlarges, connected)
    assert set(asked) == set(published) and len(trials_of(rows)) == 1
    published |= {address: content + b" " for address, content in published.items() if "markdown" in address}
    with hosted(study.folder) as root, visit(browser, root, connected) as page:
        page.get_by_text("The page's libraries could not be loaded").wait_for()


def test_datapipe_gives_the_list_and_gets_all_rows(browser, libraries, tmp_path):
    study = written(tmp_path / "small", libraries, page=BARE, hosting="datapipe", datapipe="Ab12")
    sent = []

    def pipe(route):
        sent.append((route.request.url.rpartition("api/")[2], json.loads(route.request.post_data)))
        route.fulfill(json={"condition": 3}, headers={"Access-Control-Allow-Origin": "*"})

    def reachable(page):
        page.context.route("https://pipe.jspsych.org/**", pipe)

    with hosted(study.folder) as root, visit(browser, f"{root}?PROLIFIC_PID=pat", reachable) as page:
        pat = Participant(page, study.folder, by_tone)
        pat.goes_through()
    (_, asked), (_, told) = sent
    assert [name for name, _ in sent] == ["condition/", "data/"] and asked == {"experimentID": "Ab12"}
    assert told["experimentID"] == "Ab12" and told["filename"].startswith("pat_")
    rows = trials_of(json.loads(told["data"]))
    assert [(row["key"], row["participant"], row["list"]) for row in rows] == [
        (noted.did, "pat", 2) for noted in pat.noted
    ]
