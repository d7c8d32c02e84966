"""The store of a study's server: who has which list, and every trial on disk before it is acknowledged.

It is one SQLite file in WAL mode with ``synchronous=FULL``: a commit returns after its log was flushed to the
disk, so that what was acknowledged outlives a killed program and a machine that loses power. SQLite rather
than appended lines, because the two promises are its constraints, kept in the same commit as the data: a
list belongs to one participant, a trial of a session is stored once; because a full disk leaves no torn line;
and because it can be read while the server writes. WAL needs a local disk, no network share.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from experiments.studies.folder import Study

__all__ = ["DATA", "FILE", "Begun", "NoList", "Store", "StoreFull", "Unfit", "Unknown", "stored"]

DATA, FILE = "data", "trials.sqlite"
PATIENCE = 10  # s that a second program may hold the file
HOUR = 3600.0
TABLES = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (
    session TEXT PRIMARY KEY, participant TEXT NOT NULL, list INTEGER NOT NULL, begun REAL NOT NULL,
    heard REAL NOT NULL, opened INTEGER NOT NULL DEFAULT 1, given_up INTEGER NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX IF NOT EXISTS one_a_list ON sessions (list) WHERE NOT given_up;
CREATE UNIQUE INDEX IF NOT EXISTS one_a_participant ON sessions (participant) WHERE NOT given_up;
CREATE TABLE IF NOT EXISTS received (
    number INTEGER PRIMARY KEY, session TEXT NOT NULL REFERENCES sessions, place TEXT NOT NULL,
    digest TEXT NOT NULL, at REAL NOT NULL, body TEXT NOT NULL, UNIQUE (session, place, digest));
"""  # place: "trial 7", or "page" for what is no trial


class NoList(Exception):
    """No list is left, or the participant's was given to another; the message is for the participant."""


class StoreFull(Exception):
    """It could not be written; the message is for the participant."""


class Unknown(Exception):
    """There is no such session."""


class Unfit(Exception):
    """A row that cannot be one of this study."""


@dataclass(frozen=True)
class Begun:
    """What a participant gets.

    Parameters
    ----------
    participant : who it is.
    session : of this participant, the same after a reload.
    list : number of the list.
    done : trials of it that are stored.
    """

    participant: str
    session: str
    list: int
    done: tuple[int, ...]


class Store:
    """The answers of a study.

    Parameters
    ----------
    study : whose folder holds the file, in ``data``.
    now : the time in s since 1970; a test's own clock.

    Raises
    ------
    ValueError : the study is not the one that the stored data came from, or the file is none.
    PermissionError : nothing can be written there.
    """

    def __init__(self, study: Study, now: Callable[[], float] = time.time) -> None:
        self.study, self.now = study, now
        folder = study.folder / DATA
        try:
            folder.mkdir(exist_ok=True)
            self.file = sqlite3.connect(folder / FILE, timeout=PATIENCE, isolation_level=None)
            self.file.execute("PRAGMA journal_mode=WAL")
            self.file.execute("PRAGMA synchronous=FULL")
            self.file.executescript(TABLES)
            self._settle()
        except (OSError, sqlite3.OperationalError, StoreFull) as error:
            why = error.__cause__ or error
            told = f"nothing can be written in {folder} ({why}): put the study where it can"
            raise PermissionError(told) from error
        except sqlite3.DatabaseError as error:
            told = f"{folder / FILE} is no store of answers ({error}): move it elsewhere"
            raise ValueError(told) from error

    def _settle(self) -> None:
        """Note which study the data are of; data that are there must be of this very one."""
        with self._commit():
            for name, value in (("version", self.study.version), ("token", secrets.token_urlsafe(12))):
                self.file.execute("INSERT OR IGNORE INTO facts VALUES (?, ?)", (name, value))
            if (former := self._fact("version")) == self.study.version:
                return
            if self._one("SELECT count(*) FROM sessions"):
                raise ValueError(
                    f"{self.study.folder} has changed since its first participant: the data are of version "
                    f"{former}, it is {self.study.version} now; put it back, or move {DATA} elsewhere"
                )
            self.file.execute("UPDATE facts SET value = ? WHERE name = 'version'", (self.study.version,))

    @property
    def token(self) -> str:
        """What addresses carry: drawn once for each study, so that open pages outlive a restart."""
        return self._fact("token")

    def begin(self, participant: str = "", again_after: float | None = None) -> Begun:
        """Give a participant a list, or the one that they have.

        Lists are handed out in their order, each once. A list whose participant has not finished it goes to
        another only where ``again_after`` asks for it; what the former participant sent, and still sends, is
        kept, but their session is closed to ``begin``.

        Parameters
        ----------
        participant : code of the participant; a new one is made if empty.
        again_after : hours without any word from a participant after which the list is handed out again, once
            no other is left.

        Raises
        ------
        NoList : none is left.
        StoreFull : it cannot be written.
        """
        participant = participant or f"anonymous-{uuid.uuid4().hex[:8]}"
        mine = "SELECT session, list FROM sessions WHERE participant = ? AND NOT given_up"
        with self._commit():
            if known := self.file.execute(mine, (participant,)).fetchone():
                said = "UPDATE sessions SET opened = opened + 1, heard = ? WHERE session = ?"
                self.file.execute(said, (self.now(), known[0]))
                return Begun(participant, *known, self._done(known[0]))
            if self._one("SELECT count(*) FROM sessions WHERE participant = ?", participant):
                raise NoList("You were away for long, and your place was given to somebody else. Thank you.")
            number, session = self._free(again_after), str(uuid.uuid4())
            new = "INSERT INTO sessions (session, participant, list, begun, heard) VALUES (?, ?, ?, ?, ?)"
            self.file.execute(new, (session, participant, number, self.now(), self.now()))
        return Begun(participant, session, number, ())

    def _free(self, again_after: float | None) -> int:
        """The first list that nobody has; one that was abandoned, where that is asked for."""
        taken = {number for (number,) in self.file.execute("SELECT list FROM sessions WHERE NOT given_up")}
        if free := sorted({*range(1, self.study.lists + 1)} - taken):
            return free[0]
        for number, session in () if again_after is None else self._silent(again_after):
            if {one["trial"] for one in self.study.list(number)["trials"]} - {*self._done(session)}:
                self.file.execute("UPDATE sessions SET given_up = 1 WHERE session = ?", (session,))
                return number
        raise NoList(f"All {self.study.lists} places of this study are taken. Thank you for your interest.")

    def _silent(self, hours: float) -> list[tuple[int, str]]:
        """Lists of which nothing was heard for so long, the longest first."""
        which = "SELECT list, session FROM sessions WHERE NOT given_up AND heard < ? ORDER BY heard"
        return self.file.execute(which, (self.now() - hours * HOUR,)).fetchall()

    def save(self, session: str, row: dict) -> int:
        """Put a row of data on disk.

        The same row of a session twice is stored once. Another answer to the same trial is stored beside the
        first, which counts.

        Returns
        -------
        How many trials of the session are stored.

        Raises
        ------
        Unknown : there is no such session.
        Unfit : the row is of another version of the study, or tells no trial.
        StoreFull : it cannot be written; nothing of it is stored.
        """
        place, body = self._place(row), json.dumps(row, sort_keys=True)
        entry = (session, place, sha256(body.encode()).hexdigest(), self.now(), body)
        with self._commit():
            if not self._one("SELECT count(*) FROM sessions WHERE session = ?", session):
                raise Unknown(f"there is no session {session!r} of this study: open its address again")
            into = "INSERT OR IGNORE INTO received (session, place, digest, at, body) VALUES (?, ?, ?, ?, ?)"
            self.file.execute(into, entry)
            self.file.execute("UPDATE sessions SET heard = ? WHERE session = ?", (self.now(), session))
        return len(self._done(session))

    def _place(self, row: dict) -> str:
        if row.get("study", self.study.version) != self.study.version:
            version = f"version {self.study.version} of the study, not {row['study']!r}"
            raise Unfit(f"this is {version}: open it again")
        if row.get("phase") == "page":
            return "page"
        if type(trial := row.get("trial")) is not int:
            raise Unfit(f"a row of data has the number of its trial, got {trial!r}")
        return f"trial {trial}"

    def close(self) -> None:
        """Leave the file; another can be opened on it."""
        self.file.close()

    def _done(self, session: str) -> tuple[int, ...]:
        return _done(self.file, session)

    def _one(self, query: str, *values: object) -> int:
        return self.file.execute(query, values).fetchone()[0]

    def _fact(self, name: str) -> str:
        return self.file.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()[0]

    @contextmanager
    def _commit(self) -> Iterator[None]:
        """All of it on disk at the end, or nothing of it."""
        try:
            self.file.execute("BEGIN IMMEDIATE")
            yield
            self.file.execute("COMMIT")
        except sqlite3.OperationalError as error:
            self._undo()
            raise StoreFull(
                f"Your answer could not be saved ({error}). Leave this page open, and call the experimenter."
            ) from error
        except BaseException:
            self._undo()
            raise

    def _undo(self) -> None:
        if self.file.in_transaction:
            self.file.execute("ROLLBACK")


def _done(file: sqlite3.Connection, session: str) -> tuple[int, ...]:
    """Trials of a session that are stored."""
    which = "SELECT DISTINCT place FROM received WHERE session = ? AND place != 'page'"
    return tuple(sorted(int(place.split()[1]) for (place,) in file.execute(which, (session,))))


def stored(path: Path) -> tuple[list[dict], list[dict]]:
    """Read a store, also while its server writes.

    Parameters
    ----------
    path : the file; what a killed server left lies beside it (``-wal``) and belongs to it.

    Returns
    -------
    Sessions (study: its version, session, participant, list, begun and heard in s since 1970, opened: how
    often the page was, given_up: whether the list went to another) and rows of data, both in the order in
    which they came.

    Raises
    ------
    ValueError : it is no such store, or cannot be read.
    """
    named = ("session", "participant", "list", "begun", "heard", "opened", "given_up")
    try:
        address = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=PATIENCE)) as file:
            (version,) = file.execute("SELECT value FROM facts WHERE name = 'version'").fetchone()
            found = file.execute(f"SELECT {', '.join(named)} FROM sessions ORDER BY begun, rowid").fetchall()
            rows = file.execute("SELECT session, body FROM received ORDER BY number").fetchall()
        sessions = [{"study": version, **dict(zip(named, row, strict=True))} for row in found]
        whose = ("study", "participant", "list")
        of = {one["session"]: {name: one[name] for name in whose} for one in sessions}
        return sessions, [{**of[session], **json.loads(body), "session": session} for session, body in rows]
    except (sqlite3.Error, ValueError, TypeError) as error:
        raise ValueError(f"{path} cannot be read as a store of answers ({error})") from error
