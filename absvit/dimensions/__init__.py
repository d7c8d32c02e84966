"""Dimensions of pictures, shape and texture, learnt as priors from pictures that have only one of them.

``python -m absvit.dimensions FOLDER --model NAME --out FILE`` learns them from any photographs; no category is
told, and none is learnt.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "learning": ["learn_dimensions"],
        "dimension_file": ["Dimensions", "read_dimensions", "write_dimensions"],
    },
)
