"""Rotated handwritten digits."""
