"""The attention network task: what flankers cost, and what cues of when and where are worth."""
