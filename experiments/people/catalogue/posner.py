"""Spatial cueing: Hedge, Powell and Sumner 2018, study 3 (Posner 1980)."""

from __future__ import annotations

from experiments.people.match import Fitting, Match
from experiments.people.published_files import files_of
from experiments.people.published_source import Source
from experiments.people.table_columns import Columns
from experiments.trials.effects import Effect
from experiments.trials.trim import Trim

__all__ = ["POSNER"]

PUBLISHED = Trim(fastest=0.1, deviations=3)
ASYNCHRONIES = (0.3, 0.4, 0.5, 0.6)  # s

READ = Columns(
    participant="participant", session="session", name=r"Study3_(?P<participant>P\d+)Posner(?P<session>\d)",
    header=("block", "number", "asynchrony", "cue", "correct", "rt"), block="block", correct="correct", rt="rt",
    factors={"asynchrony": "asynchrony", "validity": "cue"}, numbers=("asynchrony",),
    levels={"cue": {"0": "valid", "2": "invalid"}}, none=("NaN",), early=True,
)  # fmt: skip

POSNER = Source(
    "posner",
    "spatial cueing: a place is cued, and a target appears there or elsewhere; 40 people, two sessions each",
    READ,
    conditions={
        "validity": {"valid": "the target appears where the cue said", "invalid": "it appears elsewhere"},
        "asynchrony": {soa: f"from the cue's onset to the target's, {soa:g} s" for soa in ASYNCHRONIES},
    },
    effects=(
        Effect("validity", "validity", "invalid", "valid", trim=PUBLISHED),
        *(
            Effect(f"validity at {soa:g} s", "validity", "invalid", "valid", where={"asynchrony": soa}, trim=PUBLISHED)
            for soa in ASYNCHRONIES
        ),
        Effect("validity, accuracy", "validity", "valid", "invalid", measure="accuracy"),
    ),
    reference="Hedge, Powell and Sumner 2018, Behavior Research Methods 50, 1166-1186, study 3",
    licence="none is known: each user fetches the files, and does not pass them on",
    exclusions="reaction times below .1 s, or more than 3 median absolute deviations above the person's median",
    excluded_by="Hedge et al. 2018, Method, data analysis; from memory, not held against the text",
    people=40,
    trials=51_200,
    files=files_of("posner"),
    note=(
        "A valid cue is four times as frequent as an invalid one. Eight answers came before the onset: they count as "
        "answers without a reaction time."
    ),
    match=Match(
        "spatial_prior",
        {"validity": ("instruction", {"valid": "valid", "invalid": "invalid"})},
        no_items="the files tell conditions, and no display",
        fitting=Fitting(("validity",), ("valid",), ("mean", "accuracy", "variance")),
        differs=(
            "People detect a target after a cue that is gone when it comes; observers name a shape at the left or the "
            "right, each seen with attention sent there and with attention sent to the other side, and have no time "
            "for asynchronies. Valid and invalid trials are equally frequent: nothing is learnt from their number."
        ),
    ),
)
