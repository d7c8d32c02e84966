"""Spatial priors: does attending a place help what lies there?"""
