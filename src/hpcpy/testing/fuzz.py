"""``hpcpy fuzz``: feed random inputs to our C, which sanitizers watch, for as long as asked."""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hpcpy import paths
from hpcpy.checkout_lock import checkout_lock
from hpcpy.engine.venv import ensure_venv
from hpcpy.errors import UsageError

_MINUTES = 10
_TESTS = "tests/unit/test_fuzz_*.py"
# tests/unit/fuzzing.py reads them: a round's cases in per cent of those of `make test`, and
# the file where each fuzzer says how many it had.
_CASES, _COUNTS = "HPCPY_FUZZ_CASES", "HPCPY_FUZZ_COUNTS"
_PER_CENT = 200


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = f"how long at least: no round begins after it (default {_MINUTES})"
    parser.add_argument("--minutes", type=int, default=_MINUTES, help=help_)


def main(options: argparse.Namespace) -> int:
    """Run the fuzzers in rounds, each with a seed of its own, until one finds something.

    Returns
    -------
    int
        0 when none has found anything, 1 otherwise.
    """
    if options.minutes < 1:
        raise UsageError(f"--minutes {options.minutes}: at least one is needed")
    with checkout_lock():
        python = ensure_venv() / "bin/python"
    begun = time.monotonic()
    totals: dict[str, int] = {}
    rounds = 0
    while time.monotonic() < begun + 60 * options.minutes:
        seed = random.SystemRandom().randrange(1 << 32)
        code, counts = _round(python, seed)
        rounds += 1
        for name, count in counts.items():
            totals[name] = totals.get(name, 0) + count
        cases = sum(counts.values())
        print(f"round {rounds}: seed {seed}, {cases:,} cases", flush=True)
        if code:
            _say_how_to_repeat(seed)
            return 1
    seconds = time.monotonic() - begun
    each = ", ".join(f"{name} {count:,}" for name, count in sorted(totals.items()))
    print(f"{sum(totals.values()):,} cases in {seconds:.0f} s ({each}): nothing found")
    return 0


def _round(python: Path, seed: int) -> tuple[int, dict[str, int]]:
    """Run each fuzzer once; return pytest's exit code, and how many cases each one had."""
    files = [str(file) for file in sorted(paths.ROOT.glob(_TESTS))]
    with tempfile.TemporaryDirectory(prefix="hpcpy-fuzz.") as folder:
        counted = Path(folder, "counts")
        counted.touch()
        wide = [f"--numprocesses={os.cpu_count() or 1}", "--dist=loadfile"]
        command = [str(python), "-m", "pytest", "-q", f"--hypothesis-seed={seed}", *wide, *files]
        done = subprocess.run(
            command,
            cwd=paths.ROOT,
            env={**os.environ, _CASES: str(_PER_CENT), _COUNTS: str(counted)},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.stdout.write(done.stdout)
        lines = [line.split() for line in counted.read_text().splitlines()]
    return done.returncode, {name: int(count) for name, count in lines}


def _say_how_to_repeat(seed: int) -> None:
    print(
        "hpcpy fuzz: a fuzzer found something, or could not run; an @example of its test keeps"
        f" it; again: {_CASES}={_PER_CENT} build/venv/bin/python -m pytest"
        f" --hypothesis-seed={seed} {_TESTS}",
        file=sys.stderr,
    )
