"""Explorers and the notebooks that show them."""

from absvit.neighbours import check_not_hidden

check_not_hidden("experiments")
