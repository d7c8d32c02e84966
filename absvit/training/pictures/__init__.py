"""Training on labelled pictures."""
