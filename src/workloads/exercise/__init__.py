"""Exercises for a class: a file with a hole, and the check of it."""
