"""What each figure is tried on: small records, trials and logs with known numbers."""

import json

import numpy as np
import pandas as pd
import synthetic_probe_records as made
from synthetic_records import bistable_record, several

from experiments import measures
from experiments.exchange.human_trials import trials_of
from experiments.trials.simulated import NEUTRAL, SimulatedPeople, detection_trials
from experiments.trials.trial_table import trial_table

OBSERVERS = ("vit_a_model_of_a_very_long_name", "subject-01", "subject-02")


def with_mistakes(observer, every):
    """Trials of an observer who answers so many of them wrongly, that others may share the mistakes."""
    trials = trials_of(bistable_record(12, model=observer))
    trials.loc[trials.index % every == 0, "object_response"] = "disk"
    return trials


def logs():
    """Losses and accuracies of two recipes, three seeds each."""
    rows = [
        {"recipe": recipe, "seed": seed, "epoch": epoch, "loss": 2 / epoch + 0.1 * seed, "top1": 60.0 + epoch - seed}
        for recipe in ("cifar10_absvit", "cifar10_vit")
        for seed in range(3)
        for epoch in range(1, 13)
    ]
    return pd.DataFrame(rows)


def observers_record():
    """Two objects seen by rivals and by controls, some of which take no place, or no cue at all."""
    names = ("cnn_micro+evidence_gate:strength=4", "cnn_micro+feature_gain:layers=a,layers=b", "cnn_micro", "vit_micro")
    kinds = {names[1]: ["class"], names[2]: []}
    record = several((*names, "cnn_micro+decision_bias"), n=4, size=16, tokens=4)
    return record.assign(class_activation=record["value_norm"]).assign_attrs(prior_kinds=json.dumps(kinds))


def matched_record():
    """Cues of several strengths, and the choice among them."""
    record = made.gains_record()
    choice = measures.matched_strength(record, 0.5).data_vars
    return record.assign(choice).assign_attrs(
        probe="match", title="match", parameters=json.dumps({"false_alarms": 0.5})
    )


def study_trials():
    """People and observers in one table, one of the people without a condition."""
    generator = np.random.default_rng(0)
    people = detection_trials(SimulatedPeople(7, 8), generator)
    people = people[(people["participant"] != "person 7") | (people["instruction"] == NEUTRAL)]
    names = ("vit_a_model_of_a_very_long_name+feedback:strength=4", "absvit_micro")
    models = [
        people[people["participant"] == f"person {k}"].assign(
            kind="model", participant=name, rt=np.nan,
            **{f"p({option})": generator.random(32) for option in ("present", "absent")},
        )
        for k, name in enumerate(names, 1)
    ]  # fmt: skip
    return trial_table(pd.concat([people, *models]))


def people_score():
    """Two tasks, in one of which an observer cannot be told; one effect in the unit of people's."""
    people = {"who": "people", "status": "compared", "unit": "s", "n": 40.0}
    mean, d = ({f"{name}{end}": value for end, value in zip(("", "_low", "_high"), ends, strict=True)} for name, ends in
               (("mean", (0.02, 0.01, 0.03)), ("d", (1.0, 0.5, 1.5))))  # fmt: skip
    observer = {
        "who": "tf_efficientnet_lite0_of_a_long_name+evidence_gate:strength=2",
        "status": "compared",
        "n": 24.0,
        **mean,
        **d,
    }
    cannot = {"who": "vit_micro", "status": "cannot"}
    rows = []
    for task, unit in (("posner", "nat"), ("posner", "s"), ("local_global", "1")):
        told = {"task": task, "effect": f"effect in {unit}"}
        first = people | {"unit": "1" if unit == "1" else "s", "n": 40.0 if task == "posner" else 502.0}
        rows += [told | first | mean | d, told | observer | {"unit": unit}, told | cannot | {"unit": unit}]
    return pd.DataFrame(rows).assign(differs="Observers have no time.")


def phases_of_percepts():
    """People in two displays and at two contrasts, and an observer with its evidence scaled."""
    generator, rows = np.random.default_rng(0), []
    seen = [("people", "Necker cube", 1.0), ("people", "rivalry", 1.0)]
    seen += [("people", "rivalry at five contrasts", c) for c in (0.5, 1.0)]
    seen += [("small_net", "pictures", c) for c in (0.5, 1.0)] + [("small_net, evidence scaled", "pictures", 0.5)]
    for who, display, contrast in seen:
        for participant in "abc":
            told = {"who": who, "display": display, "contrast": contrast, "participant": participant, "session": 1}
            durations = generator.gamma(3, 1, 40)
            percepts = np.resize(["left", "right", "left", "mixed"], 40)
            rows.append(pd.DataFrame(told | {"block": 1, "response": percepts, "duration": durations}))
    return pd.concat(rows, ignore_index=True)


RECORDS = {
    "alternation": phases_of_percepts,
    "signature": lambda: [bistable_record(4, size=32)],
    "steering": lambda: [several(n=4, size=16, tokens=4)],
    "gains": lambda: [made.gains_record()],
    "psychometric": lambda: [made.graded_record()],
    "maps": lambda: [several(n=4, size=16, tokens=4)],
    "object_prior": lambda: [made.object_prior_record()],
    "spatial_prior": lambda: [made.spatial_prior_record()],
    "search": lambda: [made.search_record()],
    "crowding": lambda: [made.crowding_record()],
    "navon": lambda: [made.navon_record()],
    "contours": lambda: [made.contours_record()],
    "settling": lambda: [made.dynamics_record("settling")],
    "energy": lambda: [made.dynamics_record("settling")],
    "hysteresis": lambda: [made.dynamics_record("hysteresis")],
    "dominance": lambda: [made.dynamics_record("switching", 60)],
    "dynamics": lambda: [made.dynamics_record("settling"), made.dynamics_record("hysteresis")],
    "mechanisms": lambda: [observers_record()],
    "cue_conflict": lambda: [made.cue_conflict_record()],
    "match": lambda: [matched_record()],
    "corruption": lambda: [made.corruption_record()],
    "robustness": lambda: [made.robustness_record(m, s) for m in ("intact", "vit_small_patch16_224") for s in (0, 1)],
    "training": logs,
    "consistency": lambda: pd.concat([with_mistakes(name, 2 + k) for k, name in enumerate(OBSERVERS)]),
    "study": study_trials,
    "people": people_score,
    "sheet": lambda: [made.graded_record(10)],
}
UNSAMPLED = (
    "alternation",
    "signature",
    "sheet",
    "robustness",
    "training",
    "consistency",
    "study",
    "people",
)  # figures without a bootstrap


def few(name):
    """Options that let a figure be drawn fast."""
    shown = {"quantities": ("benefit", "p_cued", "choice_d_prime", "auc_class_activation")}
    return {} if name in UNSAMPLED else {"n": 20} | (shown if name == "mechanisms" else {})
