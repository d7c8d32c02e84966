"""Families whose stimuli need time: streams, changes, cues before arrays, configurations that come again."""
