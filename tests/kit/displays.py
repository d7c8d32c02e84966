"""What probes show to a model, as their commands choose it."""

from dataclasses import asdict

from experiments.observers import observer_of
from experiments.probes import PROBES
from experiments.source import shown


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
