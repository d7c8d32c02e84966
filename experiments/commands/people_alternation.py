"""``python -m experiments people alternation``: people's alternation of percepts beside observers'."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from experiments.command_options import ObserverOptions

__all__ = ["alternate_beside"]


@dataclass(frozen=True)
class Asked:
    """What is fitted and shown, and where it goes.

    Parameters
    ----------
    fit
        Display of people to which adaptation, its time constant and the noise are fitted.
    n
        Pictures; of every network each counts as a person does.
    seed
        Seed of pictures, noise, search and resamples.
    generations
        Generations of the search.
    report_time
        Seconds that what is seen must last to be reported; 0 reports all.
    folder
        Folder that holds people's files already; they are fetched from their repository without it.
    out
        CSV file of the statistics to write.
    phases
        CSV file of all phases to write, people's among them; "figure alternation" draws it.
    figure
        File of the figure to draw, such as alternation.pdf.
    """

    fit: str = "Necker cube"
    n: int = 12
    seed: int = 0
    generations: int = 15
    report_time: float = 0.3
    folder: Annotated[Path | None, tyro.conf.arg(name="from")] = None
    out: Path | None = None
    phases: Path | None = None
    figure: Path | None = None

    def __post_init__(self) -> None:
        for name in ("out", "phases"):
            if (path := getattr(self, name)) is not None and path.suffix != ".csv":
                raise ValueError(f"--{name} ends in .csv, got {path}")
        if self.n < 1 or self.generations < 1:
            raise ValueError(f"--n and --generations must be at least 1, got {self.n} and {self.generations}")


def alternate_beside(
    what: Annotated[Literal["alternation"], tyro.conf.Positional],
    asked: tyro.conf.OmitArgPrefixes[Asked],
    who: tyro.conf.OmitArgPrefixes[ObserverOptions],
) -> None:
    """``people alternation``: how long percepts last, people's and observers', fitted to one display of people.

    Parameters
    ----------
    what
        This word.
    asked
        What is fitted and shown, and where it goes.
    who
        Who looks; the first is fitted, the others alternate with its parameters.
    """
    from experiments.people import trials
    from experiments.people_score.alternating import alternation_beside, check_display
    from experiments.probes.alternation.dynamics import Dynamics
    from stimuli.foundation.files import write_whole

    people = trials("alternation", asked.folder)
    check_display(people, asked.fit)
    observers = who.load(batches=1)
    dynamics = Dynamics(report_time=asked.report_time)
    found = alternation_beside(observers, people, asked.fit, asked.n, asked.seed, asked.generations, dynamics)
    print(*_told(found, asked.fit), sep="\n")
    for path, frame in ((asked.out, found.table), (asked.phases, found.phases)):
        if path is not None:
            write_whole(path, frame.to_csv(index=False))
            print(path)
    if asked.figure is not None:
        print(*_drawn(found.phases, asked, observers), sep="\n")


def _told(found, display: str) -> list[str]:
    """The parameters, and the statistics with their intervals as a table."""
    from experiments.table import summary_text

    fit, units = found.fit, {"adaptation": "nat", "adaptation_time": "s", "noise": "nat"}
    told = [f"fitted to people's {display}, misfit {fit.misfit:.2f} after {fit.evaluations} simulations:"]
    for name, (low, high) in fit.intervals.items():
        told.append(f"  {name:16}{getattr(fit.dynamics, name):.2f} [{low:.2f}, {high:.2f}] {units[name]}")
    text = summary_text(found.table).to_string(index=False, float_format="{:.4g}".format, na_rep="-")
    return [*told, "", text, "", "95 % intervals: bootstrap over people, and over pictures of trained networks."]


def _drawn(phases, asked: Asked, observers) -> list[Path]:
    """Draw the figure, with what is known of the observers."""
    import xarray as xr

    from absvit import records
    from experiments.figures import FIGURES, save
    from experiments.studies.take import about

    facts = records.provenance("people alternation", asked.seed, {"n": asked.n, "fit": asked.fit}, observers[0].device)
    facts |= {name: str(of) for name, of in about(observers).items()}
    return save(FIGURES["alternation"](phases), asked.figure, xr.Dataset(attrs=facts))
