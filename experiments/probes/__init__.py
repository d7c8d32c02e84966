"""Probes: what the command line needs to know of each probe of cues and displays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import xarray as xr

from experiments.probes.contours import probe as contours
from experiments.probes.crowding import probe as crowding
from experiments.probes.navon import probe as navon
from experiments.probes.object_prior import probe as object_prior
from experiments.probes.search import probe as search
from experiments.probes.spatial_prior import probe as spatial
from experiments.summaries import cueing, displays

__all__ = ["PROBES", "Probe", "summary_of_title"]


@dataclass(frozen=True)
class Probe:
    """A probe.

    Parameters
    ----------
    purpose : what it asks, one sentence.
    title : of its records.
    parameters : its frozen dataclass.
    run : function of observers, stimuli, parameters, seed and store that gives the record.
    summarise : function of the record that gives its table.
    """

    purpose: str
    title: str
    parameters: type
    run: Callable[..., xr.Dataset]
    summarise: Callable[[xr.Dataset], pd.DataFrame]


PROBES = {
    "object_prior": Probe(
        "A class cue, valid, invalid or absent, in scenes of several objects: benefit, cost, where attention goes.",
        object_prior.TITLE, object_prior.ObjectPrior, object_prior.probe, cueing.object_prior_summary,
    ),
    "spatial_prior": Probe(
        "Attention at the target's place or away from it, narrow or wide: benefit by distance and width.",
        spatial.TITLE, spatial.SpatialPrior, spatial.probe, cueing.spatial_prior_summary,
    ),
    "search": Probe(
        "A target among more and more items, looked for by its class or not: slopes over set size.",
        search.TITLE, search.Search, search.probe, displays.search_summary,
    ),
    "navon": Probe(
        "Large letters made of small ones: which of them the answers are like, and congruency effects.",
        navon.TITLE, navon.Navon, navon.probe, displays.navon_summary,
    ),
    "contours": Probe(
        "Illusory figures against their turned inducers: evidence for the figure's class.",
        contours.TITLE, contours.Contours, contours.probe, displays.contours_summary,
    ),
    "crowding": Probe(
        "A target between flankers: how far they must lie, and whether attention shortens that.",
        crowding.TITLE, crowding.Crowding, crowding.probe, displays.crowding_summary,
    ),
}  # fmt: skip


def summary_of_title(title: str) -> Callable[[xr.Dataset], pd.DataFrame] | None:
    """Find the summary of a record by its title.

    Parameters
    ----------
    title : the record's attribute.

    Returns
    -------
    Function of the record that gives its table; None for records of other probes.
    """
    return next((probe.summarise for probe in PROBES.values() if probe.title == title), None)
