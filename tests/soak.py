"""Run ``make test`` many times beside a load on every core, and tell what failed.

    python3 tests/soak.py --times 10

Each run leaves a log in ``build/soak``, named by its number and its commit, and an
entry in ``docs/results/soak.json``, to be committed.  A run that was stopped leaves
none, and the next call goes on with it: ten runs may take several days, on several
machines.  They may be of several commits, since the cause of a failure is mended
between them: what counts is how many have passed since the last failure.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "docs/results/soak.json"
# pytest's lines in its short summary.
FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)
LOAD = re.compile(r"^load average of 5 and 15 minutes: (\[.*\])$", re.MULTILINE)
SUMMARY = re.compile(r"^=* ?(\d+ (?:passed|failed).* in .*?) ?=*$", re.MULTILINE)


@contextlib.contextmanager
def load(processes: int) -> Iterator[None]:
    """Keep so many cores busy while the block runs."""
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
            # At SIGINT make test ends its children; a kill would leave them behind.
            os.killpg(test.pid, signal.SIGINT)
            test.wait()
            raise
        stream.write(f"load average of 5 and 15 minutes: {list(os.getloadavg()[1:])}\n")
        stream.write(f"make test ended with {code}\n")
    unfinished.rename(log)


def commit() -> str:
    """Return the commit that is tested; exit if the checkout has changes beside the record."""
    changes = subprocess.run(
        ["git", "status", "--porcelain", "--", ".", f":!{RECORD.relative_to(ROOT)}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
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
    runs = recorded()
    for run in runs:
        tell(run)
    already = len(runs)
    while row(runs) < asked.times and len(runs) < already + asked.times:
        log = folder / f"{len(runs) + 1:03}-{tested}.log"
        run_once(log, asked.load)
        runs.append(entry(log, tested))
        unfinished = RECORD.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(runs, indent=1) + "\n")
        unfinished.rename(RECORD)
        tell(runs[-1])
    for name, times in Counter(name for run in runs for name in run["failed"]).most_common():
        print(f"failed in {times} of {len(runs)} runs: {name}")
    print(f"{row(runs)} runs in a row have passed, of {len(runs)}")
    return 0 if row(runs) >= asked.times else 1


def recorded() -> list[dict[str, Any]]:
    """Return the runs so far."""
    if not RECORD.exists():
        return []
    found: list[dict[str, Any]] = json.loads(RECORD.read_text())
    return found


def entry(log: Path, tested: str) -> dict[str, Any]:
    """Return the record's entry for a run's log."""
    text = log.read_text(errors="replace")
    ended = datetime.datetime.fromtimestamp(log.stat().st_mtime, datetime.UTC)
    return {
        "commit": tested,
        "ended": ended.isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load_average": json.loads(LOAD.findall(text)[-1]),
        "passed": text.endswith("make test ended with 0\n"),
        "summaries": SUMMARY.findall(text),
        "failed": FAILED.findall(text),
    }


def row(runs: list[dict[str, Any]]) -> int:
    """Return how many have passed since the last failure."""
    ends = [number for number, run in enumerate(runs, 1) if not run["passed"]]
    return len(runs) - max(ends, default=0)


def tell(run: dict[str, Any]) -> None:
    """Print a run and what failed in it."""
    print(f"{run['ended']} {run['commit']}: {'; '.join(run['summaries']) or 'no summary'}")
    for name in run["failed"]:
        print(f"    {name}")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
