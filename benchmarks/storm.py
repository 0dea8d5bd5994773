"""Starts of ranks on a shared file system: python3 benchmarks/storm.py --help."""

import sys

from checkout import run
from sharedfs import command

if __name__ == "__main__":
    sys.exit(run(command.declare, command.main, command.__doc__))
