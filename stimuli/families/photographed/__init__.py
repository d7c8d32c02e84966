"""Families of photographs as they are: in the places of a mosaic, or whole with outlines of their objects."""
