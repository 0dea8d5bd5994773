"""Starts of Python by many ranks on a file system with a metadata server: ``make storm``."""
