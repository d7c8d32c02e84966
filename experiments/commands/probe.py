"""The command of a probe: who looks, what is shown, the parameters, and where the record goes are its options."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, make_dataclass
from typing import Annotated, Literal

import tyro
import xarray as xr

from absvit import records
from absvit.distributed import joined
from absvit.records.options import Store
from experiments.command_options import ObserverOptions, StimulusOptions
from experiments.probe import Probe
from stimuli.foundation import command_line

__all__ = ["command_of"]

TOLD = 3  # kinds that a phrase was taken for


@dataclass(frozen=True)
class Sentences:
    """What is told in plain language.

    Parameters
    ----------
    instruct
        Sentences such as "the dog on the left", each a further prior of observers that take words; others
        look bottom-up under it.
    """

    instruct: tuple[str, ...] = ()


def command_of(probe: Probe) -> Callable:
    """Make the command of a probe."""

    def start(
        store: Store, who: ObserverOptions, source: StimulusOptions, parameters, display=None, told=Sentences()
    ) -> None:
        from experiments.experiment import run  # these load torch, which no help needs
        from experiments.instructed import instructed
        from experiments.source import shown

        with joined("cpu" if who.device == "cpu" else None) as process:
            asked = instructed(probe, told.instruct) if told.instruct else probe
            observers, changes = who.load(), asdict(display) if display else {}
            family = changes.pop("family", "")
            stimuli = shown(probe, parameters, source, observers[0], family, changes)
            record = run(asked, observers, stimuli, parameters, source.seed, store)
            if process.is_first:
                print(*_readings(record), _summary(records.in_memory(record), probe), sep="\n")

    source = StimulusOptions(seed=probe.seed)
    options = {"store": Store, "who": ObserverOptions, "source": source, "parameters": probe.parameters}
    if probe.families or probe.varies:
        options["display"] = _display(probe)
    if probe.show is None:
        options["told"] = Sentences
    return command_line.command(probe.question, start, **options)


def _display(probe: Probe) -> type:
    """Options of what is drawn: one of several families, and what can be varied in it."""
    found = []
    if probe.families:
        names = (probe.display, *probe.families)
        told = "Family that is drawn. Of an overlay every mix is shown; photographs can shine through each other, too."
        found.append(("family", Annotated[Literal[names], tyro.conf.arg(help=told)], field(default=probe.display)))
    for name, (default, told) in probe.varies.items():
        found.append((name, Annotated[type(default), tyro.conf.arg(help=told)], field(default=default)))
    return make_dataclass("Display", found, frozen=True)


def _readings(record: xr.Dataset) -> list[str]:
    """How the sentences of a record were read, if there are any, and where their effects stand."""
    if "sentence" not in record:
        return []
    told = zip(record["sentence"].values, record["reading"].values, strict=True)
    read = [f"{sentence!r} was read as {reading}" for sentence, reading in told if reading]
    read += [f"{name} took {_taken(meant)}" for name, of in _meanings(record).items() for meant in of.values()]
    return [*read, "The record holds what was seen under them, by prior."] if read else []


def _meanings(record: xr.Dataset) -> dict[str, dict[str, dict]]:
    """What phrases were taken for, by observer and phrase."""
    return json.loads(record.attrs.get("meanings", "{}"))


def _taken(meant: dict) -> str:
    """What a phrase was taken for, in a line."""
    kinds = ", ".join(f"{name.split(', ')[0]} {weight:.0%}" for name, weight in meant["kinds"][:TOLD])
    doubt = ", doubtful" if meant["doubtful"] else ""
    return f'"{meant["text"]}" for {kinds} (confidence {meant["confidence"]:.2f}{doubt})'


def _summary(record: xr.Dataset, probe: Probe) -> str:
    """The summary as text; a record of too few stimuli has none, and is whole all the same."""
    from experiments.table import table, untold

    if probe.summarise is None:
        return f"{record.sizes['stimulus']} stimuli are recorded"
    try:
        frame = probe.summarise(record)
        seeds = 1 if "seed" in frame else record.sizes.get("seed", 1)
        return "\n".join([table(frame, seeds), *untold([record])])
    except records.Damaged:
        raise
    except ValueError as error:
        raise ValueError(
            f"the record is whole, but too small to be summarised, n = {record.sizes['stimulus']} ({error}): give a "
            "larger --n and another --out"
        ) from error
