"""Smoke carried by an incompressible flow."""
