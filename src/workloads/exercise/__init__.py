"""Exercises for a class: a file with a hole, and what checks it."""
