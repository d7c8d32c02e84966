"""Experiments: one file per probe, each writes a record."""
