"""Designs of experiments: which participant sees which item under which condition, and in which order.

>>> from stimuli import designs
>>> design = designs.Design(within={"instruction": ("attend left", "attend right")}, in_a_row={"instruction": 3})
>>> items = designs.items_of(stimuli.draw("halves", n=24))
>>> lists = design.lists(items, participants=20, seed=0, keys=("f", "j"))
>>> print(designs.balance(lists).to_string())
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "balancing": ["balance"],
        "items": ["items_of"],
        "lists": ["Design"],
        "orders": ["constrained_order"],
        "squares": ["key_map", "latin_square", "williams_square"],
    },
)
