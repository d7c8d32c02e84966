"""``python -m experiments take``: observers answer the trials of a study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from experiments.command_options import ObserverOptions
from experiments.studies.asking import TOLD, Asking
from stimuli.foundation import command_line

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Taken", "command"]

DOC = "Let observers answer the trials of a study, told what people are told: their trial table."


@dataclass(frozen=True)
class Taken:
    """Which trials are taken, and where the answers go.

    Parameters
    ----------
    study
        Folder of the study.
    out
        Trial table to write, a .zarr record or a .csv file, with what is known of it beside in .json.
    list
        Numbers of participants' lists; all, if left out.
    overwrite
        Replace a table that is there.
    link
        Fitted link, as python -m experiments.linking fit --out writes it: its predicted times become the rt.
    """

    study: Annotated[Path, tyro.conf.Positional]
    out: Path
    list: tuple[int, ...] = ()
    overwrite: bool = False
    link: Path | None = None

    def __post_init__(self) -> None:
        if self.out.suffix not in (".csv", ".zarr"):
            raise ValueError(f"--out ends in .csv or .zarr, got {self.out}")
        if self.out.exists() and not self.overwrite:
            raise ValueError(f"{self.out} is there already: choose another, or replace it with --overwrite")


def _take(taken: Taken, who: ObserverOptions, asking: Asking) -> None:
    from experiments.linking import load_fitted, with_rt
    from experiments.studies.folder import open_study
    from experiments.studies.take import about, take_study  # which loads torch, and no help needs it
    from experiments.trials import stored
    from experiments.trials.trial_table import write_csv

    study, link = open_study(taken.study), load_fitted(taken.link) if taken.link else None
    observers = who.load(batches=1)
    table = take_study(study, observers, taken.list, asking)
    readings = table.attrs.pop("readings")
    table = with_rt(table, link) if link else table
    facts = {"probe": study.about["probe"], "study": study.version, "seed": asking.seed, "readings": readings}
    facts |= {"device": observers[0].device, "parameters": asdict(asking), **about(observers)}
    if taken.out.suffix == ".csv":
        write_csv(table, taken.out, facts)
    else:
        stored.save(table, taken.out, facts, taken.overwrite)
    catch = sum(trial["phase"] == "catch" for trial in study.list(1)["trials"])
    print(
        *_said(table),
        *[f"{catch} catch trials of each list are for people, and left out"] * bool(catch),
        *(f"{sentence!r} was read as {read}" for sentence, read in readings.items()),
        sep="\n",
    )


def _said(table: pd.DataFrame) -> list[str]:
    """How each observer answered under each instruction, a line each."""
    lines = []
    for (name, instruction, told), rows in table.groupby(["participant", "instruction", "told"], sort=False):
        known = rows["correct"].notna()
        right = f"{rows['correct'].mean():.0%} right, " if known.any() else ""
        lines.append(f"{name}, {instruction}: {len(rows)} trials, {right}told {TOLD[told]}")
    return lines


def command() -> Callable:
    """Give the command."""
    return command_line.command(DOC, _take, taken=Taken, who=ObserverOptions(), asking=Asking())
