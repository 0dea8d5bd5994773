"""Starts on a fresh mount, image against image: python3 benchmarks/cold.py --help."""

import sys

from checkout import run

if __name__ == "__main__":
    sys.exit(run("measure.cold.command"))
