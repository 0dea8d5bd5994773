"""Builds the store: files that lie compressed in one, and are read as if on disk."""
