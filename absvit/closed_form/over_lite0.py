"""Make the models in closed form that have a name."""

from __future__ import annotations

import timm
import torch

from absvit.closed_form.steerable import skeleton, steerable_from
from absvit.models.absvit import AbSViT
from absvit.models.zoo import loading
from absvit.networks.network import network_of

__all__ = ["over_lite0"]

HOST, GRID, SIZE = "lite0_dense", (24, 24), (384, 384)


def over_lite0(host: str = "pretrained", num_classes: int = 1000, device=None, dtype=None, **parameters) -> AbSViT:
    """Make ``absvit_lite0``.

    Parameters
    ----------
    host : "pretrained" or "random".
    num_classes : 1000, those of its host.
    device, dtype : where it goes, and of which type.
    **parameters : of :func:`steerable_from`.

    Raises
    ------
    FileNotFoundError : the host's weights are not there and cannot be fetched.
    ValueError : another number of classes, an unknown host, or parameters that are none.
    """
    if host not in ("pretrained", "random"):
        raise ValueError(f"host must be 'pretrained' or 'random', got {host!r}")
    network = timm.create_model(HOST, device=device) if host == "random" else None
    if torch.empty((), device=device).is_meta:  # counted, not computed
        blocks = parameters.get("blocks", 1)
        return skeleton(None, classes=1000, channels=1280, width=1001, grid=GRID, size=SIZE, blocks=blocks)
    network = network_of((network or loading.load_model(HOST)).eval(), name=HOST)
    return steerable_from(network, **parameters).to(device=device, dtype=dtype)
