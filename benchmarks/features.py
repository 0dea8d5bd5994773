"""What each feature of the interpreter is worth: python3 benchmarks/features.py --help."""

import sys

from checkout import run

if __name__ == "__main__":
    sys.exit(run("measure.features"))
