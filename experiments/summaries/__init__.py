"""Summaries: the measures of a whole record as a table, with bootstrap intervals; one file a family of probes."""

from experiments.summaries.bistable import (
    graded_summary,
    map_summary,
    recognition_summary,
    summary,
    summary_latex,
    summary_text,
)
from experiments.summaries.columns import help_text, notes_of

__all__ = [
    "graded_summary", "help_text", "map_summary", "notes_of", "recognition_summary", "summary", "summary_latex",
    "summary_text",
]  # fmt: skip
