"""Solid shapes: furniture and other things, upright or turned anyhow."""
