"""Labelled pictures of any layout, and batches of them."""
