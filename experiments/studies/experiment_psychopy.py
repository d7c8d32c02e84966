"""Runs this study in PsychoPy: ``python experiment_psychopy.py --participant CODE``, in the study's folder.

One file that needs PsychoPy and nothing else. It shows the lists and pictures of the folder, counts frames of
the screen (a duration is the nearest number of them, at least one), and writes every trial to the disk
before the next: ``data/psychopy_LIST_PARTICIPANT_TIME.csv``, for ``python -m experiments collect``. Times
in it are in ms. The list is the first that has no such file, unless ``--list`` names one. Escape stops; what
was answered is kept.

Pictures have their size in degrees where ``--distance`` and ``--width`` (of the screen, in cm) are given.
``--simulate`` answers by itself, at random. ``--refresh`` names the frames a second of a screen that cannot
be measured, such as a virtual one; frames are then paced by the clock.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import random
import re
import sys
import time
import uuid
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

FIELDS = (
    "study", "participant", "session", "list", "block", "phase", "trial", "item", "instruction", "answer",
    "factors", "response", "key", "rt", "correct", "onsets", "planned", "onset_error", "missed_frames",
    "early", "degrees_per_pixel", "fullscreen", "time", "place", "program", "simulated",
)  # fmt: skip
KEYS = {  # a browser's name of a key, and PsychoPy's
    " ": "space", "ArrowLeft": "left", "ArrowRight": "right", "ArrowUp": "up", "ArrowDown": "down",
    "Enter": "return", ",": "comma", ".": "period", "-": "minus", "/": "slash", ";": "semicolon",
}  # fmt: skip
QUIT, GO_ON, FEEDBACK = "escape", "space", 1.0  # keys, and s
THINKING, TEXT = (0.25, 0.6), 22  # s that a simulated participant takes, and pixels
NEXT = "Go on with the space bar; Escape ends the study."


class Quit(Exception):
    """The participant stops."""


# ---- what does not need a screen -------------------------------------------------------------------------


def frames_of(durations: list, rate: float) -> list:
    """Give how many frames each picture stays; None = until the response, and nothing follows."""
    counts = []
    for duration in durations:
        counts.append(None if duration is None else max(1, round(duration * rate)))
        if duration is None:
            break
    return counts


def planned(durations: list) -> list:
    """Give the onset that each picture should have, in s from the first one."""
    onsets = [0.0]
    for duration in durations[:-1]:
        if duration is None:
            break
        onsets.append(onsets[-1] + duration)
    return onsets


def missed(flips: list, tick: float) -> int:
    """Count frames of the screen that came late, of the times of all of them in s."""
    waits = (after - before for before, after in zip(flips, flips[1:], strict=False))
    return sum(max(0, round(wait / tick) - 1) for wait in waits)


def nearest(place: tuple, options: list, places: dict | None) -> str:
    """Give the option whose place in the picture is nearest; the place itself where options have none."""
    if not places:
        return f"{place[0]},{place[1]}"
    return min(options, key=lambda option: math.dist(place, places[option]))


def plain(markdown: str) -> str:
    """Give Markdown as a text: without its signs of headings, emphasis and links."""
    text = re.sub(r"^#+\s*", "", markdown, flags=re.MULTILINE)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"(\*\*|__|\*|`)(.+?)\1", r"\2", text)


def pixels_per_degree(distance: float | None, width: float | None, pixels: int) -> float | None:
    """Give the pixels of a degree in the middle of the screen, of its distance and width in cm."""
    return None if not distance or not width else 2 * distance * math.tan(math.radians(0.5)) * pixels / width


def row_of(trial: dict, shown: dict, known: dict) -> dict:
    """Give what is recorded of a trial: a row of data as the study's page has it, times in ms."""
    onsets, plan = ([1000 * onset for onset in shown[name]] for name in ("onsets", "planned"))
    errors = [abs(onset - due) for onset, due in zip(onsets, plan, strict=False)][1:]
    response = shown["response"]
    return {
        **known, **{name: trial[name] for name in FIELDS[4:10]}, "factors": json.dumps(trial["factors"]),
        "response": response, "key": shown["key"],
        "rt": "" if shown["rt"] is None else round(1000 * shown["rt"], 2),
        "correct": "" if trial["answer"] == "" else str(response == trial["answer"]).lower(),
        "onsets": json.dumps([round(onset, 2) for onset in onsets]),
        "planned": json.dumps([round(due, 2) for due in plan[: len(onsets)]]),
        "onset_error": round(sum(errors) / len(errors), 2) if errors else "",
        "missed_frames": shown["missed"], "early": shown["early"], "time": datetime.now(UTC).isoformat(),
        "place": json.dumps(shown["place"]) if shown["place"] else "",
    }  # fmt: skip


def free_list(folder: Path, lists: int) -> int:
    """Give the first list that nobody has begun."""
    begun = {int(path.name.split("_")[1]) for path in (folder / "data").glob("psychopy_*_*.csv")}
    free = [number for number in range(1, lists + 1) if number not in begun]
    if not free:
        raise SystemExit(f"all {lists} lists of the study have been begun: name one with --list")
    return free[0]


class Rows:
    """A file of rows, each on the disk before the next trial."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(exist_ok=True)
        self.file = open(path, "x", 1, "utf8", newline="")  # noqa: SIM115 (it stays open)
        self.writer = csv.DictWriter(self.file, FIELDS, restval="")
        self.writer.writeheader()

    def add(self, row: dict) -> None:
        """Append a row, and put it on the disk."""
        self.writer.writerow(row)  # a whole line leaves the program at once
        os.fsync(self.file.fileno())


# ---- the screen ------------------------------------------------------------------------------------------


class Screen:
    """A window of PsychoPy that counts its frames, and what comes from the participant's hands."""

    def __init__(self, about: dict, asked: argparse.Namespace) -> None:
        from psychopy import core, event, visual
        from psychopy.hardware import keyboard

        self.visual, self.event, self.core, self.simulated = visual, event, core, asked.simulate
        self.window = visual.Window(
            (1024, 768), fullscr=not asked.windowed, screen=asked.screen, units="pix",
            allowGUI=asked.windowed, color=about["display"]["background"], colorSpace="rgb255",
        )  # fmt: skip
        self.ink = "white" if sum(about["display"]["background"]) < 330 else "black"
        rate = asked.refresh or self.window.getActualFrameRate(nIdentical=20, nMaxFrames=240, threshold=1)
        if not rate:
            self.window.close()
            raise SystemExit("frames of this screen cannot be counted: close programs, or name --refresh")
        self.paced, self.tick, self.rate = asked.refresh is not None, 1 / rate, rate
        self.due = core.getTime()
        self.keyboard = keyboard.Keyboard()
        self.mouse = event.Mouse(win=self.window)
        self.window.mouseVisible = about["task"]["response"]["kind"] != "keys"

    def flip(self, counts: bool = False) -> float:
        """Show what was drawn; the time of the frame in s. Reaction times count from it, where asked."""
        if self.paced:  # a screen that waits for nothing
            now = self.core.getTime()
            self.due = max(self.due + self.tick, now)
            self.core.wait(self.due - now, hogCPUperiod=0.005)
        if counts:
            self.window.callOnFlip(self.keyboard.clock.reset)
        flipped = self.window.flip()
        return self.core.getTime() if flipped is None else flipped

    def text(self, text: str, place: tuple = (0, 0), size: int = TEXT) -> object:
        """Give a text to be drawn."""
        look = {"color": self.ink, "font": "Arial", "wrapWidth": 0.8 * self.window.size[0]}
        return self.visual.TextStim(self.window, text, pos=place, height=size, **look)

    def pressed(self) -> list:
        """Give (key, s from the frame that counts) of what was pressed; Escape raises Quit."""
        given = self.keyboard.getKeys(waitRelease=False)
        named = [key.name[0] if isinstance(key.name, list) else key.name for key in given]  # without ptb
        found = [(name.lower(), key.rt) for name, key in zip(named, given, strict=True)]
        if any(name == QUIT for name, _ in found):
            raise Quit
        return found

    def forget(self) -> None:
        """Leave out what was pressed so far, but Escape."""
        self.pressed()
        self.event.clearEvents()

    def page(self, text: str) -> None:
        """Show a text until the participant goes on."""
        self.forget()
        shown, below = self.text(text), self.text(NEXT, (0, -0.45 * self.window.size[1]), 16)
        begun = self.core.getTime()
        while True:
            shown.draw()
            below.draw()
            now = self.flip()
            on = any(name == GO_ON for name, _ in self.pressed())
            if on or self.simulated and now - begun > THINKING[0]:
                return


class Answering:
    """How an answer is given: by keys, or by a click on a box or on a place in the picture."""

    def __init__(self, screen: Screen, about: dict, keys: dict, size: tuple, trial: dict) -> None:
        response = about["task"]["response"]
        self.screen, self.kind, self.options = screen, response["kind"], response["options"]
        self.pixels, self.size, self.places = about["display"]["pixels"], size, trial.get("places")
        self.keys = {KEYS.get(key, key.lower()): (option, key) for option, key in keys.items()}
        self.early = 0
        self.boxes = {} if self.kind in ("keys", "place") else self._boxes()

    def _boxes(self) -> dict:
        """Boxes below the picture, in rows, the options written in them."""
        width, low = self.screen.window.size[0], -self.size[0] / 2 - 3 * TEXT
        in_row = len(self.options) if self.kind == "slider" else min(len(self.options), 6)
        step, boxes = min(0.9 * width / in_row, 260), {}
        for k, option in enumerate(self.options):
            place = ((k % in_row - (in_row - 1) / 2) * step, low - 2 * TEXT * (k // in_row))
            written = {"pos": place, "size": (0.95 * step, 1.8 * TEXT), "letterHeight": 0.7 * TEXT}
            drawn = {"color": self.screen.ink, "borderColor": self.screen.ink, "alignment": "center"}
            boxes[option] = self.screen.visual.TextBox2(self.screen.window, option, **drawn, **written)
        return boxes

    def draw(self) -> None:
        """Draw what can be pressed."""
        for box in self.boxes.values():
            box.draw()

    def wait(self) -> None:
        """Count keys of answers that were pressed too early, and leave out what was; Escape raises Quit."""
        self.screen.event.clearEvents("mouse")
        self.early += sum(name in self.keys for name, _ in self.screen.pressed())

    def given(self, passed: float) -> tuple | None:
        """Give (option, key, reaction time in s, place) of an answer, or None; so much time has passed."""
        for name, rt in self.screen.pressed():
            if rt < 0 and name in self.keys:
                self.early += 1
            elif name in self.keys:
                return (*self.keys[name], rt, None)
        if self.kind == "keys" or not self.screen.mouse.getPressed()[0]:
            return None
        x, y = self.screen.mouse.getPos()
        if self.kind == "place":
            return self._on_picture(x, y, passed)
        hit = [option for option, box in self.boxes.items() if box.contains((x, y))]
        return (hit[0], "", passed, None) if hit else None

    def _on_picture(self, x: float, y: float, passed: float) -> tuple | None:
        height, width = self.pixels
        place = round((x / self.size[1] + 0.5) * width), round((0.5 - y / self.size[0]) * height)
        if not (0 <= place[0] <= width and 0 <= place[1] <= height):
            return None
        return nearest(place, self.options, self.places), "", passed, place

    def simulated(self, passed: float) -> tuple:
        """Answer at random."""
        if self.kind == "place":
            at = [random.uniform(-side / 2, side / 2) for side in self.size]
            return self._on_picture(at[1], at[0], passed)
        option = random.choice(self.options)
        key = next((key for named, key in self.keys.values() if named == option), "")
        return option, key if self.kind == "keys" else "", passed, None


def play(screen: Screen, trial: dict, about: dict, pictures: dict, answering: Answering) -> dict:
    """Show the frames of a trial and take the answer, which counts from the onset of the seen frame on."""
    frames, limit = trial["frames"], about["task"]["response"]["time_limit"]
    durations = [frame["duration"] for frame in frames]
    counts, plan = frames_of(durations, screen.rate), planned(durations)
    question = screen.text(about["task"]["question"], (0, answering.size[0] / 2 + 2 * TEXT))
    flips, onsets, opened, answer = [], [], None, None
    thinking, at, left = random.uniform(*THINKING), 0, counts[0]
    shown = [pictures[frame["picture"]] for frame in frames if frame["picture"]]
    for drawn in (*shown, question, answering):  # what is drawn for the first time takes longer than a frame
        drawn.draw()
    screen.window.clearBuffer()
    screen.forget()
    while answer is None:
        frame = frames[at] if at < len(counts) else {"picture": None, "seen": False}
        first = at < len(counts) and len(onsets) == at
        if frame["picture"] is not None:
            pictures[frame["picture"]].draw()
        if opened is not None or frame["seen"]:
            question.draw()
            answering.draw()
        if opened is None:
            answering.wait()
        flips.append(screen.flip(counts=first and frame["seen"]))
        if first:
            onsets.append(flips[-1] - flips[0])
            opened = flips[-1] if frame["seen"] else opened
        passed = 0.0 if opened is None else flips[-1] - opened
        if limit is not None and passed >= limit:
            break
        if screen.simulated:
            answer = answering.simulated(passed) if passed >= thinking else None
        elif opened is not None:
            answer = answering.given(passed)
        if left is not None and (left := left - 1) == 0:
            at += 1
            left = counts[at] if at < len(counts) else None
    response, key, rt, place = answer or ("", "", None, None)
    told = {"onsets": onsets, "planned": plan, "missed": missed(flips, screen.tick), "early": answering.early}
    return {**told, "place": place, "response": response, "key": key, "rt": rt}


def session(screen: Screen, about: dict, chosen: dict, rows: Rows, known: dict, asked: object) -> None:
    """Show the instructions and all trials of a list."""
    degree = pixels_per_degree(asked.distance, asked.width, screen.window.size[0])
    degrees, size = about["display"]["degrees"], about["display"]["pixels"]
    size = [side * degree for side in degrees] if degrees and degree else size
    known["degrees_per_pixel"] = round(1 / degree, 6) if degree else ""
    names = {frame["picture"] for trial in chosen["trials"] for frame in trial["frames"]} - {None}
    drawn = {"size": (size[1], size[0]), "interpolate": True}
    files = {name: str(asked.folder / name) for name in sorted(names)}
    pictures = {name: screen.visual.ImageStim(screen.window, file, **drawn) for name, file in files.items()}
    pages = about["task"]["pages"]
    for page in pages.get(asked.language, pages["en"]):
        screen.page(plain(page))
    before: dict = {}
    for trial in chosen["trials"]:
        if before and trial["block"] != before["block"]:
            screen.page("That was the practice." if before["phase"] == "practice" else "Time for a break.")
        if trial["sentence"] and trial["sentence"] != before.get("sentence"):
            screen.page(trial["sentence"])
        answering = Answering(screen, about, chosen["keys"], size, trial)
        shown = play(screen, trial, about, pictures, answering)
        rows.add(row_of(trial, shown, known))
        if about["task"]["feedback"] and trial["phase"] == "practice" and trial["answer"] != "":
            right = shown["response"] == trial["answer"]
            wrong = f"Wrong: {trial['answer']}" if shown["response"] else "Too slow"
            said = screen.text("Right" if right else wrong)
            for _ in range(round(FEEDBACK * screen.rate)):
                said.draw()
                screen.flip()
        before = trial


def words() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(None, None, __doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--participant", help="code of the participant; p and the list's number, if left out")
    parser.add_argument("--list", type=int, help="number of the list; the first that nobody has, if left out")
    parser.add_argument("--language", default="en", help="language of the instructions")
    parser.add_argument("--windowed", action="store_true", help="a window instead of the full screen")
    parser.add_argument("--screen", type=int, default=0, help="number of the screen")
    parser.add_argument("--distance", type=float, help="from the eyes to the screen in cm")
    parser.add_argument("--width", type=float, help="of the screen in cm")
    parser.add_argument("--refresh", type=float, help="frames a second, where they cannot be measured")
    parser.add_argument("--simulate", action="store_true", help="answer at random, without a participant")
    parser.add_argument("--seed", type=int, help="of the simulated answers")
    parser.add_argument("--folder", type=Path, default=Path(__file__).resolve().parent, help="of the study")
    return parser.parse_args()


def main() -> int:
    """Run a session; 0 where all trials were answered, 1 where the participant stopped."""
    asked = words()
    if find_spec("psychopy") is None:
        raise SystemExit(
            f"{sys.executable} has no PsychoPy (psychopy.org): install it there, or start this with its Python"
        )
    random.seed(asked.seed)
    about = json.loads((asked.folder / "study.json").read_text("utf8"))
    number = asked.list or free_list(asked.folder, about["lists"])
    if not 1 <= number <= about["lists"]:
        raise SystemExit(f"the study has the lists 1 to {about['lists']}, got {number}")
    person = asked.participant or f"p{number:02}"
    chosen = json.loads((asked.folder / "lists" / f"{number:04d}.json").read_text("utf8"))
    known = {
        "study": about["version"], "participant": person, "session": str(uuid.uuid4()), "list": number,
        "program": "psychopy", "simulated": str(asked.simulate).lower(), "fullscreen": str(not asked.windowed).lower(),
    }  # fmt: skip
    named = f"{number:04d}_{re.sub('[^a-zA-Z0-9.-]+', '_', person)}_{time.strftime('%Y%m%d%H%M%S')}"
    screen, rows = Screen(about, asked), Rows(asked.folder / "data" / f"psychopy_{named}.csv")
    try:
        session(screen, about, chosen, rows, known, asked)
        screen.page("That was all. Thank you!")
    except Quit:
        return 1
    finally:
        rows.file.close()
        screen.window.close()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OSError as error:  # no study, or a folder that cannot be written
        sys.exit(f"error: {error}")
