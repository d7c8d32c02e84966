"""The global random generators of a training: seeded for every micro-batch, kept in its checkpoints."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping

import numpy as np
import torch

__all__ = ["random_states", "restore_random_states", "seed_all"]


def seed_all(*key: int) -> None:
    """Seed the global generators of torch (GPUs too), numpy and Python from a key."""
    seed = int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:8], "little")
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - for code that draws from it
    random.seed(seed)


def random_states() -> dict:
    """Give the states of the global generators, as a file can hold them that no code is run from."""
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002 - as above
    states = {
        "torch": torch.get_rng_state(),
        "numpy": (kind, torch.from_numpy(keys.astype(np.int64)), *rest),
        "python": random.getstate(),
    }
    return states | ({"cuda": torch.cuda.get_rng_state()} if torch.cuda.is_initialized() else {})


def restore_random_states(states: Mapping) -> None:
    """Give the global generators the states that they had; a GPU's is passed over where there is none."""
    torch.set_rng_state(states["torch"])
    kind, keys, *rest = states["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002 - as above
    random.setstate(states["python"])
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])
