"""Provenance: where a record comes from, as its attributes."""

from __future__ import annotations

import json
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from stimuli.foundation.addresses import without_credentials

__all__ = ["provenance"]

VERSIONS_OF = ("torch", "timm", "xarray", "numpy", "zarr")


def provenance(title: str, seed: int, parameters: Mapping, device: str) -> dict[str, str | int]:
    """Say where a record comes from, as attributes.

    Parameters
    ----------
    title : what the record is.
    seed : seed of the stimuli.
    parameters : JSON-serialisable parameters of the experiment.
    device : where the model ran.

    Returns
    -------
    title, seed, parameters (JSON), device, machine, package_version, git_commit ("" outside a checkout),
    command, versions (JSON) and created (UTC).

    Examples
    --------
    >>> sorted(absvit.records.provenance("A test", seed=0, parameters={}, device="cpu"))[:4]
    ['command', 'created', 'device', 'git_commit']
    """
    return {
        "title": title,
        "seed": seed,
        "parameters": without_credentials(json.dumps(parameters, sort_keys=True)),
        "device": device,
        "machine": f"{platform.system()} {platform.machine()}",
        "package_version": metadata.version("absvit"),
        "git_commit": _git_commit(),
        "command": without_credentials(_command()),
        "versions": json.dumps({name: metadata.version(name) for name in VERSIONS_OF}),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _command() -> str:
    """The command line of this process, as it can be given again."""
    specification = getattr(sys.modules["__main__"], "__spec__", None)
    if specification is None:
        return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    return shlex.join(["python", "-m", specification.name.removesuffix(".__main__"), *sys.argv[1:]])


def _git_commit() -> str:
    """Commit of the checkout that this file lies in, with a plus where it has been changed since."""
    here = Path(__file__).parent
    try:
        text = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*"],
            cwd=here, capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return text.stdout.strip()
