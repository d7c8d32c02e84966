"""Stimulus sets: the format, written and read, made in parts, verified and made again."""
