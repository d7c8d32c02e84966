"""Alternation of two readings in time."""
