"""The official commands run as they are: words that they leave out, and flags that decide nothing here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from absvit.training.recipe import RECIPES

__all__ = ["Superseded", "official_words"]

LAUNCHERS_WORDS = ("--local-rank=", "--local_rank=")


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


def official_words(words: list[str]) -> list[str]:
    """Complete the words of an official command, which name a model only, or nothing.

    What ``python -m torch.distributed.launch`` puts before all words is left out: the environment says it
    too.

    Returns
    -------
    The words, with the recipe of a published model before them, or of the bundled one where no model is
    named; a bare ``--var_loss`` gets the published weight.
    """
    words = [word for word in words if not word.startswith(LAUNCHERS_WORDS)]
    for at, (word, following) in reversed(list(enumerate(zip(words, [*words[1:], "--"], strict=True)))):
        if word in ("--var_loss", "--var-loss") and following.startswith("--"):
            words.insert(at + 1, "0.1")
    if words and (not words[0].startswith("-") or words[0] in ("-h", "--help")):
        return words
    after = {a: b for a, b in zip(words, words[1:], strict=False)}
    model = after.get("--model") or next((w.partition("=")[2] for w in words if w.startswith("--model=")), None)
    if model is None:
        return ["micro_cued", *words]
    published = {recipe.model: name for name, recipe in RECIPES.items() if recipe.model.startswith(name)}
    return [published.get(model, "absvit_small"), *words]
