"""The host-side tool of hpcpy: engine, pins, builds, launches.

It runs on Python 3.11 with the standard library alone, since it is what a
bare machine starts with.  ``python3 -m hpcpy`` lists its commands; the
Makefile names the ones that people use.
"""
