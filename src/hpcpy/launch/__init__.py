"""Runs of an image: which engine, which command."""
