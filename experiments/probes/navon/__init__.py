"""Compound letters."""
