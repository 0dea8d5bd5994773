"""Replaces the tests' files that the sdist lacks: it has only test_*.py."""
