"""Judges: each returns an empty string for a right answer, or the first thing wrong."""
