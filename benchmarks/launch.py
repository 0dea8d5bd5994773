"""The steps from srun to the last rank: python3 benchmarks/launch.py --help."""

import sys

from checkout import run

if __name__ == "__main__":
    sys.exit(run("measure.launch"))
