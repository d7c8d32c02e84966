"""The server of a study: its page, a list for each participant, and their answers into the store.

It is tornado, which comes with JupyterLab, so that a laboratory installs nothing more. One process, one
thread: answers are written one after the other, each on disk before it is acknowledged.

- ``GET /?participant=CODE``: the page; ``study.json`` says that data go to the server.
- ``POST /begin {"participant", "study"}`` -> ``{"participant", "session", "list", "done": [trial]}``; the
  same after a reload.
- ``POST /data/SESSION`` a row as JSON -> ``{"saved": n}``, n trials of the session are on disk.

Whatever is asked carries the study's token, as ``?token=`` or as the cookie that the page sets. Refusals
are ``{"error": text}``, or the text alone where a page or file was asked for; the text is for the
participant. 403 without the token, 404 for a session that is not of this study, 409 where no list is left or
the study is of another version, 413 for rows that are too large, 507 where the disk is full. Neither data nor
stimuli nor anything outside the study can be fetched.
"""

from __future__ import annotations

import asyncio
import errno
import hmac
import json
import socket
import sys
from collections.abc import Awaitable
from dataclasses import dataclass
from urllib.parse import urlencode

from tornado import httpserver, netutil, web

from experiments.studies.folder import PICTURES, STUDY
from experiments.studies.hosting import PAGE, is_public
from experiments.studies.store import NoList, Store, StoreFull, Unfit, Unknown

__all__ = ["ServerSettings", "addresses", "application", "listen", "serve"]

ROW_LIMIT = 256 * 1024  # bytes of a row
BODY_LIMIT = 4 * ROW_LIMIT  # bytes after which a connection is cut, nothing said
NO_TOKEN = "This address is not complete: please open the one that the experimenter gave you."
TOO_LARGE = f"A row of data holds at most {ROW_LIMIT // 1024} KiB."
CODE_LIMIT = 200  # signs of a participant's code
DAY = 86400  # s that a browser keeps pictures, which are named by what they hold
STATUS = {NoList: 409, StoreFull: 507, Unfit: 409, Unknown: 404}


@dataclass(frozen=True)
class ServerSettings:
    """How a study is served.

    Parameters
    ----------
    port
        Port that the server listens at; 0 is any that is free.
    address
        Where it listens: 127.0.0.1 is this computer alone, 0.0.0.0 whoever can reach it.
    token
        Word without which nobody gets the study; one is drawn for each study, if left out.
    again_after
        Hours without a word from a participant who has not finished, after which their list is handed out
        again once no other is left; never, if left out.
    """

    port: int = 8000
    address: str = "127.0.0.1"
    token: str = ""
    again_after: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.port < 2**16:
            raise ValueError(f"a port is 0 to 65535, got {self.port}")
        if self.again_after is not None and not self.again_after > 0:
            raise ValueError(f"again-after is a number of hours above 0, got {self.again_after}")


class _Refused(Exception):
    """Why not, by status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class _Guarded(web.RequestHandler):
    """What only those get who know the token."""

    def initialize(self, store: Store, settings: ServerSettings) -> None:
        self.store, self.served = store, settings

    def prepare(self) -> None:
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")
        token = self.served.token or self.store.token
        given = self.get_query_argument("token", "") or self.get_cookie(self._cookie, "")
        if not hmac.compare_digest(given.encode(), token.encode()):
            raise _Refused(403, NO_TOKEN)
        if self.get_query_argument("token", ""):
            self.set_cookie(self._cookie, token, httponly=True, samesite="Strict")

    @property
    def _cookie(self) -> str:
        """A name of this study: cookies are the same at all ports of a computer."""
        return f"study-{self.store.study.version}"

    def write_error(self, status_code: int, **given: object) -> None:
        error = given.get("exc_info", (None, None))[1]
        if isinstance(error, REFUSALS):
            self.set_status(error.status if isinstance(error, _Refused) else STATUS[type(error)])
        text = str(error) if isinstance(error, REFUSALS) else self._reason
        if self.request.method == "POST":
            self.finish({"error": text})
        else:  # in a participant's window
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.finish(text)

    def log_exception(self, kind: type, error: BaseException, traceback: object) -> None:
        if isinstance(error, StoreFull):
            print(f"error: {error.__cause__}", file=sys.stderr)  # the experimenter must know at once
        elif not isinstance(error, REFUSALS):
            super().log_exception(kind, error, traceback)

    def json(self) -> dict:
        """The object that was sent."""
        if len(self.request.body) > ROW_LIMIT:
            raise _Refused(413, TOO_LARGE)
        try:
            sent = json.loads(self.request.body)
        except ValueError:
            raise _Refused(400, "Expected an object as JSON, and this is no JSON.") from None
        if not isinstance(sent, dict):
            raise _Refused(400, f"Expected an object as JSON, got {type(sent).__name__}.")
        return sent


class _Begin(_Guarded):
    def post(self) -> None:
        sent, study = self.json(), self.store.study
        if (version := sent.get("study", study.version)) != study.version:
            raise _Refused(409, f"The study is version {study.version} now, not {version}: reload the page.")
        if len(code := str(sent.get("participant") or "")) > CODE_LIMIT:
            raise _Refused(400, f"A participant's code has at most {CODE_LIMIT} signs.")
        begun = self.store.begin(code, self.served.again_after)
        self.finish({**vars(begun), "done": list(begun.done)})


class _Data(_Guarded):
    def post(self, session: str) -> None:
        self.finish({"saved": self.store.save(session, self.json())})


class _About(_Guarded):
    def get(self) -> None:
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps({**self.store.study.about, "hosting": "server"}, ensure_ascii=False))


class _Files(_Guarded, web.StaticFileHandler):
    def initialize(self, store: Store, settings: ServerSettings) -> None:
        _Guarded.initialize(self, store, settings)
        web.StaticFileHandler.initialize(self, path=store.study.folder, default_filename=PAGE)

    def get(self, path: str, include_body: bool = True) -> Awaitable[None]:
        if path and not is_public(path):
            raise _Refused(404, "There is no such file of this study.")
        return super().get(path or PAGE, include_body)

    def get_cache_time(self, path: str, modified: object, mime_type: str) -> int:
        return DAY if path.startswith(PICTURES) else 0


REFUSALS = (*STATUS, _Refused)


def application(store: Store, settings: ServerSettings) -> web.Application:
    """Give the application that answers for a study."""
    given = {"store": store, "settings": settings}
    return web.Application(
        [(r"/begin", _Begin, given), (r"/data/([^/]+)", _Data, given), (f"/{STUDY}", _About, given),
         (r"/(.*)", _Files, given)],
        log_function=lambda handler: None,
    )  # fmt: skip


def listen(store: Store, settings: ServerSettings) -> tuple[httpserver.HTTPServer, int]:
    """Begin to listen, on the running loop.

    Returns
    -------
    The server, and its port.

    Raises
    ------
    ValueError : the port is taken, or the address is none of this computer.
    """
    try:
        sockets = netutil.bind_sockets(settings.port, settings.address, family=socket.AF_UNSPEC)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ValueError(f"port {settings.port} is taken: name another (--port), or 0") from error
        raise ValueError(
            f"cannot listen at {settings.address} port {settings.port} ({error.strerror or error})"
        ) from error
    limits = {"max_buffer_size": BODY_LIMIT, "max_body_size": BODY_LIMIT}
    server = httpserver.HTTPServer(application(store, settings), **limits)
    server.add_sockets(sockets)
    return server, sockets[0].getsockname()[1]


def addresses(store: Store, settings: ServerSettings, port: int) -> list[str]:
    """Give the address to open, and one for each list's participant: p01, p02 ..."""
    host = socket.gethostname() if settings.address in ("0.0.0.0", "::", "") else settings.address
    root = f"http://{f'[{host}]' if ':' in host else host}:{port}/?"
    number, given = store.study.lists, {"token": settings.token or store.token}
    codes = [f"p{one:0{max(2, len(str(number)))}}" for one in range(1, number + 1)]
    return [root + urlencode(given | more) for more in ({}, *({"participant": code} for code in codes))]


def serve(store: Store, settings: ServerSettings) -> None:
    """Serve a study until it is interrupted; prints the addresses, one a line."""
    asyncio.run(_serve(store, settings))


async def _serve(store: Store, settings: ServerSettings) -> None:
    _, port = listen(store, settings)
    first, *others = addresses(store, settings, port)
    lines = [f"the study:        {first}", "or, one a participant:", *others, "Ctrl-C ends it."]
    print(*lines, sep="\n", flush=True)
    await asyncio.Event().wait()
