"""Trials: what people and observers answered, one row each in one table; and what is computed from such tables."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "answer_scores": ["SCORES", "participant_scores"],
        "bayesian_models": ["bayesian_model"],
        "by_condition": ["condition_means"],
        "mixed_models": ["accuracy_model", "rt_model"],
        "psychometric": ["psychometric_tables"],
        "stored": ["open_table", "save"],
    },
)
