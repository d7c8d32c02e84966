"""Explorers in a real browser: JupyterLab runs the notebook, a control moves, and the picture changes."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from chromium import IN_BROWSER, chromium
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).parents[2]
SHOTS = ROOT / "outputs" / "screenshots"
PATIENCE = 400_000  # milliseconds; a busy machine is slow
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false"},
    "notebook-extension/tracker": {"windowingMode": "none"},  # cells that are scrolled away stay on the page
}
READY = """() => {
    const kernel = window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel;
    return kernel?.connectionStatus === 'connected' && kernel?.status === 'idle';
}"""
CELLS = "[...window.jupyterapp.shell.currentWidget.content.model.cells].filter(cell => cell.type === 'code')"
FAULTS = f"{CELLS}.flatMap(cell => cell.outputs.toJSON()).filter(output => output.output_type === 'error')"
ENDED = f"() => {CELLS}.every(cell => cell.executionCount) || {FAULTS}.length > 0"  # cells after a fault never run
CONTROL = r"- (slider|combobox|textbox|checkbox|button|listbox|spinbutton|img|radio)\b(?! \"\S)"  # without a name
SOURCE = "() => document.querySelector('.explorer-picture')?.src"

pytestmark = pytest.mark.browser


CLEAN = """async () => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const code = "%reset -f\\nimport ipywidgets; ipywidgets.Widget.close_all()\\n%reset -f";
    await kernel.requestExecute({code, store_history: false}).done;
}"""


def answers(address):
    with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5):
        return True
    return False


class Lab:
    """A JupyterLab whose notebooks take turns on one kernel, which has imported what they need after the first."""

    def __init__(self, address):
        self.address, self.kernel = address, {"name": "python3"}

    def open(self, name):
        """Give a notebook the kernel, and its address."""
        asked = json.dumps({"path": f"{name}.ipynb", "name": name, "type": "notebook", "kernel": self.kernel})
        with urllib.request.urlopen(f"{self.address}/api/sessions", asked.encode(), timeout=PATIENCE / 1000) as told:
            self.kernel = {"id": json.load(told)["kernel"]["id"]}
        return f"{self.address}/lab/tree/{name}.ipynb?reset"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab with settings of its own, on copies of the notebooks."""
    home = tmp_path_factory.mktemp("lab")
    books = home / "notebooks"
    books.mkdir()
    for book in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(book, books)
    for extension, values in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{extension}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(values))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folders = {f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    folders |= {"JUPYTERLAB_SETTINGS_DIR": str(home / "settings"), "JUPYTERLAB_WORKSPACES_DIR": str(home / "spaces")}
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    words = [
        "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser", "--ServerApp.ip=127.0.0.1",
        "--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True", f"--ServerApp.port={port}",
        f"--ServerApp.root_dir={books}",
    ]  # fmt: skip
    with open(home / "log", "w") as log:
        environment = os.environ | folders | {"PYTHONPATH": path}
        server = subprocess.Popen([sys.executable, *words], stdout=log, stderr=log, env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        start = time.monotonic()
        while not answers(f"{address}/api"):
            assert server.poll() is None and time.monotonic() - start < PATIENCE / 1000, (home / "log").read_text()
            time.sleep(0.2)
        yield Lab(address)
    finally:
        server.terminate()
        server.wait(60)


@pytest.fixture(scope="module")
def browser():
    """A browser's context: what one page has loaded of JupyterLab, the next one finds in its cache."""
    path = chromium()
    assert path, "no Chromium was found: apt-get install chromium, or brew install --cask chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=QUIET, timeout=PATIENCE)
        yield opened.new_context(viewport={"width": 1300, "height": 1600})
        opened.close()


@contextlib.contextmanager
def run(browser, lab, name):
    """The page of a notebook whose cells have run without a fault; no error on its console, a screenshot in the end."""
    assert name in IN_BROWSER
    page, errors = browser.new_page(), []
    page.set_default_timeout(PATIENCE)
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(lab.open(name))
    page.wait_for_function(READY)
    page.evaluate(CLEAN)
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function(ENDED)
    page.wait_for_function(READY)
    assert page.evaluate(FAULTS) == []
    page.wait_for_function(SOURCE)
    page.locator(".explorer-picture").first.scroll_into_view_if_needed()
    yield page
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")
    assert errors == []
    assert [text.strip() for text in page.locator(".explorer-message").all_inner_texts() if text.strip()] == []
    page.close()


def changes(page, act):
    """Do something and wait until another picture is shown."""
    before = page.evaluate(SOURCE)
    act()
    page.wait_for_function(f"() => document.querySelector('.explorer-picture').src !== {json.dumps(before)}")


def control(page, kind, label):
    """The first control of a kind with this label that can be seen."""
    label = page.locator(".widget-label", has_text=re.compile(f"^{label}$"))
    return page.locator(f".widget-{kind}:visible", has=label).first


def press(page, label, key="ArrowRight"):
    control(page, "hslider", label).locator(".noUi-handle").focus()
    page.keyboard.press(key)


def drag(page, start, end):
    """Press on the picture at one place, and let go at another; fractions of its width and height."""
    box = page.locator(".place-picker").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=4)
    page.mouse.up()


def says(page, words):
    """The explorer shows code with these words, or will once the kernel has answered all that was asked."""
    expect(page.locator(".explorer-code textarea")).to_have_value(re.compile(re.escape(words)), timeout=PATIENCE)


def test_attention_is_steered_by_gain_class_a_click_and_a_box_on_the_picture(lab, browser):
    with run(browser, lab, "01_attention") as page:
        changes(page, lambda: press(page, "gain"))
        category = control(page, "text", "class").locator("input")
        changes(page, lambda: (category.fill("cross"), category.press("Enter"), category.blur()))
        cue = control(page, "dropdown", "cue")
        changes(page, lambda: cue.locator("select").select_option("class and place"))
        changes(page, lambda: page.locator(".place-picker").click(position={"x": 180, "y": 60}))
        says(page, "place=(0.75, 0.25)")
        changes(page, lambda: drag(page, (0.5, 0.25), (0.9, 0.75)))
        says(page, "box=(0.5, 0.25, 0.9, 0.75)")


def nameless(page):
    """Controls and pictures of the explorer that a screen reader could not tell."""
    heard = page.locator(".explorer").first.aria_snapshot().splitlines()
    return [line for line in heard if re.match(CONTROL, line.strip())]


def test_the_mix_moves_a_bistable_picture_and_every_control_has_a_name(lab, browser):
    with run(browser, lab, "02_bistable") as page:
        assert nameless(page) == []
        changes(page, lambda: press(page, "mix", "ArrowLeft"))
        changes(page, lambda: press(page, "gain"))


def test_the_stimulus_slider_leafs_through_a_record(lab, browser):
    with run(browser, lab, "03_records") as page:
        changes(page, lambda: press(page, "stimulus"))


def test_the_passes_are_moved_by_slider_gain_and_play(lab, browser):
    with run(browser, lab, "04_dynamics") as page:
        changes(page, lambda: press(page, "pass"))
        changes(page, lambda: press(page, "gain"))
        protocol = control(page, "dropdown", "protocol")
        changes(page, lambda: protocol.locator("select").select_option("hysteresis"))
        play = page.locator(".widget-play").first.locator("button")
        changes(page, lambda: play.first.click())
        for _ in range(2):  # the animation goes on by itself
            changes(page, lambda: None)


def test_severity_corruption_and_models_move_the_robustness_explorer(lab, browser):
    with run(browser, lab, "05_robustness") as page:
        changes(page, lambda: press(page, "severity"))
        corruption = control(page, "dropdown", "corruption")
        changes(page, lambda: corruption.locator("select").select_option("fog"))
        models = page.locator(".widget-select-multiple select")
        changes(page, lambda: models.select_option(["absvit_micro", "absvit_micro seed1"]))


def test_mechanisms_are_switched_on_one_picture(lab, browser):
    with run(browser, lab, "07_mechanisms") as page:
        mechanisms = page.locator(".widget-select-multiple select")
        changes(page, lambda: mechanisms.select_option(["evidence_gate", "spatial_gain"]))
        cue = control(page, "dropdown", "cue")
        changes(page, lambda: cue.locator("select").select_option("place"))
        changes(page, lambda: press(page, "gain"))
        says(page, "mechanisms = ['evidence_gate', 'spatial_gain']")
        shape = control(page, "dropdown", "shape")
        changes(page, lambda: shape.locator("select").select_option("brush"))
        painted = page.locator(".place-picker i.on").count()
        changes(page, lambda: drag(page, (0.02, 0.02), (0.98, 0.02)))  # the upper row of cells
        assert page.locator(".place-picker i.on").count() > painted
        says(page, "cells=((0, 0), (0, 1), (0, 2)")


def test_photographs_are_looked_at_by_words_and_suggestions(lab, browser):
    with run(browser, lab, "08_photographs") as page:
        buttons = page.locator(".explorer-suggestions button")
        changes(page, lambda: buttons.nth(2).click())
        word = control(page, "text", "or for").locator("input")
        changes(page, lambda: (word.fill(""), word.press("Enter"), word.blur()))
        changes(page, lambda: press(page, "gain"))


def test_people_stand_beside_observers_in_a_task_that_is_picked(lab, browser):
    with run(browser, lab, "10_people") as page:
        effect = control(page, "dropdown", "effect")
        changes(page, lambda: effect.locator("select").select_option("validity, accuracy"))
        task = control(page, "dropdown", "task")
        changes(page, lambda: task.locator("select").select_option("attention_network"))
        says(page, "PEOPLE['attention_network']")


def test_a_sentence_is_typed_and_its_reading_stands_under_it(lab, browser):
    with run(browser, lab, "11_words") as page:
        told = control(page, "text", "told").locator("input")
        changes(page, lambda: (told.fill("ignore the dog"), told.press("Enter"), told.blur()))
        page.wait_for_function("() => document.querySelector('.explorer-reading')?.innerText.includes('all but')")
        assert "“the dog” is nearest to" in page.locator(".explorer-reading").first.inner_text()
