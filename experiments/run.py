"""Presenting: who looks, on which device and together with which processes, and the summary on the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from absvit import records
from absvit.distributed import device_here, joined
from experiments import summaries
from experiments.observers import load_observers
from stimuli.foundation.options import FileOrAddress

__all__ = ["Who", "table"]

FEW = 5  # so few stimuli or trained models do not tell how much others would differ


@dataclass(frozen=True)
class Who:
    """Who looks.

    Parameters
    ----------
    model
        Name of the model.
    checkpoint
        Files, addresses, or tags of bundled weights such as seed1 ("default": the bundled or released
        weights); several make a dimension ``seed``.
    controls
        Run each model with permuted decoders as well.
    label
        What the record calls the model; its name, if left out.
    device
        Cpu or cuda; a GPU where there is one, if left out.
    """

    model: str = "absvit_micro"
    checkpoint: tuple[FileOrAddress, ...] = ()
    controls: bool = False
    label: str | None = None
    device: str | None = None

    def present(self, show: Callable[[list], xr.Dataset], summarise: Callable[[xr.Dataset], pd.DataFrame]) -> None:
        """Show something to the observers, together with the other processes of a torchrun; print the summary.

        Parameters
        ----------
        show : function of the observers that gives the record.
        summarise : function of the record that gives the summary.
        """
        with joined("cpu" if self.device == "cpu" else None) as process:
            record = show(self.load())
            if process.is_first:
                print(_summary(record, summarise))

    def load(self) -> list:
        """Load the observers."""
        return load_observers(self.model, self.checkpoint, self.controls, device_here(self.device), self.label)


def _summary(record: xr.Dataset, summarise: Callable[[xr.Dataset], pd.DataFrame]) -> str:
    """The summary as text; a record of too few stimuli has none, and is whole all the same."""
    try:
        frame = summarise(record)
        return table(frame, 1 if "seed" in frame else record.sizes.get("seed", 1))
    except records.Damaged:
        raise
    except ValueError as error:
        raise ValueError(
            f"the record is whole, but too small to be summarised, n = {record.sizes['stimulus']} ({error}): give a "
            "larger --n and another --out"
        ) from error


def table(frame: pd.DataFrame, seeds: int = 1) -> str:
    """Lay a summary out for the terminal.

    Parameters
    ----------
    frame : what ``summaries.summary`` gives.
    seeds : trained models that its intervals are over, besides stimuli.
    """
    lines = [summaries.summary_text(frame).to_string(index=False, float_format="{:.3g}".format, na_rep="")]
    if np.isinf(frame.select_dtypes("number")).any(axis=None):
        lines.append("inf and -inf: above and below all values that were shown")
        if np.isinf(frame.filter(regex="_(low|high)$").select_dtypes("number")).any(axis=None):
            lines[-1] += "; an interval with such an end: not determined, all in it fit as well"
    if any(name.endswith("_low") for name in frame):
        fewest = {"stimuli": frame.get("n", pd.Series([FEW])).min(), "trained models": seeds if seeds > 1 else FEW}
        lines += [f"n = {n} {what}: intervals over fewer than {FEW} are rough, mostly too narrow"
                  for what, n in fewest.items() if n < FEW]  # fmt: skip
    return "\n".join(lines)
