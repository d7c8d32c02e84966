"""Crowding."""
