"""Trials: what people and observers answered, one row each in one table; and what is computed from such tables."""
