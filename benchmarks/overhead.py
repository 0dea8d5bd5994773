"""Messages between ranks, in containers and out: python3 benchmarks/overhead.py --help."""

import sys

from checkout import run

if __name__ == "__main__":
    sys.exit(run("measure.overhead"))
