"""Measures: numbers of a record, from the record alone; nothing here runs a model or plots."""

from experiments.measures.alternation import dominance_durations, fit_durations, switch_rate
from experiments.measures.conflict import in_conflict, shape_decides
from experiments.measures.consistency import (
    accuracy_by_observer,
    cohens_kappa,
    error_consistency,
    is_cue_conflict,
    is_person,
    mean_error_consistency,
    remarks,
    shape_bias,
    shape_decisions,
    stimulus_of,
)
from experiments.measures.corruption import corruption_profile
from experiments.measures.cue_effects import PROFILED, mechanism_profile
from experiments.measures.cue_roles import Cueing, cueing_of, cueings_of, told_of
from experiments.measures.dynamics import (
    cue_memory,
    decision_time,
    energy_change,
    fixed_point_distance,
    hysteresis_area,
    hysteresis_width,
    oscillation,
    settling_iteration,
    speed_accuracy,
    transition_point,
)
from experiments.measures.letters import letter_evidence
from experiments.measures.localisation import RIVALS, object_tokens, object_tokens_of_all, roc_auc
from experiments.measures.matching import cue_benefit, cue_false_alarms, matched_strength
from experiments.measures.response_times import conditional_accuracy, response_entropy, response_margin
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
)
from experiments.measures.sensitivity import DETECTED, asked_evidence, detection_by_cue
from experiments.measures.spacing import critical_spacing
from experiments.measures.spotlight import attention_gradient, benefit_by_place, cue_distance
from experiments.measures.targets import (
    cueing_benefit,
    cueing_cost,
    prior_difference,
    region_auc,
    region_iou,
    region_pointing,
    region_share,
    reported,
    target_evidence,
    target_probability,
)
from experiments.statistics.detection import (
    area_from_evidence,
    criterion,
    d_prime,
    d_prime_from_area,
    d_prime_from_choice,
    proportion_correct,
)
from experiments.statistics.groups import congruency_effect, group_difference
from experiments.statistics.intervals import bootstrap
from experiments.statistics.psychometric import PsychometricFit, Sigmoid, fit_psychometric, psychometric_intervals
from experiments.statistics.resampling import cohens_dz, hierarchical_bootstrap, paired_permutation_test, sign_test
from experiments.statistics.similarity import linear_cka, rdm, representation_similarity, rsa, rsatoolbox_rdms
from experiments.statistics.slopes import slope

__all__ = [
    "absent_probability", "accuracy", "accuracy_by_observer", "area_from_evidence", "asked_evidence", "attention_auc",
    "attention_gradient", "attention_share", "benefit_by_place", "bootstrap", "classes_known", "cohens_dz",
    "cohens_kappa", "conditional_accuracy", "congruency_effect", "corruption_profile", "criterion",
    "critical_spacing", "cue_benefit", "cue_decides", "cue_distance", "cue_false_alarms", "cue_memory",
    "cued_probability", "Cueing", "cueing_benefit", "cueing_cost", "cueing_of", "cueings_of", "d_prime",
    "d_prime_from_area", "d_prime_from_choice", "decision_time", "DEFAULT_MAP", "DETECTED", "detection_by_cue",
    "dominance_durations", "energy_change", "error_consistency", "fit_durations", "fit_psychometric",
    "fixed_point_distance", "group_difference", "hierarchical_bootstrap", "hysteresis_area", "hysteresis_width",
    "in_conflict", "is_cue_conflict", "is_person", "letter_evidence", "linear_cka", "MAPS", "matched_strength",
    "mean_error_consistency", "mechanism_profile", "object_1_share", "object_tokens", "object_tokens_of_all",
    "oscillation", "other_probability", "paired_permutation_test", "prior_difference", "probabilities", "PROFILED",
    "proportion_correct", "psychometric_intervals", "PsychometricFit", "rdm", "region_auc", "region_iou",
    "region_pointing", "region_share", "remarks", "reported", "representation_similarity", "response_entropy",
    "response_margin", "RIVALS", "roc_auc", "rsa", "rsatoolbox_rdms", "selection_index", "settling_iteration",
    "shape_bias", "shape_decides", "shape_decisions", "Sigmoid", "sign_test", "slope", "speed_accuracy", "stimulus_of",
    "switch_rate",
    "target_evidence", "target_probability", "told_of", "transition_point", "written",
]  # fmt: skip
