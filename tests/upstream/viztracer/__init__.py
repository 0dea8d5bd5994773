"""Stands in for what the sdist lacks of the tests: it has none but test_*.py."""
