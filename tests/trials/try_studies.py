"""Somebody who sees the screen goes through a study of every probe that has a task; prints how exact frames were.

``bash scripts/try_studies.sh [PROBE ...]``. Each study has its own stimuli, is written with its libraries, served by
our server, gone through in Chromium without network, and collected. What is checked of each trial: what was pressed
is what the table holds, and whatever was recognised on the screen is a frame of that trial.
"""

import random
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
from chromium import chromium
from participant import Participant
from playwright.sync_api import sync_playwright
from served import serving
from synthetic_pictures import in_conflict

from experiments.probes import PROBES
from experiments.studies.collecting import collect
from experiments.studies.folder import open_study
from experiments.studies.store import DATA
from experiments.studies.writing import StudyOptions, drawn_for, write_study_of
from stimuli.families.family import changed

TRIALS, PRACTICE, PATIENT = 6, 2, 2.0  # s after which somebody who saw nothing answers
QUIET = ["--headless", "--no-sandbox", "--disable-gpu"]


def written(name, folder):
    """A small study of a probe."""
    probe = PROBES[name]
    _, parameters = drawn_for(probe)
    if name == "cue_conflict":
        in_conflict(folder / "pictures")
        parameters = changed(parameters, folder=str(folder / "pictures"))
    options = StudyOptions(
        folder / name,
        participants=1,
        n=TRIALS + PRACTICE,
        practice=PRACTICE,
        offline=True,
        calibration=False,
        nearly=True,
    )
    write_study_of(probe, options, parameters)
    return open_study(folder / name)


class Guessing:
    """Answers at random, once the target was seen or nothing was for long."""

    def __init__(self, study):
        self.kind, self.trial = study.about["task"]["response"]["kind"], None
        frames = [frame for trial in study.list(1)["trials"] for frame in trial["frames"]]
        self.targets = {Path(frame["picture"]).name for frame in frames if frame["seen"]}
        self.keys = study.about["task"]["response"]["keys"]

    def __call__(self, noted, labels):
        if self.trial is not noted:
            self.trial, self.since = noted, time.monotonic()
        ready = self.targets & set(noted.pictures) or time.monotonic() - self.since > PATIENT
        if not labels or not ready:
            return ""
        return random.choice(self.keys if self.kind == "keys" else [label for label in labels if label])


def tried(name, browser, folder):
    """Go through a study of a probe; gives a row of the report."""
    study = written(name, folder)
    trials = study.list(1)["trials"]
    with serving(study) as address:
        context = browser.new_context(viewport={"width": 1200, "height": 900})
        context.route(
            "**/*", lambda r: r.fallback() if r.request.url.startswith(("http://127.0.0.1", "blob:")) else r.abort()
        )
        page = context.new_page()
        page.goto(f"{address}&participant=me")
        me = Participant(page, study.folder, Guessing(study))
        me.goes_through()
        context.close()
    table = collect(study, [study.folder / DATA]).trials
    assert list(table["item"]) == [trial["item"] for trial in trials] and len(me.noted) == len(trials)
    keys = {key: option for option, key in study.list(1)["keys"].items()}
    caught = 0
    for noted, response, trial in zip(me.noted, table["response"], trials, strict=True):
        assert keys.get(noted.did, noted.did) == response.replace("_", " "), (noted, response)
        assert noted.sentence == trial["sentence"], (noted, trial)
        shown = {Path(frame["picture"]).name for frame in trial["frames"] if frame["picture"]}
        assert set(noted.pictures) <= shown, (noted, shown)
        caught += bool(noted.pictures)
    errors, missed = 1000 * table["onset_error"], table["missed_frames"]
    return {
        "trials": len(table), "recognised": caught, "frames": sum(len(trial["frames"]) for trial in trials),
        "onset_error_ms": errors.mean(), "worst_ms": errors.max(), "missed_frames": int(missed.sum()),
    }  # fmt: skip


def main(names):
    """Try the studies of some probes, or of all that have a task."""
    rows = {}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as held:
        browser = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        for name in names or [name for name in PROBES if PROBES[name].task is not None]:
            rows[name] = tried(name, browser, Path(held))
            print(name, rows[name], flush=True)
        browser.close()
    print(pd.DataFrame.from_dict(rows, orient="index").round(2).to_string())


if __name__ == "__main__":
    main(sys.argv[1:])
