"""The feature cache: what the frozen stem makes of every composite, computed once and kept on disk.

A folder of ``cache.json``, which says of which stem, transform and pictures the features are, and one array
file for every 512 composites. Array files appear whole or not at all, so that an interrupted building goes on
where it was.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from absvit.distributed import Process, wait_for_all
from absvit.records.differences import differences
from stimuli.foundation.files import whole, write_whole

__all__ = ["FeatureCache", "build", "open_cache"]

SHARD = 512  # composites in a file, 22 MB at 14 x 14 tokens
AT_ONCE = 32  # images that go through the stem together
STALE = 600  # seconds after which a file that is being written is nobody's


@dataclass(frozen=True, eq=False)
class FeatureCache:
    """Features of composites on disk.

    Parameters
    ----------
    folder : where they are.
    n : number of composites.
    shape : channel, token_y and token_x of the features.
    """

    folder: Path
    n: int
    shape: tuple[int, int, int]

    @property
    def n_shards(self) -> int:
        """Number of array files."""
        return -(-self.n // SHARD)

    def shard(self, number: int) -> Path:
        """Give the place of an array file, numbered from 0."""
        return self.folder / f"features{number:05d}.npy"

    def rows(self, number: int) -> range:
        """Give the composites of an array file, numbered from 0."""
        return range(number * SHARD, min((number + 1) * SHARD, self.n))

    def missing(self) -> list[int]:
        """Numbers of the array files that are not there, or not whole."""
        return [number for number in range(self.n_shards) if not self.is_whole(number)]

    def is_whole(self, number: int) -> bool:
        """Tell whether an array file is there and complete."""
        path, shape = self.shard(number), (len(self.rows(number)), *self.shape)
        try:
            found = np.load(path, mmap_mode="r")
        except (OSError, ValueError, EOFError):
            return False
        return found.shape == shape and found.dtype == np.float16

    @cached_property
    def _arrays(self) -> list[np.ndarray]:
        return [np.load(self.shard(number), mmap_mode="r") for number in range(self.n_shards)]

    def read(self, composites: np.ndarray) -> Tensor:
        """Read features of composites, (image, channel, token_y, token_x) float32, from a complete cache."""
        try:
            rows = [self._arrays[c // SHARD][c % SHARD] for c in np.asarray(composites).tolist()]
        except (OSError, ValueError) as error:
            raise ValueError(
                f"the feature cache in {self.folder} is incomplete ({len(self.missing())} of {self.n_shards} files are "
                "missing or cut off): start the training again, which builds them"
            ) from error
        return torch.from_numpy(np.stack(rows)).float()


def open_cache(folder: Path, facts: Mapping, n: int, shape: tuple[int, int, int], process: Process) -> FeatureCache:
    """Open the cache in a folder, or begin one; complete or not.

    ``facts`` (JSON) tell what its features are of, SHA-256 of the stem, transform, pictures and composites;
    ``shape`` is channel, token_y and token_x of the features of n composites. A folder of something else, or
    of other features, is refused.
    """
    cache = FeatureCache(Path(folder), n, shape)
    note = cache.folder / "cache.json"
    facts = json.loads(json.dumps({**facts, "composites": n, "shape": list(shape)}))
    digest = _sha256(facts)
    if not note.exists():
        if cache.folder.is_dir() and any(cache.folder.iterdir()):
            raise ValueError(f"{cache.folder} is no feature cache and not empty: choose another --feature-cache")
        wait_for_all()  # until every process has found the folder empty
        if process.is_first:
            cache.folder.mkdir(parents=True, exist_ok=True)
            text = json.dumps({"sha256": digest, "of": facts}, indent=2) + "\n"
            write_whole(note, text, sync=True, shared=True)
        wait_for_all()
        return cache
    try:
        found = json.loads(note.read_text())
        known, of = found["sha256"], found["of"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{note} cannot be read: remove {cache.folder} to compute its features anew") from error
    if isinstance(of, dict) and "contents" not in of:  # an earlier version kept no digest of the pictures themselves
        digest = _sha256({name: fact for name, fact in facts.items() if name != "contents"})
    if known != digest:
        told = differences(of, facts) or "the note was changed"
        raise ValueError(
            f"the features in {cache.folder} are of another stem, transform or data: {told}; choose another "
            "--feature-cache, or remove that folder"
        )
    return cache


def _sha256(facts: Mapping) -> str:
    """Digest of facts."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def build(cache: FeatureCache, stem: nn.Module, draw: Callable[[int], np.ndarray], process: Process, mean, std) -> None:
    """Compute what is missing of a cache; processes share the files.

    ``stem`` gives (image, channel, token_y, token_x) of normalised images; ``draw`` gives a composite, (y, x,
    channel) uint8.
    """
    for leftover in cache.folder.glob(".*.part") if process.is_first else ():
        if time.time() - leftover.stat().st_mtime > STALE:  # of a writing that was killed, not of another training
            leftover.unlink(missing_ok=True)
    missing = cache.missing()
    wait_for_all()
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (mean, std))
    own = missing[process.rank :: process.world_size]
    hidden = None if process.is_first else True
    with tqdm(total=sum(len(cache.rows(k)) for k in own), unit="image", desc="features", disable=hidden) as bar:
        for number in own:
            rows, features = list(cache.rows(number)), []
            if cache.is_whole(number):  # another training has made it in the meantime
                bar.update(len(rows))
                continue
            for first in range(0, len(rows), AT_ONCE):
                images = torch.from_numpy(np.stack([draw(row) for row in rows[first : first + AT_ONCE]]))
                images = (images.permute(0, 3, 1, 2).float().div_(255) - mean) / std
                with torch.inference_mode():
                    features.append(stem(images.to(process.device)).half().cpu().numpy())
                bar.update(len(images))
            try:
                with whole(cache.shard(number), sync=True, shared=True) as part:
                    _save(part, np.concatenate(features))
            except OSError as error:
                raise OSError(
                    f"cannot write the features into {cache.folder} ({error.strerror or error}): make room, "
                    f"{sum(len(cache.rows(k)) for k in cache.missing()) * 2 * math.prod(cache.shape) / 1e9:.1f} GB are "
                    "missing, or choose another --feature-cache; what is there is kept"
                ) from error
    wait_for_all()


def _save(path: Path, array: np.ndarray) -> None:
    """Write an array file under exactly this name."""
    with path.open("wb") as file:
        np.save(file, array)
