"""Attention network task and local and global letters, of a battery of tasks: Eisenberg et al. 2019."""

from __future__ import annotations

from dataclasses import replace

from experiments.people.match import Fitting, Match
from experiments.people.published_files import files_of
from experiments.people.published_source import Source
from experiments.people.table_columns import Columns
from experiments.trials.effects import Effect
from experiments.trials.trim import Trim

__all__ = ["ATTENTION_NETWORK", "LOCAL_GLOBAL"]

REFERENCE = "Eisenberg et al. 2019, Nature Communications 10, 2319"
LICENCE = "none is known: each user fetches the files, and does not pass them on"
HEURISTICS = "people with accuracy below .6, or without an answer in more than a quarter of the trials"
WHENCE = (
    "Eisenberg et al. 2019, supplement, quality control of tasks; from memory, not held against the text. Two of its "
    "rules (a median reaction time below .2 s, one key in more than .95 of the trials) are not applied"
)
PUBLISHED = Trim(least_accuracy=0.6, most_missing=0.25)

BATTERY = Columns(
    participant="worker_id", phase="exp_stage", rt="rt", unit="ms", none=("-1", "-1.0"), correct="correct",
    response="key_press", answer="correct_response",
)  # fmt: skip

FLANKERS = ("congruent", "incongruent", "neutral")
ATTENTION_NETWORK = Source(
    "attention_network",
    "attention network task: flankers after four kinds of cues; 522 people",
    replace(
        BATTERY,
        factors={"cue": "cue", "flanker": "flanker_type", "place": "flanker_location"},
        levels={
            "cue": {"nocue": "none", "center": "centre", "double": "double", "spatial": "spatial"},
            "key_press": {"37.0": "left", "39.0": "right", "-1.0": ""},
            "correct_response": {"37.0": "left", "39.0": "right"},
        },
    ),
    conditions={
        "cue": {
            "none": "nothing warns of the target",
            "centre": "a cue at fixation says when",
            "double": "cues at both places say when",
            "spatial": "a cue at the target's place says when and where",
        },
        "flanker": {
            "congruent": "the arrows beside the target point as it does",
            "incongruent": "they point the other way",
            "neutral": "lines without arrowheads flank the target",
        },
        "place": {"up": "above fixation", "down": "below fixation"},
    },  # fmt: skip
    effects=(
        Effect("alerting", "cue", "none", "double", trim=PUBLISHED),
        Effect("orienting", "cue", "centre", "spatial", trim=PUBLISHED),
        Effect("cueing", "cue", "none", "spatial", trim=PUBLISHED),
        Effect("conflict", "flanker", "incongruent", "congruent", trim=PUBLISHED),
        Effect("conflict, accuracy", "flanker", "congruent", "incongruent", measure="accuracy", trim=PUBLISHED),
    ),
    reference=f"{REFERENCE}; the task: Fan et al. 2002, J. Cogn. Neurosci. 14, 340-347",
    licence=LICENCE,
    exclusions=HEURISTICS,
    excluded_by=WHENCE,
    units={"rt": "ms"},
    people=522,
    trials=75_168,
    files=files_of("attention_network"),
    match=Match(
        "attention_network",
        {
            "cue": ("instruction", {cue: cue for cue in ("none", "centre", "double", "spatial")}),
            "flanker": ("congruency", {kind: kind for kind in FLANKERS}),
            "place": ("target_place", {"up": "above", "down": "below"}),
        },
        no_items="people saw arrows, of which there are as many displays as conditions, and observers shapes",
        fitting=Fitting(("cue", "flanker"), tuple(f"none, {kind}" for kind in FLANKERS)),
        differs=(
            "Observers name a shape, not the way an arrow points, with one flanker on either side, and are told what a "
            "cue says: a spotlight on the row's place, or one on either place, all places alike for a cue at fixation, "
            "no prior for none. They have no time: of alerting there is only what the two places are worth."
        ),
    ),
)

LETTERS = {"72.0": "h", "83.0": "s"}
LOCAL_GLOBAL = Source(
    "local_global",
    "large letters made of small ones, told to attend either (Navon 1977); 522 people",
    replace(
        BATTERY,
        instruction="condition",
        factors={
            "conflict": "conflict_condition", "global_letter": "global_shape", "local_letter": "local_shape",
            "switch": "switch",
        },
        levels={
            "condition": {"global": "attend global", "local": "attend local"},
            "key_press": LETTERS | {"-1.0": ""}, "correct_response": LETTERS,
        },
    ),  # fmt: skip
    conditions={
        "instruction": {"attend global": "name the large letter", "attend local": "name the small letters"},
        "conflict": {
            "congruent": "both letters are the same", "incongruent": "the other letter asks for the other key",
            "neutral": "the other letter asks for no key",
        },
        "switch": {"stay": "the instruction is that of the trial before", "switch": "it has changed"},
    },  # fmt: skip
    effects=(
        *(
            Effect(
                f"conflict, {told}", "conflict", "incongruent", "congruent", where={"instruction": told},
                trim=PUBLISHED,
            )
            for told in ("attend global", "attend local")
        ),
        *(
            Effect(
                f"conflict, {told}, accuracy", "conflict", "congruent", "incongruent", measure="accuracy",
                where={"instruction": told}, trim=PUBLISHED,
            )
            for told in ("attend global", "attend local")
        ),
        Effect("global precedence", "instruction", "attend local", "attend global", trim=PUBLISHED),
    ),  # fmt: skip
    reference=f"{REFERENCE}; the task: Navon 1977, Cogn. Psychol. 9, 353-383",
    licence=LICENCE,
    exclusions=HEURISTICS,
    excluded_by=WHENCE,
    units={"rt": "ms"},
    people=522,
    trials=50_112,
    files=files_of("local_global"),
    note="The colour of the letters tells which are to be named; neutral letters are an o.",
    match=Match(
        "navon",
        {
            "instruction": ("instruction", {"attend global": "global", "attend local": "local"}),
            "conflict": ("congruency", {"congruent": "congruent", "incongruent": "incongruent"}),
        },
        no_items="people saw the letters h, s and o, of which there are as many displays as conditions",
        fitting=Fitting(
            ("instruction", "conflict"), ("attend global, congruent", "attend global, incongruent")
        ),
        differs=(
            "A wide spotlight tells observers to attend global, a narrow one on the middle to attend local. Those that "
            "know no letters are read out by the likeness of their logits to those of congruent figures."
        ),
    ),
)  # fmt: skip
