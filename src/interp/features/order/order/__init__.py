"""Puts what a start needs of CPython side by side in the executable."""
