"""One file against many, on three places: python3 benchmarks/write.py --help."""

import sys

from checkout import run

if __name__ == "__main__":
    sys.exit(run("measure.writing.command"))
