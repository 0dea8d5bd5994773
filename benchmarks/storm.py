"""Starts of ranks on a shared file system: python3 benchmarks/storm.py --help."""

import sys

from checkout import run

if __name__ == "__main__":
    sys.exit(run("sharedfs.command"))
