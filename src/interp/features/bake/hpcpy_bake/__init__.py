"""Bake packages into an image that is built on this one: see docs/bake.md."""
