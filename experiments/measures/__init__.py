"""Measures: numbers of a record, from the record alone; nothing here runs a model or plots."""

from experiments.measures.intervals import bootstrap
from experiments.measures.localisation import object_tokens, roc_auc
from experiments.measures.selection import (
    DEFAULT_MAP,
    MAPS,
    absent_probability,
    accuracy,
    attention_auc,
    attention_share,
    classes_known,
    cue_decides,
    cued_probability,
    object_1_share,
    other_probability,
    probabilities,
    selection_index,
    written,
)  # fmt: skip

__all__ = [
    "DEFAULT_MAP", "MAPS", "absent_probability", "accuracy", "attention_auc", "attention_share", "bootstrap",
    "classes_known", "cue_decides", "cued_probability", "object_1_share", "object_tokens",
    "other_probability", "probabilities", "roc_auc", "selection_index", "written",
]  # fmt: skip
