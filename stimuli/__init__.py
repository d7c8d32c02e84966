"""Stimulus sets: images with everything that is known of them, each image a function of its seed."""
