"""Bakes packages into an image that stands on this one: see docs/bake.md."""
