"""Matched strengths: at which strength does a cue help most without making up what is not there?"""
