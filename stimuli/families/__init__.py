"""Stimulus families: each a frozen dataclass of parameters and a function that draws."""
