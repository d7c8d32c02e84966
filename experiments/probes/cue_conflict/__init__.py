"""Cue conflict: does the shape or the texture of a picture decide what is seen, and what do cues change of it?"""
