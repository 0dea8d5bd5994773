"""Run ``make test`` many times beside a load on every core, and tell what failed.

    python3 tests/soak.py --times 10

Each run leaves a log in ``build/soak/<commit>``.  A run that was stopped leaves
none, and the next call goes on with it: ten runs may take several days.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# pytest's lines in its short summary.
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
SUMMARY = re.compile(r"^=* ?(\d+ (?:passed|failed).* in .*?) ?=*$", re.MULTILINE)


@contextlib.contextmanager
def load(processes: int) -> Iterator[None]:
    """Keep cores busy."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def run_once(log: Path, processes: int) -> None:
    """Run all tests; the log is there when they have ended."""
    unfinished = log.with_suffix(".unfinished")
    with load(processes), unfinished.open("w") as stream:
        done = subprocess.run(
            ["make", "test"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
        )
        stream.write(f"make test ended with {done.returncode}\n")
    unfinished.rename(log)


def commit() -> str:
    """Return the commit that is tested; what is not committed is part of none."""
    changes = subprocess.run(
        ["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    if changes:
        sys.exit(f"soak: commit or remove first:\n{changes}")
    named = ["git", "rev-parse", "--short=12", "HEAD"]
    return subprocess.run(
        named, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def main() -> int:
    """Run what is missing of all runs; return 0 if all have passed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=10, help="runs in all (10)")
    parser.add_argument(
        "--load", type=int, default=os.cpu_count(), help="busy processes beside (one a core)"
    )
    asked = parser.parse_args()
    folder = ROOT / "build/soak" / commit()
    folder.mkdir(parents=True, exist_ok=True)
    failed: Counter[str] = Counter()
    passed = 0
    for number in range(1, asked.times + 1):
        log = folder / f"{number:02}.log"
        if not log.exists():
            run_once(log, asked.load)
        text = log.read_text(errors="replace")
        failures = FAILED.findall(text)
        failed.update(failures)
        passed += text.endswith("make test ended with 0\n")
        print(f"run {number}: {'; '.join(SUMMARY.findall(text)) or 'no summary'}  {log}")
        for name in failures:
            print(f"    {name}")
        sys.stdout.flush()
    for name, times in failed.most_common():
        print(f"failed in {times} of {asked.times} runs: {name}")
    print(f"{passed} of {asked.times} runs passed")
    return 0 if passed == asked.times else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
