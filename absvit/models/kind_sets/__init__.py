"""Sets of kinds: categories, each of some of a model's classes. ``kind_set.py`` is the contract.

A set is a frozen declaration, such as :data:`~absvit.models.kind_sets.sixteen.SIXTEEN`, or a user's own CSV
file; another package's is found by the entry point ``absvit.kind_sets``.
"""

import lazy_loader

from stimuli.foundation.registry import Registry

__all__ = ["KIND_SETS", "CategoryReadout", "KindSet", "kind_set_of"]

KIND_SETS = Registry("absvit.models.kind_sets.kind_set:KindSet", "absvit.kind_sets", ("absvit.models.kind_sets",))

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "category_readout": ["CategoryReadout"],
        "kind_set": ["KindSet"],
        "reading": ["kind_set_of"],
    },
)
