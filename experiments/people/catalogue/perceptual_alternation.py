"""Perceptual alternation: rivalry, kinetic depth, Necker cube, as Pastukhov's bistablehistory has them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from experiments.people.published_files import files_of
from experiments.people.published_source import Source
from experiments.trials.effects import Effect

__all__ = ["ALTERNATION"]

DISPLAYS = {"br": "rivalry", "kde": "kinetic depth", "nc": "Necker cube", "br_contrast": "rivalry at five contrasts"}
FULL = 1.0  # contrast of the displays that do not vary it


def _read(paths: Sequence[Path]) -> pd.DataFrame:
    """A row a phase: what was seen (response), and for how long."""
    return pd.concat([_one(Path(path)) for path in paths], ignore_index=True)


def _one(path: Path) -> pd.DataFrame:
    import rdata

    if path.stem not in DISPLAYS:
        raise ValueError(f"{path} is none of {', '.join(f'{name}.rda' for name in DISPLAYS)}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # classes of data frames that it reads as plain ones
        phases = rdata.read_rda(path)[path.stem]
    told = {"participant": phases["Observer"].astype(str), "session": DISPLAYS[path.stem]}
    table = pd.DataFrame(told | {"block": phases["Block"].astype(int)})
    table["response"] = phases["State"].astype(str).str.lower()
    table["display"] = DISPLAYS[path.stem]
    table["contrast"] = phases.get("Contrast", FULL)
    table["duration"] = phases["Duration"]
    table["trial"] = table.groupby("participant").cumcount() + 1
    return table


ALTERNATION = Source(
    "alternation",
    "two percepts that alternate: binocular rivalry, kinetic depth, Necker cube; 8, 11, 5 and 6 people",
    _read,
    conditions={
        "display": {
            "rivalry": "gratings that differ between the eyes",
            "kinetic depth": "a globe of dots that may turn either way",
            "Necker cube": "a cube of lines that may be seen from above or below",
            "rivalry at five contrasts": "gratings whose contrast varies",
        },
        "contrast": {2.0**k: f"contrast {2.0**k:g} of the gratings" for k in range(-4, 1)},
    },
    effects=(
        Effect(
            "contrast, duration of dominance", "contrast", 2.0**-4, 1.0, measure="duration",
            where={"display": "rivalry at five contrasts", "response": ("left", "right")},
        ),
    ),
    reference="Pastukhov, bistablehistory (R package); Pastukhov and Braun 2011, J. Vision 11(10):12",
    licence="GPL-3 (the package)",
    exclusions="phases of no length; mixed percepts are no phases of dominance",
    excluded_by="ours, for the statistics of durations",
    units={"duration": "s"},
    trials=50_547,
    files=files_of("alternation"),
    note="response is left, right or mixed; a block's last phase ends with the block.",
)  # fmt: skip
