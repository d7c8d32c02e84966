"""People's alternation beside observers': fitted to one display, then asked about the others without a new fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd
import xarray as xr

from experiments.experiment import run
from experiments.measures.alternation import phases_of
from experiments.observers import Observer
from experiments.people_score.alternation_fit import Fit, fit_dynamics
from experiments.people_score.alternation_table import PICTURES, SCALED, alternation_table
from experiments.probes.alternation.dynamics import Dynamics, alternate, told_margins
from experiments.probes.alternation.probe import Alternating
from experiments.table import names_of

__all__ = ["CONTRASTS", "Compared", "alternation_beside", "check_display"]

CONTRASTS = tuple(2.0**k for k in range(-4, 1))
WITHOUT = {"adaptation": 0.0, "noise": 0.0, "feedback": 0.0}  # the controls
PHASE = ["participant", "session", "block", "response", "duration"]


@dataclass(frozen=True)
class Compared:
    """People and observers beside each other.

    Parameters
    ----------
    fit : parameters, of the first observer.
    phases : a row a phase of people and observers: who, display and contrast, and what a table of phases has.
    table : a row for who, display and contrast: the statistics with their intervals.
    """

    fit: Fit
    phases: pd.DataFrame
    table: pd.DataFrame


def check_display(people: pd.DataFrame, display: str) -> None:
    """Refuse a display that people have not seen."""
    if display not in (there := list(dict.fromkeys(people["display"]))):
        raise ValueError(f"there is no display {display!r}; expected one of {', '.join(there)}")


def alternation_beside(
    observers: Sequence[Observer],
    people: pd.DataFrame,
    display: str = "Necker cube",
    n: int = 12,
    seed: int = 0,
    generations: int = 15,
    dynamics: Dynamics | None = None,
) -> Compared:
    """Fit how a percept tires to people in one display, and let observers alternate at all contrasts.

    Parameters
    ----------
    observers : the first name is fitted; the others alternate with its parameters.
    people : trials of the source ``alternation``.
    display : display of people to which is fitted.
    n : pictures; of every network each counts as a person does.
    seed : of the pictures, the noise, the search and the resamples.
    generations : of the search.
    dynamics : what is not fitted; the defaults, if left out.

    Raises
    ------
    ValueError : people have not seen the display, or nothing alternates within the bounds of the parameters.
    """
    check_display(people, display)
    record = run("alternation", observers, parameters=Alternating(contrasts=CONTRASTS), seed=seed, n=n)
    margins = told_margins(record)
    if "model" not in margins.dims:
        margins = margins.expand_dims(model=names_of(record))
    first = margins.isel(model=[0])
    fit = fit_dynamics(
        first.sel(contrast=1.0), people[people["display"] == display], dynamics or Dynamics(), seed, generations
    )
    seen = {of[:2]: _alternating(*of, seed) for of in _asked(margins, fit.dynamics)}
    of_people = people.assign(who="people")[["who", "display", "contrast", *PHASE]]
    phases = pd.concat([of_people, *seen.values()], ignore_index=True)
    nothing = {"display": PICTURES, "n": 0, "participants": 0}
    still = [{"who": who, "contrast": contrast} | nothing for (who, contrast), of in seen.items() if of.empty]
    table = pd.concat([alternation_table(phases, seed=seed), pd.DataFrame(still)], ignore_index=True)
    return Compared(fit, phases, table)


def _asked(margins: xr.DataArray, dynamics: Dynamics) -> Iterator[tuple[str, float, xr.DataArray, Dynamics]]:
    """Who alternates, at which contrast, over which map, with which parameters."""
    first, full = str(margins["model"].values[0]), margins.sel(contrast=1.0)
    for contrast in margins["contrast"].values.tolist():
        yield first, contrast, margins.isel(model=[0]).sel(contrast=contrast), dynamics
    for contrast in margins["contrast"].values[:-1].tolist():
        yield f"{first}, {SCALED}", contrast, contrast * full.isel(model=[0]), dynamics
    for number in range(margins.sizes.get("seed", 1) * ("seed" in margins.dims)):
        seed = int(margins["seed"].values[number])
        yield f"{first}, seed {seed}", 1.0, full.isel(model=[0], seed=[number]), dynamics
    for name, none in WITHOUT.items():
        yield f"{first}, no {name}", 1.0, full.isel(model=[0]), replace(dynamics, **{name: none})
    for number in range(1, margins.sizes["model"]):
        yield str(margins["model"].values[number]), 1.0, full.isel(model=[number]), dynamics


def _alternating(who: str, contrast: float, margins: xr.DataArray, dynamics: Dynamics, seed: int) -> pd.DataFrame:
    """Phases of an observer; pictures are its displays."""
    share = alternate(margins, dynamics, seed).sel(time=slice(dynamics.onset, None))
    share = share.drop_vars([name for name in share.coords if name not in share.dims])
    told = ("model", "seed", "stimulus")
    phases = phases_of(share, "time", dynamics.pass_time, dynamics.criterion, told, dynamics.least)
    return phases[PHASE].assign(who=who, display=PICTURES, contrast=contrast)
