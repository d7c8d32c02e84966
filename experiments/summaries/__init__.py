"""Summaries: the measures of a whole record as a table, with bootstrap intervals; one file a family of probes."""

from experiments.summaries.bistable import graded_summary, map_summary, recognition_summary, summary, summary_text

__all__ = ["graded_summary", "map_summary", "recognition_summary", "summary", "summary_text"]
