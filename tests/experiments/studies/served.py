"""Studies with many lists, a server of one, and participants who answer as the page does."""

import asyncio
import json
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager

from small_study import about, png, trial

from experiments.studies.folder import write_study
from experiments.studies.server import ServerSettings, listen
from experiments.studies.store import Store


def long_study(folder, lists=5, trials=4):
    """A study of squares with so many lists; each begins with a page to show."""
    rows = [trial(k, "dark" if k % 2 else "light", "left" if k % 2 else "right") for k in range(1, trials + 1)]
    each = ({"list": k, "keys": {"left": "f", "right": "j"}, "trials": rows} for k in range(1, lists + 1))
    study = write_study(folder, about(name=folder.name), each, {"dark.png": png(30), "light.png": png(220)})
    (folder / "index.html").write_text("<!doctype html><title>A study</title>")
    return study


def answer(study, begun, number, /, **changes):
    """What the page sends of a trial, answered right."""
    given = study.list(begun["list"])
    one = given["trials"][number - 1]
    key = given["keys"].get(one["answer"], "")
    named = {name: one[name] for name in ("block", "phase", "trial", "item", "instruction", "answer", "factors")}
    return {
        "study": study.version, "participant": begun["participant"], "session": begun["session"],
        "list": begun["list"], **named, "response": one["answer"], "key": key, "rt": 400.0 + number, "correct": True,
        "onsets": [0.0, 101.0], "planned": [0.0, 100.0], "onset_error": 1.0, "missed_frames": 0,
        "degrees_per_pixel": 0.02, "fullscreen": True, "time": f"2026-01-01T10:00:{number:02}.000Z", "place": None,
        **changes,
    }  # fmt: skip


class Page:
    """What a participant's browser asks of a server, an address with its token."""

    def __init__(self, address):
        self.root, _, self.token = address.partition("?")

    def ask(self, path, sent=None, **headers):
        """Status and JSON, or the bytes of what is no JSON."""
        data = None if sent is None else sent if isinstance(sent, bytes) else json.dumps(sent).encode()
        request = urllib.request.Request(f"{self.root}{path}?{self.token}", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                status, body = reply.status, reply.read()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read()
        try:
            return status, json.loads(body)
        except ValueError:
            return status, body

    def begin(self, participant):
        return self.ask("begin", {"participant": participant})

    def send(self, begun, row):
        return self.ask(f"data/{begun['session']}", row)


@contextmanager
def serving(study, settings=None, change=lambda store: None):
    """A server in a thread of its own; yields its address."""
    settings, held, up = settings or ServerSettings(port=0), {}, threading.Event()

    async def serve():
        store = Store(study)
        change(store)
        server, port = listen(store, settings)
        held.update(port=port, token=settings.token or store.token, end=asyncio.Event())
        held["loop"] = asyncio.get_running_loop()
        up.set()
        await held["end"].wait()
        server.stop()
        await server.close_all_connections()
        store.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert up.wait(20)
    try:
        yield f"http://127.0.0.1:{held['port']}/?token={held['token']}"
    finally:
        held["loop"].call_soon_threadsafe(held["end"].set)
        thread.join()
