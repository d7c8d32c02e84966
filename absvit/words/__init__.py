"""Words: what an observer is told in plain language, as priors. ``encoder.py`` is the contract of encoders.

A sentence is read by a small grammar, its phrases become vectors by an encoder of sentences, and a map in
closed form takes vectors to what a network with named classes knows. Another package's encoder is found by the
entry point ``absvit.encoders``.
"""

import lazy_loader

from stimuli.foundation.registry import Registry

__all__ = [
    "ENCODERS", "Encoder", "Meaning", "TextPrior", "WordMap", "check_encoder", "instruction", "meaning", "reading",
    "word_map",
]  # fmt: skip

ENCODERS = Registry("absvit.words.encoder:Encoder", "absvit.encoders", ("absvit.words",))

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "check": ["check_encoder"],
        "encoder": ["Encoder"],
        "grammar": ["reading"],
        "instructions": ["instruction"],
        "confidence": ["Meaning", "meaning"],
        "text_prior": ["TextPrior"],
        "regression": ["WordMap", "word_map"],
    },
)
