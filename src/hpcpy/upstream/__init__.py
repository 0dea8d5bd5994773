"""The packages' own test suites, run by the interpreters of two images.

`hpcpy.upstream.suites` says what there is, `prepare` unpacks it, `run` runs a
suite in an image, `results` reads what came out, `compare` holds the static
image to the one with wheels, and `report` tells it.
"""
