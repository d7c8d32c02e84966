"""When frames of a study's trials are on the screen, seen from outside the page: by the browser's own screencast.

``bash scripts/time_frames.sh`` prints, for each frame, its planned onset, the mean and largest error of its onset by
the page's record and by the times at which the browser swapped pictures, and the frames that the page counts as missed.
"""

import base64
import io
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from chromium import chromium
from PIL import Image
from playwright.sync_api import sync_playwright
from served import serving
from small_study import about, png, trial

from experiments.studies import browser_libraries
from experiments.studies.folder import write_study
from experiments.studies.store import DATA, FILE, stored
from experiments.studies.writing import StudyOptions, write_page

TRIALS, SIDE = 20, 200
COURSE = {"fixation": ("grey", 0.5), "cue": ("light", 0.1), "interval": (None, 0.2), "target": ("dark", 0.15)}
GREYS = {"dark": 0, "grey": 60, None: 128, "light": 255}
QUIET = ["--headless", "--no-sandbox", "--disable-gpu"]


def written(folder):
    """A study of one list, whose frames are squares of different greys."""
    frames = [
        {"name": name, "picture": grey and f"pictures/{grey}.png", "duration": time, "seen": name == "target"}
        for name, (grey, time) in {**COURSE, "response": (None, None)}.items()
    ]
    told = about(page={"fullscreen": False, "calibration": False})
    told["display"] = {"pixels": [SIDE, SIDE], "degrees": None, "background": [GREYS[None]] * 3}
    trials = [trial(number, "dark", "left", frames=frames) for number in range(1, TRIALS + 1)]
    pictures = {f"{name}.png": png(grey, SIDE) for name, grey in GREYS.items() if name}
    study = write_study(folder, told, [{"list": 1, "keys": {"left": "f", "right": "j"}, "trials": trials}], pictures)
    write_page(study, StudyOptions(folder, offline=True), browser_libraries.copied())
    return study


def watched(page):
    """Go through the study; gives the times in ms and greys in the middle of all that the browser showed."""
    for label in ("I have read", "Continue"):
        page.get_by_role("button", name=label).click()
    page.get_by_role("button", name="Start").wait_for()
    screen, shown = page.context.new_cdp_session(page), []

    def look(event):
        screen.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})
        picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(event["data"]))).convert("L"), float)
        y, x = (side // 2 for side in picture.shape)
        shown.append((1000 * event["metadata"]["timestamp"], picture[y - 5 : y + 5, x - 5 : x + 5].mean()))

    screen.on("Page.screencastFrame", look)
    screen.send("Page.startScreencast", {"format": "jpeg", "quality": 50, "everyNthFrame": 1})
    page.keyboard.press(" ")
    for _ in range(TRIALS):
        page.wait_for_timeout(1300)
        page.keyboard.press("f")
    page.wait_for_timeout(500)
    screen.send("Page.stopScreencast")
    return shown


def onsets(shown):
    """Onsets of the frames in ms from the first one's, (trial, frame), of the trials that were seen from outside."""
    names, runs = [*GREYS], []
    for time, grey in shown:
        name = names[int(np.argmin([abs(grey - level) for level in GREYS.values()]))]
        if not runs or runs[-1][0] != name:
            runs.append((name, time))
    course = [grey for grey, _ in COURSE.values()] + [None]
    parts = [runs[start : start + len(course)] for start in range(len(runs))]
    return np.array([[time - part[0][1] for _, time in part] for part in parts if [name for name, _ in part] == course])


def main():
    """Measure and print."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as held:
        study = written(Path(held) / "timed")
        with serving(study) as address:
            browser = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
            page = browser.new_page(viewport={"width": 500, "height": 520})
            page.goto(f"{address}&participant=me")
            seen = onsets(watched(page))
            browser.close()
        rows = [row for row in stored(study.folder / DATA / FILE)[1] if row["phase"] != "page"]
    planned = np.array(rows[0]["planned"])
    table = {"planned_ms": planned}
    for name, of in (("page", np.array([row["onsets"] for row in rows])), ("screencast", seen)):
        error = np.abs(of - planned)
        table |= {f"{name}_mean": error.mean(0), f"{name}_worst": error.max(0)}
    print(pd.DataFrame(table, [*COURSE, "response"]).round(2).to_string())
    missed = sum(row["missed_frames"] for row in rows)
    print(f"{len(rows)} trials, {len(seen)} of them whole in the screencast; {missed} frames missed")


if __name__ == "__main__":
    main()
