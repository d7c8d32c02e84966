"""Weights and inputs that anyone can rebuild from a formula, as the conformance vectors were made with."""

import zlib

import numpy as np
import torch


def fill(model: torch.nn.Module, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.nn.Module:
    """Give every parameter the value that its name prescribes."""
    state = {}
    for name, value in model.state_dict().items():
        w = np.random.RandomState((zlib.crc32(name.encode()) + seed) % 2**32).standard_normal(tuple(value.shape))
        if name.endswith("weight") and "norm" in name:
            w = 1 + 0.1 * w
        elif name.endswith("bias") or name in ("cls_token", "pos_embed"):
            w = 0.02 * w
        elif name.startswith("decoders"):
            w = w * 1.5 / np.sqrt(w.shape[-1])
        elif name != "prompt":
            w = w / np.sqrt(np.prod(w.shape[1:]))
        state[name] = torch.from_numpy(w.astype(np.float32))
    model.load_state_dict(state)
    return model.to(dtype).eval()


def untrained(name: str = "absvit_micro", seed: int = 0, dtype: torch.dtype = torch.float32, **settings):
    """A model with the weights of the formula, and a name and digest of a checkpoint that is none."""
    import absvit

    model = fill(absvit.create_model(name, **settings), seed, dtype)
    model.checkpoint, model.checkpoint_sha256 = f"{name}.formula{seed}", f"{seed:064x}"
    return model


def images(batch: int, seed: int = 0, size: int = 224, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """Normalised images of the conformance vectors."""
    values = np.random.RandomState(seed + 1).standard_normal((batch, 3, size, size))
    return torch.from_numpy(values.astype(np.float32)).to(dtype)
