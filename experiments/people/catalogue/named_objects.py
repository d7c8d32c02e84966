"""Objects of sixteen kinds named by people: shape and texture under instructions, sets of model-vs-human.

Geirhos et al. 2019 (ICLR) and 2021 (NeurIPS).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from experiments.people.match import Match
from experiments.people.published_files import files_of
from experiments.people.published_source import Source
from experiments.people.table_columns import Columns
from experiments.trials.effects import Effect
from stimuli.foundation.texts import some

__all__ = ["CUE_CONFLICT", "EDGE", "INSTRUCTED_ATTENTION", "MODEL_VS_HUMAN"]

CONFLICT = r"(?P<shape>[a-z]+)\d*-(?P<texture>[a-z]+)\d*\.png"
KINDS = (
    "airplane", "bear", "bicycle", "bird", "boat", "bottle", "car", "cat", "chair", "clock", "dog", "elephant",
    "keyboard", "knife", "oven", "truck",
)  # fmt: skip
SETS = (
    "colour", "contrast", "cue-conflict", "edge", "eidolonI", "eidolonII", "eidolonIII", "false-colour", "high-pass",
    "low-pass", "phase-scrambling", "power-equalisation", "rotation", "silhouette", "sketch", "stylized",
    "uniform-noise",
)  # fmt: skip
CONFLICTS = {"conflict": "shape of one kind, texture of another", "same": "shape and texture of one kind"}
KIND = {"shape": {kind: "" for kind in KINDS}, "texture": {kind: "" for kind in KINDS}, "cues": CONFLICTS}

TRIALS = Columns(
    participant="subj", session="session", rt="rt", response="object_response", answer="category", item="imagename",
    factors={"condition": "condition"}, none=("NaN", "na"),
)  # fmt: skip
TOLD = {"": "neutral", "-content-guessing": "attend shape", "-texture-guessing": "attend texture"}
INSTRUCTED = replace(
    TRIALS, participant=("told", "subj"), instruction="told", levels={"told": TOLD}, factors={},
    name=r"^style-transfer-512-nomask(?P<told>|-content-guessing|-texture-guessing)-experiment_",
)  # fmt: skip


def _items(table: pd.DataFrame) -> pd.DataFrame:
    """The stimulus is the last part of a picture's name, or ImageNet's class and number; the rest tells the trial."""
    return table.assign(item=table["item"].str.extract(r"(n\d{8}_[^_]+|[^_]+)$")[0])


def _of_conflicts(read: Columns) -> Callable[[Sequence[Path]], pd.DataFrame]:
    """Read trials whose pictures are named SHAPEn-TEXTUREm.png."""

    def reader(paths: Sequence[Path]) -> pd.DataFrame:
        table = _items(read(paths))
        parts = table["item"].str.extract(f"^{CONFLICT}$")
        if len(strange := table["item"][parts.isna().any(axis=1)]):
            raise ValueError(f"pictures of two cues are named SHAPEn-TEXTUREm.png, got {strange.iloc[0]!r}")
        cues = (parts["shape"] == parts["texture"]).map({True: "same", False: "conflict"})
        return table.assign(shape=parts["shape"], texture=parts["texture"], cues=cues)

    return reader


def _of_objects(paths: Sequence[Path]) -> pd.DataFrame:
    """Read trials of objects; the set is the first part of the files' names."""
    sets = {Path(path).name.partition("_")[0] for path in paths}
    if unknown := sorted(sets - set(SETS)):
        raise ValueError(f"{unknown[0]!r} is none of the sets of model-vs-human: {some(SETS, len(SETS))}")
    read = replace(
        TRIALS, participant=("set", "subj"), factors={"condition": "condition", "set": "set"}, name=r"^(?P<set>[^_]+)_"
    )
    return _items(read(paths))


def _of_instruction(cue: str, high: str, low: str) -> Effect:
    name = f"{cue}, {high} - {low}"
    where = {"cues": "conflict"}
    return Effect(name, "instruction", high, low, measure="choice", option=cue, where=where, between=True)


INSTRUCTED_ATTENTION = Source(
    "instructed_attention",
    "what a picture with shape and texture in conflict shows, under three instructions; 10 people each",
    _of_conflicts(INSTRUCTED),
    conditions={
        "instruction": {
            "neutral": "say what it is", "attend shape": "say what the shape is of, and ignore the texture",
            "attend texture": "say what the texture is of, and ignore the shape",
        },
        **KIND,
    },
    effects=(
        _of_instruction("shape", "attend shape", "attend texture"),
        _of_instruction("texture", "attend texture", "attend shape"),
        _of_instruction("shape", "attend shape", "neutral"),
        _of_instruction("texture", "attend texture", "neutral"),
    ),
    reference="Geirhos et al. 2019, ICLR (ImageNet-trained CNNs are biased towards texture), appendix",
    licence="CC BY 4.0 (pictures); none is known of the trials",
    people=30,
    trials=38_400,
    files=files_of("instructed_attention"),
    note="The instruction is between people: 10 for each. 80 of the 1,280 pictures have one kind for both cues.",
    match=Match(
        "cue_conflict",
        {
            "instruction": (
                "instruction",
                {"neutral": "neutral", "attend shape": "shape", "attend texture": "texture"},
            ),
            "cues": ("conflict", {"conflict": True, "same": False}),
        },
        told={"shape": "shape", "texture": "texture"},
        pictures="folder",
        item="picture",
        differs=(
            "Observers are told the answer: a cue for the category of the shape, or of the texture, stands for the "
            "instruction to attend to it, which names no category to people."
        ),
        by_dimension="Observers see a picture as long as they like, and are told the dimension by a prior.",
    ),
)  # fmt: skip

EDGE = Source(
    "edge",
    "objects as edges alone, named by 10 people (a set of model-vs-human)",
    lambda paths: _items(TRIALS(paths)),
    conditions={"condition": {"0": "edges"}},
    reference="Geirhos et al. 2019, ICLR; 2021, NeurIPS (model-vs-human)",
    licence="CC BY 4.0",
    people=10,
    trials=1_600,
    files=files_of("edge"),
)

CUE_CONFLICT = Source(
    "cue_conflict",
    "shape of one kind, texture of another, named by 10 people (a set of model-vs-human)",
    _of_conflicts(TRIALS),
    conditions={"condition": {"0": "cue conflict"}, **KIND},
    reference="Geirhos et al. 2019, ICLR; 2021, NeurIPS (model-vs-human)",
    licence="CC BY 4.0",
    people=10,
    trials=12_800,
    files=files_of("cue_conflict"),
)

MODEL_VS_HUMAN = Source(
    "model_vs_human",
    "the 17 sets of model-vs-human from a folder of one's own, without digests",
    _of_objects,
    conditions={"set": {name: name for name in SETS}},
    reference="Geirhos et al. 2021, NeurIPS (github.com/bethgelab/model-vs-human, raw-data)",
    licence="CC BY 4.0",
    pattern="*subject*.csv",
    note="Digests are known of the files of edge and cue-conflict alone, which are sources of their own as well.",
)
