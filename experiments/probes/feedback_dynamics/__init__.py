"""Dynamics: what happens from pass to pass?"""
