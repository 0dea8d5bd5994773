"""Starts of Python, image against image: python3 benchmarks/startup.py --help."""

import sys

from checkout import run

if __name__ == "__main__":
    sys.exit(run("measure.startup"))
