"""What probes show to a model, as their commands choose it."""

from dataclasses import asdict

import numpy as np

from experiments.observers import observer_of
from experiments.probes import PROBES
from experiments.source import shown
from stimuli.families import FAMILIES


def given(probe, size=(112, 112), n=24):
    """Stimuli of a probe whose family needs a user's files; None of the others, which draw their own."""
    if not FAMILIES[PROBES[probe].displays(PROBES[probe].parameters())].needs:
        return None
    mixed = FAMILIES["overlay"].sized(size, mixes=(0.5,))
    differ = ("stimulus", np.ones(n, bool), {"long_name": "the two readings differ", "units": "1"})
    return FAMILIES["overlay"].draw(mixed, n, 0, 0).assign(conflict=differ)


def display(probe, source, model, **changes):
    """The stimuli of a probe at its default parameters."""
    return shown(PROBES[probe], PROBES[probe].parameters(), source, observer_of(model), changes=changes)


def two_readings(family, source, model):
    return shown(PROBES["bistable"], None, source, observer_of(model), family)


def halves(source, model):
    return two_readings("halves", source, model)


def single_objects(source, model, look=None):
    return display("recognition", source, model, **({} if look is None else {"hue_shift": asdict(look)["hue_shift"]}))


def morphs(source, model, steps):
    probe = PROBES["feedback_dynamics"]
    return shown(probe, probe.parameters(protocol="hysteresis"), source, observer_of(model), changes={"steps": steps})
