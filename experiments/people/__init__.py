"""People: published trials of people, each source a declaration, beside observers under the same instruction.

``PEOPLE`` names the sources, ours and those of installed packages (entry points ``absvit.people``);
``trials("posner")`` gives one as a trial table.
"""

import lazy_loader

from stimuli.foundation.registry import Registry

__all__ = [
    "PEOPLE", "Columns", "Fitting", "Match", "PublishedFile", "Source", "cached_file", "check_source", "fetch_source",
    "files_of", "people_at_hand", "trials",
]  # fmt: skip

PEOPLE: Registry = Registry("experiments.people.published_source:Source", "absvit.people", ("experiments.people",))

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "at_hand": ["people_at_hand"],
        "check": ["check_source"],
        "match": ["Fitting", "Match"],
        "table_columns": ["Columns"],
        "published_source": ["Source"],
        "published_files": ["PublishedFile", "cached_file", "fetch_source", "files_of"],
        "reading": ["trials"],
    },
)
