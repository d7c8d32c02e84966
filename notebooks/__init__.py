"""Explorers and the notebooks that show them."""
