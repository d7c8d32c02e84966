"""Libraries that the page of a study loads: which, of which version, and where they come from.

They are pinned by version and content: a browser runs none whose SHA-384 is another (Subresource Integrity,
W3C 2016), whether it comes from a content delivery network or lies beside the page.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pooch

from stimuli.foundation.files import write_whole

__all__ = ["CDN", "FOLDER", "LIBRARIES", "Library", "copied", "policy", "tags"]

CDN = "https://cdn.jsdelivr.net"
FOLDER = "libraries"
PATIENCE = 300  # s for npm


@dataclass(frozen=True)
class Library:
    """A file of an npm package.

    Parameters
    ----------
    package : name of the package.
    version : of the package.
    file : path in it.
    sha384 : digest of the file, in base 64.
    """

    package: str
    version: str
    file: str
    sha384: str

    @property
    def published(self) -> str:
        """The package as npm calls it."""
        return f"{self.package}@{self.version}"

    @property
    def address(self) -> str:
        """Where the content delivery network has it."""
        return f"{CDN}/npm/{self.published}/{self.file}"

    @property
    def name(self) -> str:
        """Name of its copy beside the page."""
        return f"{self.package.rpartition('/')[2]}-{self.version}{Path(self.file).suffix}"

    def check(self, content: bytes, whence: object) -> bytes:
        """Give the content if it is the pinned one; a ValueError says that it is not."""
        if base64.b64encode(hashlib.sha384(content).digest()).decode() != self.sha384:
            raise ValueError(
                f"{whence} is not {self.file} of {self.package} {self.version} as it was published: get it again"
            )
        return content


LIBRARIES = (  # in the order in which they are loaded
    Library("jspsych", "8.3.0", "dist/index.browser.min.js",
            "PPMNzYQfqrWFhrOxhpwxXmKK+LDH//fBCLsvA/JIRHOfiuOcZ2j8wJhqo87V4R4B"),
    Library("jspsych", "8.3.0", "css/jspsych.css",
            "+gGUkbtw2BJWSroKW2jzIEXGe7KxdycJ0Bo+CqzpIOSBHOYEHHRWETaV+v2mpdWX"),
    Library("@jspsych/plugin-browser-check", "2.1.0", "dist/index.browser.min.js",
            "Gl0MJHqvNsA2o6d5nmuYB+ZkBYb4rJxX2mchuwVS9FkG2umKfV0eVflpWbKMdy/f"),
    Library("@jspsych/plugin-fullscreen", "2.1.0", "dist/index.browser.min.js",
            "JQEV9wMXFDbTpp1eYJSU9G7uQeyZcLGabno5ZHQJGytUBG19mTZ+ZBV5dsm7m6Mf"),
    Library("@jspsych/plugin-instructions", "2.1.0", "dist/index.browser.min.js",
            "wjSYNsw41Zo3TlpW5giDpSwTK0q3Un1NGPsh6gEqlAAKamdt7+TQ5gAL4dat+lT1"),
    Library("@jspsych/plugin-preload", "2.1.0", "dist/index.browser.min.js",
            "BiUYHx4tdTYToceth936qf4Wkf+Ho2VZti/5bB5/nDiPRuTaZ37hrxkLsANkHGdp"),
    Library("@jspsych/plugin-virtual-chinrest", "3.1.0", "dist/index.browser.min.js",
            "5ydHDiinI8s/5e4XsUa9BFojC1jXRzPLCU8R5eBZ49kHLCLv4+d3cwZiV0npNnSZ"),
    Library("markdown-it", "15.0.3", "dist/browser/markdown-it.umd.min.js",
            "ARStLecQmtLYjBgfD3+w+irhiSoLTnFk/ne6c0gRWQKQtC9791ZLMQ9D3OaBISt3"),
)  # fmt: skip


def tags(offline: bool) -> str:
    """Give the lines of HTML that load the libraries, from beside the page where ``offline``."""
    return "\n".join(_tag(library, offline) for library in LIBRARIES)


def _tag(library: Library, offline: bool) -> str:
    where = escape(f"{FOLDER}/{library.name}" if offline else library.address)
    checked = f'integrity="sha384-{library.sha384}" crossorigin="anonymous"'
    if library.name.endswith(".css"):
        return f'<link rel="stylesheet" href="{where}" {checked}>'
    return f'<script defer src="{where}" {checked}></script>'


def policy(offline: bool) -> str:
    """Give the page's Content-Security-Policy: scripts are its own and the libraries, none is written into it."""
    others = "" if offline else f" {CDN}"
    return (
        f"default-src 'self'; script-src 'self'{others}; style-src 'self' 'unsafe-inline'{others}; "
        f"font-src 'self' data:{others}; img-src 'self' data: blob:; worker-src 'self' blob:; "
        "connect-src 'self' https://pipe.jspsych.org"
    )


def copied(given: Path | None = None) -> dict[str, bytes]:
    """Get the libraries' files for a page without network.

    Parameters
    ----------
    given : folder that holds them: one in which npm installed the packages, or the ``libraries`` of another
        study; npm fetches what the cache lacks, if left out.

    Returns
    -------
    Contents by the name of the copy.

    Raises
    ------
    FileNotFoundError : the folder lacks a library; there is no npm, or it cannot fetch them.
    ValueError : a file is another than the pinned one.
    """
    if given is None:
        given = _cache()
    found = {library: _found(library, Path(given)) for library in LIBRARIES}
    if lacking := [library for library, path in found.items() if path is None]:
        named = f"{lacking[0].file} of {lacking[0].package} {lacking[0].version}"
        raise FileNotFoundError(
            f"{given} lacks {named}: run there npm install {' '.join(_packages())}, or leave out --libraries"
        )
    return {library.name: library.check(path.read_bytes(), path) for library, path in found.items()}


def _found(library: Library, folder: Path) -> Path | None:
    places = [folder / library.name, *(folder / at / library.package / library.file for at in ("node_modules", ""))]
    return next((path for path in places if path.is_file()), None)


def _packages(libraries: Sequence[Library] = LIBRARIES) -> list[str]:
    return list(dict.fromkeys(library.published for library in libraries))


def _cache() -> Path:
    """The folder of the user's cache that holds the libraries; npm fetches them where it does not."""
    # where checkpoints are kept, too; what says so loads torch
    folder = Path(os.environ.get("ABSVIT_CACHE") or pooch.os_cache("absvit")) / "page_libraries"
    if lacking := [library for library in LIBRARIES if not (folder / library.name).is_file()]:
        contents = _fetched(lacking)
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            write_whole(folder / name, content, shared=True)
    return folder


def _fetched(libraries: Sequence[Library]) -> dict[str, bytes]:
    """Have npm fetch the packages of libraries, none of whose scripts is run."""
    npm = shutil.which("npm")
    instead = "install Node.js (nodejs.org), give --libraries FOLDER, or write the study without --offline"
    if npm is None:
        raise FileNotFoundError(f"there is no npm here to fetch the page's libraries: {instead}")
    with tempfile.TemporaryDirectory() as held:
        words = [npm, "pack", *_packages(libraries), "--silent", "--ignore-scripts", "--pack-destination", held]
        try:
            done = subprocess.run(words, capture_output=True, text=True, cwd=held, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise FileNotFoundError(f"npm gave no answer in {PATIENCE} s: {instead}") from None
        if done.returncode:
            why = " ".join(done.stderr.split())[:300] or f"exit code {done.returncode}"
            raise FileNotFoundError(f"npm cannot fetch the page's libraries ({why}): {instead}")
        return {library.name: _unpacked(library, Path(held)) for library in libraries}


def _unpacked(library: Library, folder: Path) -> bytes:
    """A library's file of the package that npm put into a folder."""
    path = folder / f"{library.package.removeprefix('@').replace('/', '-')}-{library.version}.tgz"
    with tarfile.open(path) as archive:
        return library.check(archive.extractfile(f"package/{library.file}").read(), path.name)
