"""Make the models in closed form that have a name."""

from __future__ import annotations

import timm
import torch
from timm.layers import to_2tuple

from absvit.closed_form.steerable import skeleton, steerable_from
from absvit.models.absvit import AbSViT
from absvit.models.zoo import loading
from absvit.networks.network import network_of

__all__ = ["over_lite0"]

HOST, SIZE, STRIDE, CHANNELS, CLASSES = "lite0_dense", (384, 384), 16, 1280, 1000


def over_lite0(
    host: str = "pretrained",
    num_classes: int = 1000,
    img_size: int | tuple[int, int] = SIZE,
    device=None,
    dtype=None,
    **parameters,
) -> AbSViT:
    """Make ``absvit_lite0``.

    Parameters
    ----------
    host : "pretrained" or "random".
    num_classes : 1000, those of its host.
    img_size : height and width of images in pixels; a place is 16 of them wide.
    device, dtype : where it goes, and of which type.
    **parameters : of :func:`steerable_from`.

    Raises
    ------
    FileNotFoundError : the host's weights are not there and cannot be fetched.
    ValueError : another number of classes, an unknown host, or parameters that are none.
    """
    if host not in ("pretrained", "random"):
        raise ValueError(f"host must be 'pretrained' or 'random', got {host!r}")
    if num_classes != CLASSES:
        raise ValueError(f"absvit_lite0 has the {CLASSES} classes of its host, got num_classes = {num_classes}")
    size = to_2tuple(img_size)
    if torch.empty((), device=device).is_meta:  # counted, not computed
        grid = tuple(-(-side // STRIDE) for side in size)
        shape = {"classes": CLASSES, "channels": CHANNELS, "width": CLASSES + 1, "grid": grid, "size": size}
        return skeleton(None, **shape, blocks=parameters.get("blocks", 1))
    make = timm.create_model if host == "random" else loading.load_model
    network = network_of(make(HOST, img_size=size).eval(), name=HOST)
    return steerable_from(network, **parameters).to(device=device, dtype=dtype)
