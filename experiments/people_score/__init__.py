"""People's published effects beside observers', under the same instruction, task by task."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "all_sources": ["score_sources"],
        "answering": ["Answers", "answers_of"],
        "check": ["check_match"],
        "observed_effect": ["Observed", "observed_effect"],
        "scoring": ["score"],
        "task_figure": ["task_figure"],
    },
)
