"""Robustness: corrupted, shifted and attacked pictures, and how well a model still does on them."""
