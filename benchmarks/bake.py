"""Starts with baked packages against installed ones: python3 benchmarks/bake.py --help."""

import sys

from checkout import run

if __name__ == "__main__":
    sys.exit(run("measure.baked"))
