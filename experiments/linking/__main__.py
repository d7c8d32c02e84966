"""``python -m experiments.linking``: the links, their pages, a fit, and the recovery of a diffusion."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from experiments.linking import LINKS
from experiments.linking.link_recovery import DiffusionRecovery, recovered
from stimuli.foundation import command_line

__all__ = ["COMMANDS", "main"]

Words = tyro.conf.Positional


def list_links() -> None:
    """Say what links there are, a line each."""
    print(*(f"{name:20}{line}" for name, line in LINKS.lines().items()), sep="\n")


def page(link: Annotated[str, Words]) -> None:
    """Show the page of a link: equations, source, assumptions, parameters.

    Parameters
    ----------
    link
        Its name.
    """
    print(LINKS[link].page)


def fit(
    people: Annotated[tuple[Path, ...], Words],
    observer: Path,
    conditions: tuple[str, ...],
    by: tuple[str, ...] = ("instruction",),
    link: str = "diffusion",
    moments: tuple[str, ...] = (),
    participant: str = "",
    n: int = 500,
    seed: int = 0,
    out: Path | None = None,
    rt: Path | None = None,
) -> None:
    """Fit a link to some of people's conditions, and test it on the others.

    Parameters
    ----------
    people
        Trial tables of people, CSV or Zarr.
    observer
        Trial table of an observer with columns p(OPTION).
    conditions
        Conditions that are fitted; all others are tested.
    by
        Factors whose levels make the conditions.
    link
        Name of the link.
    moments
        What is fitted: mean, accuracy, variance; the link's own, if left out.
    participant
        Which observer, where the table holds several.
    n
        Samples of people for the intervals.
    seed
        Seed of these.
    out
        JSON file to which the fitted link is written.
    rt
        CSV file to which the observer's trials are written with their predicted times.
    """
    from experiments.linking.fitted_link import with_rt
    from experiments.linking.link_fit import fit as fitted_to
    from experiments.trials.trial_table import read, write_csv

    if not people:
        raise ValueError("name at least one trial table of people, such as people.csv")
    theirs, table = read(people), read(observer)
    if participant and participant not in set(names := table["participant"]):
        raise ValueError(f"{observer} has no participant {participant!r}; there are {', '.join(names.unique())}")
    table = table[table["participant"] == participant] if participant else table
    how = {"by": by, "conditions": conditions, "moments": moments, "n": n, "seed": seed}
    found = fitted_to(theirs, table, link, **how)
    print(found)
    if out:
        print(f"\nwritten: {found.save(out)}")
    if rt:
        print(f"written: {write_csv(with_rt(table, found), rt)}")


def recovery(parameters: tyro.conf.OmitArgPrefixes[DiffusionRecovery]) -> None:
    """Recover a diffusion's parameters from people whom pyddm simulates: bias, share of intervals that hold.

    Parameters
    ----------
    parameters
        Simulated people and their experiments.
    """
    for number, row in enumerate(recovered(parameters)):
        if not number:
            print("".join(f"{name:>13}" for name in row))
        cells = (f"{value:.4g}" if isinstance(value, float) else value for value in row.values())
        print("".join(f"{cell:>13}" for cell in cells), flush=True)


COMMANDS = {"list": list_links, "page": page, "fit": fit, "recovery": recovery}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : words after the program's name; those of the process if left out.

    Returns
    -------
    Exit code: 0, or 2 after one line on standard error.
    """
    return command_line.run(COMMANDS, "python -m experiments.linking", arguments)


if __name__ == "__main__":
    sys.exit(main())
