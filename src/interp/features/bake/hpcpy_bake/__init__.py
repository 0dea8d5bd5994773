"""Bake packages into an image that is built on this one: see docs/how-to/own-packages.md."""
