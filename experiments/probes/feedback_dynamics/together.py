"""The dynamics figure: settling, hysteresis and dominance durations of one model together."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr
from matplotlib.figure import Figure

from experiments.figures.record_table import RESAMPLES
from experiments.figures.style import STYLE, Style
from experiments.probes.feedback_dynamics import dominance, hysteresis, settling
from experiments.probes.feedback_dynamics.protocol_panels import figure_of

__all__ = ["TITLES", "dynamics"]

TITLES = (*settling.TITLES, *hysteresis.TITLES, *dominance.TITLES)


def dynamics(
    records: xr.Dataset | Sequence[xr.Dataset], style: Style = STYLE, gain: float = 2.0, n: int = RESAMPLES
) -> Figure:
    """Draw what the protocols of feedback dynamics found; a record of each protocol, or of some.

    Parameters
    ----------
    records : of ``experiments.probes.feedback_dynamics.probe``, at most one of each protocol, all of the same model.
    style : sizes and colours.
    gain : gain that is shown where there is one curve a prior; the nearest one that was run.
    n : bootstrap resamples.

    Returns
    -------
    Figure; its label, ``figure.get_label()``, is the caption. Where a control with permuted decoders was run, it is
    drawn dashed.

    Raises
    ------
    ValueError : a record of another probe, two of one protocol, or of different models.
    """
    builds = {"settling": settling.panels, "hysteresis": hysteresis.panels, "switching": dominance.panels}
    return figure_of("dynamics", records, builds, style, gain, n)
