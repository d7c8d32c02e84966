"""Records: xarray datasets on disk, written a chunk of stimuli at a time; nothing else writes results.

A chunk is the unit of writing. Its stimuli are marked in the variable ``done`` after their data are on disk,
so that a run which was stopped goes on where it was, and a reader knows what to trust. Several processes may
write disjoint chunks of one record at the same time. Every chunk carries a checksum, and the record a digest
of each of its files: damage is an error to whoever reads it, and a run that goes on does the damaged chunks
again.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "provenance": ["provenance"],
        "reading": ["export", "in_memory", "load", "verify"],
        "seals": ["Damaged"],
        "writing": ["Record", "begin", "join"],
    },
)
