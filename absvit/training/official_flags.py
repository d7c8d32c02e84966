"""Flags of the official command that decide nothing here: accepted, so that its commands run as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

__all__ = ["Superseded"]


@dataclass(frozen=True)
class Superseded:
    """Flags of the official command that decide nothing here.

    Parameters
    ----------
    sched
        cosine, the official schedule, is the only one accepted; --schedule says when it sets a new rate.
    decay_epochs
        Accepted: of other schedules.
    decay_rate
        Accepted: of other schedules.
    cooldown_epochs
        Accepted: a training ends after --epochs, at --min-lr.
    patience_epochs
        Accepted: of other schedules.
    lr_noise
        Refused where it is given: rates have no noise.
    lr_noise_pct
        Accepted: of that noise.
    lr_noise_std
        Accepted: of that noise.
    start_epoch
        Accepted: the checkpoint that is gone on from says where.
    pin_mem
        Accepted: memory is pinned where there is a GPU.
    model_ema_force_cpu
        Accepted: the average lies where the model lies.
    dist_eval
        Accepted: the validation split is always shared by all processes, exactly.
    world_size
        Accepted: the launcher says how many processes there are.
    dist_url
        Accepted: the launcher says how they meet.
    """

    sched: str = "cosine"
    decay_epochs: float = 30
    decay_rate: Annotated[float, tyro.conf.arg(aliases=("--dr",))] = 0.1
    cooldown_epochs: int = 10
    patience_epochs: int = 10
    lr_noise: tuple[float, ...] | None = None
    lr_noise_pct: float = 0.67
    lr_noise_std: float = 1.0
    start_epoch: int = 0
    pin_mem: bool = True
    model_ema_force_cpu: bool = False
    dist_eval: bool = True
    world_size: int = 1
    dist_url: str = "env://"

    def __post_init__(self) -> None:
        if self.sched != "cosine":
            raise ValueError(f"sched must be cosine, the official schedule, got {self.sched!r}; see --schedule")
        if self.lr_noise is not None:
            raise ValueError("lr_noise is not built: leave it out, as the official recipes do")
