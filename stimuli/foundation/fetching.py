"""Fetch a file once, and verify its SHA-256 whenever it is used again.

It lies in the lowest package because weights and people's trials are fetched alike.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import pooch

from stimuli.foundation.addresses import without_credentials
from stimuli.foundation.files import file_sha256, whole, write_whole

__all__ = ["cache_folder", "cached_path", "fetch", "fetch_published", "is_url", "nameable"]

TIMEOUT = 30  # seconds without an answer
RANGE_NOT_SATISFIABLE = 416  # of HTTP
LONGEST_NAME, LONGEST_PATH = 255, 4000  # bytes, of the common file systems; what is written beside needs room
KEPT_OF_NAME = 150  # bytes of an address's file name; what is put around it needs room


def is_url(source: str | os.PathLike) -> bool:
    """Tell a web address from a path."""
    return str(source).lower().startswith(("https://", "http://"))


def nameable(path: str | os.PathLike) -> Path:
    """Refuse a path that no file can have, before the system does in words that say less.

    Such a path holds a null byte, or is, or has a name, longer than file systems take.
    """
    path = Path(path)
    if "\0" in str(path):
        raise ValueError(f"a file's name cannot hold a null byte, as {str(path)[:100]!r} does; check the path")
    longest = max(path.parts, key=lambda part: len(os.fsencode(part)), default="")
    if (length := len(os.fsencode(longest))) > LONGEST_NAME:
        raise ValueError(
            f"a file's name takes {LONGEST_NAME} bytes at most, and {longest[:40]}... has {length}; check the path"
        )
    if (length := len(os.fsencode(path))) > LONGEST_PATH:
        raise ValueError(f"a path takes {LONGEST_PATH} bytes at most, and {str(path)[:40]}... has {length}; check it")
    return path


def cache_folder() -> Path:
    """Give the folder that keeps downloads: the environment variable ABSVIT_CACHE, else the user's cache."""
    return Path(os.environ.get("ABSVIT_CACHE") or pooch.os_cache("absvit"))


def cached_path(url: str) -> Path:
    """Give the place of a URL's file in the cache, whether it is there or not.

    Eight digits of the URL's own SHA-256 stand before the file name, so that equal names do not meet; the
    user and password in a URL have no part in it.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError(f"{without_credentials(url)} is no address ({error}); check it") from error
    host = parts.netloc.rpartition("@")[2].lower()
    address = urlunsplit(parts._replace(scheme=parts.scheme.lower(), netloc=host))
    name = re.sub(r"[\x00-\x1f\x7f]", "_", Path(unquote(parts.path)).name) or "download"
    name = name.encode(errors="replace")[-KEPT_OF_NAME:].decode(errors="ignore")
    return cache_folder() / f"{hashlib.sha256(address.encode()).hexdigest()[:8]}-{name}"


def fetch(url: str, sha256: str | None = None, check: Callable[[Path], object] | None = None) -> Path:
    """Give the local copy of a URL, downloaded if it is not in the cache.

    The SHA-256 is recorded in a JSON file beside the copy at its first use, and checked from then on. A file
    that was put at :func:`cached_path` by hand is taken as it is, and recorded likewise.

    Parameters
    ----------
    url : address of the file.
    sha256 : expected SHA-256; None takes the recorded one, or any at first use.
    check : called with the path of a new download; raises ValueError where the content is not what is
        wanted (a server's error page, say), and the download is then thrown away.

    Returns
    -------
    Path of the copy.

    Raises
    ------
    FileNotFoundError : the file is not cached and cannot be fetched; says where to put it by hand.
    ValueError : the SHA-256 is not the expected one; says both.
    """
    path = cached_path(url)
    new = not path.exists()
    if new:
        _download(url, path)
    try:
        if new and check is not None:
            check(path)
        _verify(url, path, sha256)
    except ValueError:
        if new:
            path.unlink()
        raise
    return path


def _download(url: str, path: Path) -> None:
    downloader = pooch.HTTPDownloader(progressbar=True, timeout=TIMEOUT)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path, sync=True, shared=True) as part:
            downloader(url, str(part), None)
    except (OSError, ValueError) as error:  # requests' errors are OSErrors; what is no address, a ValueError
        shown = without_credentials(url)
        raise FileNotFoundError(
            f"{path.name} is not cached and {shown} cannot be fetched ({_first_line(error)}). Fetch the file "
            f"elsewhere and put it at {path} (the environment variable ABSVIT_CACHE moves that folder)"
        ) from error


def fetch_published(url: str, path: Path, sha256: str) -> Path:
    """Download a file whose SHA-256 is published to a place of its own, going on where a download was cut off.

    What has come is kept beside it, ``.NAME.part``. A server that knows nothing of ranges sends all again,
    and a part that does not fit what follows is fetched anew, once.

    Parameters
    ----------
    url : address of the file.
    path : where it goes.
    sha256 : what it must be.

    Returns
    -------
    Path of the file.

    Raises
    ------
    OSError : it cannot be fetched, or not be written.
    ValueError : what the address gives is another file; both SHA-256 are said, and nothing is kept.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    if part.exists() and (not _go_on(url, part) or file_sha256(part) != sha256):
        part.unlink()
    if not part.exists():
        _go_on(url, part)
    if (found := file_sha256(part)) != sha256:
        part.unlink()
        raise ValueError(
            f"SHA-256 of {without_credentials(url)} is {found}, but {sha256} was published: it is another version, "
            f"and not kept; find the published one, and put it at {path}"
        )
    os.replace(part, path)
    return path


def _go_on(url: str, part: Path) -> bool:
    """Append what is lacking; False where the server has no such range."""
    ranged = {"Range": f"bytes={part.stat().st_size}-"} if part.exists() else {}
    headers = {"Accept-Encoding": "identity", **ranged}  # the bytes of the file itself
    with open(part, "ab") as file:
        try:
            pooch.HTTPDownloader(timeout=TIMEOUT, headers=headers)(url, file, None)
        except OSError as error:
            if not file.tell():
                part.unlink()
            if getattr(getattr(error, "response", None), "status_code", None) == RANGE_NOT_SATISFIABLE:
                return False
            raise
    return True


def _verify(url: str, path: Path, sha256: str | None) -> None:
    note = path.with_name(path.name + ".json")
    recorded = _recorded(note)
    found = file_sha256(path)
    expected = (sha256 or recorded or found).lower()
    if found != expected:
        origin = "asked for" if sha256 else f"recorded in {note} at first use"
        raise ValueError(
            f"SHA-256 of {path} is {found}, but {expected} was {origin}; delete the file to fetch it anew, "
            "or find out why it changed"
        )
    if recorded != found:
        text = json.dumps({"url": without_credentials(url), "sha256": found}, indent=2) + "\n"
        write_whole(note, text, sync=True, shared=True)


def _recorded(note: Path) -> str | None:
    try:
        return json.loads(note.read_text())["sha256"]
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{note} does not hold a recorded SHA-256; delete it to record anew") from error


def _first_line(error: Exception) -> str:
    return without_credentials((str(error).splitlines() or [type(error).__name__])[0])[:200]
