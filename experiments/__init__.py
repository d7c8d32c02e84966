"""Experiments: a probe shows stimuli to observers and leaves a record; measures, tables and figures tell of it.

>>> import absvit, experiments
>>> record = experiments.run("crowding", absvit.load_model("absvit_micro"), n=20)
>>> experiments.summary(record)

What this page names is loaded when it is asked for.
"""

import importlib

_HOMES = {
    "FIGURES": "experiments.figures:FIGURES",
    "OBSERVERS": "experiments.observers:OBSERVERS",
    "PROBES": "experiments.probes:PROBES",
    "Condition": "experiments.probe:Condition",
    "Observer": "experiments.observers:Observer",
    "Probe": "experiments.probe:Probe",
    "Stimuli": "experiments.probe:Stimuli",
    "check_observer": "experiments.observers:check_observer",
    "check_probe": "experiments.check:check_probe",
    "check_task": "experiments.studies.task_check:check_task",
    "figures": "experiments.figures",
    "load_observers": "experiments.observers:load_observers",
    "observer_of": "experiments.observers:observer_of",
    "look": "experiments.live.look:look",
    "measures": "experiments.measures",
    "open_record": "absvit.records:load",
    "rivals": "experiments.live.tell_figure:rivals",
    "run": "experiments.experiment:run",
    "statistics": "experiments.statistics",
    "summary": "experiments.table:summary",
    "take": "experiments.studies.take:take",
    "take_study": "experiments.studies.take:take_study",
    "tell": "experiments.live.tell:tell",
}
__all__ = list(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'experiments' has no attribute {name!r}; it has {', '.join(_HOMES)}")
    module, _, attribute = _HOMES[name].partition(":")
    found = importlib.import_module(module)
    return getattr(found, attribute) if attribute else found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
