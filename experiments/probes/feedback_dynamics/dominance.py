"""The dominance figure: two readings that alternate, and how long each of them lasts."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from experiments import measures
from experiments.figures.figure import Figure
from experiments.figures.numbers import note
from experiments.figures.panels import Panel, draw_reference, keys_of, mark_passes
from experiments.figures.style import STYLE
from experiments.probes.feedback_dynamics.protocol_panels import OF, Shown, intact, layout_of

__all__ = ["FIGURE", "panels"]

ONSET = 20  # passes that are left out while adaptation builds up
SHOWN = 200  # passes of the example
FITS = ("gamma", "lognormal")


def panels(shown: Shown) -> list[Panel]:
    """Make the panels of the protocol switching; durations are shown as they are, without a bootstrap."""
    gain = shown.gain
    chosen = intact(shown.record).sel(gain=gain, drop=True).isel(severity=-1)
    prior = "percept" if "percept" in chosen["prior"].values else str(chosen["prior"].values[0])
    chosen, noise = chosen.sel(prior=[prior]), float(chosen["severity"])
    durations = measures.dominance_durations(chosen, ONSET).values
    durations = durations[~np.isnan(durations)]
    about = f"with adaptation, gain {gain:g}, noise {noise:g}"
    text = f"Share of reading 1 from pass to pass for the first picture {about}."
    found = [Panel(partial(_course, chosen), "one picture", text)]
    if len(durations) < 3 or np.ptp(durations) == 0:
        return [*found, Panel(_nothing, "durations", "Phases of dominance: the percept does not alternate.")]
    fits = {name: measures.fit_durations(durations, name) for name in FITS}
    looks = {name: look | {"marker": ""} for name, look in shown.style.looks_of(FITS).items()}
    words = [f"{name} log-likelihood {fit.log_likelihood / len(durations):.2f} per phase" for name, fit in fits.items()]
    text = (
        f"Phases of dominance {about}: n = {len(durations)} phases, mean {durations.mean():.1f} passes, "
        f"standard deviation over mean {durations.std() / durations.mean():.2f}; {', '.join(words)}."
    )
    keys = keys_of(looks, {})
    return [*found, Panel(partial(_histogram, durations, fits, looks), "durations", text, keys)]


def _course(chosen: xr.Dataset, axes: Axes) -> None:
    """Share of reading 1 for one picture."""
    share = measures.object_1_share(chosen.isel(stimulus=0, prior=0))
    share = share.isel(seed=0) if "seed" in share.dims else share
    share = share.isel(iteration=slice(0, SHOWN + 1))
    note(axes, pd.DataFrame({"pass": share["iteration"], "share": share}), curve=True)
    axes.plot(share["iteration"], share, color=STYLE.ink)
    draw_reference(axes, y=0.5)
    mark_passes(axes)
    axes.set(ylabel="share of reading 1", ylim=(-0.03, 1.03))


def _histogram(durations: np.ndarray, fits, looks: dict[str, dict], axes: Axes) -> None:
    """Histogram of the durations, and the fitted densities."""
    most = np.quantile(durations, 0.99)
    width = max(1, round(most / 20))
    edges = np.arange(0.5, most + 2 * width, width)
    density, *_ = axes.hist(durations, edges, density=True, color=STYLE.track, edgecolor=STYLE.unknown)
    note(axes, pd.DataFrame({"from": edges[:-1], "to": edges[1:], "density": density}))
    at = np.linspace(0.5, edges[-1], 200)
    for name, look in looks.items():
        curve = pd.DataFrame({"distribution": name, "duration": at, "density": fits[name].density(at)})
        note(axes, curve, curve=True)
        axes.plot(at, curve["density"], **look)
    axes.set(xlabel="duration (passes)", ylabel="density (1 / pass)")


def _nothing(axes: Axes) -> None:
    axes.text(0.5, 0.5, "no alternation", ha="center", transform=axes.transAxes)
    axes.set(xlabel="duration (passes)", ylabel="density (1 / pass)", xticks=[], yticks=[])


FIGURE = Figure(
    "dominance",
    "alternation, and durations of dominance",
    reads=(f"{OF}switching",),
    needs=("logits", "gain", "severity"),
    made_of="feedback_dynamics --protocol switching --gains 2 --noise 0.3 --priors percept --passes 80 --n 2",
    draw=layout_of(("logits",), switching=panels),
)
