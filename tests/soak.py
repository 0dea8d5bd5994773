"""Run ``make test`` many times beside a load on every core, and tell what failed.

    python3 tests/soak.py --times 10

Each run leaves a log in ``build/soak``, named by its number and its commit.  A run
that was stopped leaves none, and the next call goes on with it: ten runs may take
several days.  They may be of several commits, since the cause of a failure is
mended between them: what counts is how many have passed since the last failure.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
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
        test = subprocess.Popen(
            ["make", "test"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = test.wait()
        except KeyboardInterrupt:
            # It ends what it has started; a kill would leave that behind.
            os.killpg(test.pid, signal.SIGINT)
            test.wait()
            raise
        stream.write(f"load average of 5 and 15 minutes: {os.getloadavg()[1:]}\n")
        stream.write(f"make test ended with {code}\n")
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
    """Run until so many in a row have passed; return 0 if they have."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=10, help="runs that pass in a row (10)")
    parser.add_argument(
        "--load",
        type=int,
        default=os.cpu_count(),
        help="busy processes beside (one a core; fewer where other work is the load)",
    )
    asked = parser.parse_args()
    folder = ROOT / "build/soak"
    folder.mkdir(parents=True, exist_ok=True)
    tested = commit()
    failed: Counter[str] = Counter()
    row = 0
    logs = sorted(folder.glob("*.log"))
    for log in logs:
        row = report(log, failed, row)
    number = len(logs)
    while row < asked.times and number < len(logs) + asked.times:
        number += 1
        log = folder / f"{number:03}-{tested}.log"
        run_once(log, asked.load)
        row = report(log, failed, row)
    for name, times in failed.most_common():
        print(f"failed in {times} of {number} runs: {name}")
    print(f"{row} runs in a row have passed, of {number}")
    return 0 if row >= asked.times else 1


def report(log: Path, failed: Counter[str], row: int) -> int:
    """Tell of a run, count what failed in it, and return how many passed in a row."""
    text = log.read_text(errors="replace")
    failures = FAILED.findall(text)
    failed.update(failures)
    print(f"{log.stem}: {'; '.join(SUMMARY.findall(text)) or 'no summary'}  {log}")
    for name in failures:
        print(f"    {name}")
    sys.stdout.flush()
    return row + 1 if text.endswith("make test ended with 0\n") else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
