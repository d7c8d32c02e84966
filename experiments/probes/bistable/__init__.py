"""Bistable pictures: which of two objects is seen?"""
