"""Corruptions: does looking twice help with bad pictures?"""
