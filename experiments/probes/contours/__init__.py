"""Illusory contours."""
