"""Which of a model's classes are meant by names: see :mod:`absvit.models.class_names`."""

from absvit.models.class_names import called, candidates, known_as

__all__ = ["called", "candidates", "known_as"]
