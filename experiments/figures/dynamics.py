"""The dynamics figure: settling, hysteresis and dominance durations of one model together."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr
from matplotlib.figure import Figure

from experiments.figures import dominance, hysteresis, settling
from experiments.figures.drawing import STYLE, Style
from experiments.figures.protocols import figure_of
from experiments.figures.tables import RESAMPLES

__all__ = ["TITLES", "dynamics"]

TITLES = (*settling.TITLES, *hysteresis.TITLES, *dominance.TITLES)


def dynamics(
    records: xr.Dataset | Sequence[xr.Dataset], style: Style = STYLE, gain: float = 2.0, n: int = RESAMPLES
) -> Figure:
    """Draw what the protocols of feedback dynamics found; a record of each protocol, or of some.

    Parameters
    ----------
    records : of ``experiments.feedback_dynamics``, at most one of each protocol, all of the same model.
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
