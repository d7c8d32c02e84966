"""A participant of a study in a browser: reads the screen, presses keys and buttons, and notes both.

Knows what a person knows: text and buttons that can be seen, and what is shown, which it compares with pictures.
It never looks into the page's variables or its storage.
"""

import io
import re
import time
from dataclasses import dataclass, field

import numpy as np
from PIL import Image
from playwright.sync_api import Error

CLEAR = 3.0  # mean difference in grey levels below which a picture is recognised
PATIENCE = 60.0


@dataclass
class Noted:
    """What was seen and done in a trial."""

    sentence: str
    pictures: list = field(default_factory=list)
    did: str = ""


class Participant:
    """Somebody who goes through a study.

    Parameters
    ----------
    page : of playwright.
    folder : of the study; only its pictures are looked at.
    answer : function of (trial's notes, what stands under the picture) that says which key or button to press, or
        where to click; "" to go on looking, a list of keys to press them and go on looking.
    on_screen : function of the text of a screen, or "trial", that may do something else with it and say so.
    """

    def __init__(self, page, folder, answer, on_screen=None):
        self.page, self.answer, self.on_screen = page, answer, on_screen or (lambda name: None)
        self.known = {path.name: pixels(path.read_bytes()) for path in sorted((folder / "pictures").glob("*.png"))}
        self.noted, self.screens = [], []

    def text(self):
        return self.page.locator("body").inner_text()

    def sees(self, label):
        return self.page.get_by_role("button", name=label).is_visible()

    def press(self, label):
        self.page.get_by_role("button", name=label).click()

    def goes_through(self, until="All your answers are saved|Your answers are in the file"):
        """Go on until the last page; gives what it says."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            said = self.text()
            if re.search(until, said):
                return said
            self.looks(said)
        raise AssertionError(f"stuck at: {self.text()!r}")

    def looks(self, said):
        """Do what the screen asks for."""
        for name, label in (("consent", "I have read this and take part"), ("sentence", "Start (space bar)")):
            if self.sees(label):
                return self.does(name, said, label)
        if self.sees("Try again"):
            return self.does("trouble", said, "Try again")
        if self.page.locator("canvas").is_visible():
            return self.looks_at_trial(said)
        if "The window is too small" in said:
            return self.on_screen(said)
        if self.sees("They are of the same size"):
            return self.calibrates()
        if "Press it again as soon as" in said:
            return None if self.on_screen("blind spot") else self.presses_space()
        for label in ("That is about right", "Continue >", "Continue", "Go on"):
            if self.sees(label):
                return self.does(label, said, label)
        self.page.wait_for_timeout(20)

    def does(self, name, said, label):
        said = self.text()
        self.screens.append(said)
        if self.on_screen(said):
            return
        if name == "sentence":
            self.page.keyboard.press(" ")
        else:
            self.press(label)

    def presses_space(self):
        self.page.keyboard.press(" ")
        self.page.wait_for_timeout(150)

    def calibrates(self):
        self.screens.append("card")
        if not self.on_screen("card"):
            self.press("They are of the same size")

    def looks_at_trial(self, said):
        """Watch what is shown until it can be answered, and answer."""
        canvas = self.page.locator("canvas").element_handle()
        noted = Noted(self.text().split("\n")[0])
        while canvas.is_visible():
            try:
                seen = self.recognised(canvas.screenshot(timeout=1000))
            except Error:  # the trial has ended meanwhile
                continue
            if seen and seen not in noted.pictures:
                noted.pictures.append(seen)
            asked = self.page.locator(".answers")
            labels = asked.inner_text().split("\n") if asked.is_visible() else []
            noted.did = self.answer(noted, labels)
            if isinstance(noted.did, list):  # keys that are pressed in vain
                for key in noted.did:
                    self.page.keyboard.press(key)
            elif noted.did:
                break
        if self.on_screen("trial"):
            return
        self.noted.append(noted)
        if not noted.did:
            return
        if isinstance(noted.did, tuple):
            self.page.locator("canvas").click(position=dict(zip("xy", noted.did, strict=True)))
        elif self.page.get_by_role("button", name=noted.did, exact=True).is_visible():
            self.press(noted.did)
        else:
            self.page.keyboard.press(noted.did)
        while canvas.is_visible():
            if self.page.locator(".feedback").is_visible() and self.on_screen("feedback"):
                self.noted.pop()  # an answer counts once what was said to it is over
                return
            self.page.wait_for_timeout(20)

    def recognised(self, shot):
        """Name of the picture that is on the screen."""
        seen = pixels(shot)
        empty = np.full_like(seen, np.median(seen))
        shown = {name: brought(known, seen.shape) for name, known in self.known.items()} | {"": empty}
        apart = {name: np.abs(seen - picture).mean() for name, picture in shown.items()}
        best = min(apart, key=apart.get)
        return best if apart[best] < CLEAR else ""


def pixels(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), float)


def brought(picture, shape):
    size = shape[1], shape[0]
    return np.asarray(Image.fromarray(picture.astype(np.uint8)).resize(size, Image.Resampling.BILINEAR), float)
