"""The host-side tool of hpcpy, on Python 3.11 with the standard library alone."""
