"""Columns: what each number of a summary is and which test or interval stands behind it, in words for people."""

from __future__ import annotations

from collections.abc import Iterable

from experiments.probes import PROBES

__all__ = ["EVERY", "INTERVALS", "LOG_ODDS", "NAMED", "SHARE_OF_WEIGHTS", "help_text", "latex_of", "notes_of"]

INTERVALS = (
    "Numbers in brackets, and the columns _low and _high, are 95 % percentile bootstrap intervals over stimuli and, "
    "where there are several, trained models; others are named with their column."
)
LATEX = str.maketrans(
    {sign: rf"\{sign}" for sign in "&%$#_{}"} | {sign: f"${sign}$" for sign in "<>|"} | {"^": r"\^{}", "~": r"\~{}"}
)
SHARE_OF_WEIGHTS = "share of the target in a map, its mean over the target's tokens over the sum over all objects"
NAMED = "share of stimuli whose target is the most probable class of all"
LOG_ODDS = "log odds of the class that is looked for, ln p / (1 - p)"
EVERY = {
    "n": "stimuli (of hysteresis: pairs of sequences)",
    "seeds": "trained models",
    "accuracy": "share of stimuli whose class is the most probable one",
}


def notes_of(probe: str | None, columns: Iterable[str]) -> list[str]:
    """Explain the columns of a table of records of a probe, which ``written_by`` names.

    Returns
    -------
    A line a column that is explained, after one on the intervals; none of records of no probe.
    """
    if probe not in PROBES:
        return []  # tables of trials and trainings, whose captions name their intervals
    shown = set(map(str, columns))
    known = EVERY | dict(PROBES[probe].columns)
    kept = [f"{name}: {text}." for name, text in known.items() if {*name.split(", ")} & shown]
    return [INTERVALS, *kept]


def latex_of(probe: str | None, columns: Iterable[str]) -> str:
    """Write these notes as a paragraph of LaTeX, to stand below the table."""
    text = " ".join(notes_of(probe, columns)).translate(LATEX)
    return text and f"{{\\par\\smallskip\\footnotesize Notes. {text}\\par}}\n"


def help_text() -> str:
    """Explain the columns of all summaries."""
    told = {"every probe": EVERY} | {name: PROBES[name].columns for name in PROBES}
    parts = ["\n".join([f"{name}:", *(f"  {column}: {text}" for column, text in columns.items())])
             for name, columns in told.items() if columns]  # fmt: skip
    return "\n\n".join([INTERVALS, *parts])
