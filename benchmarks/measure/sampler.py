"""Start programs as told on standard input, and say what each took.

This file alone is run by the interpreters that are measured, inside of
containers too: a line of JSON in, ``{"argv": [...], "memory": false}``, a
line of JSON out.
"""

import json
import os
import sys
import time
from pathlib import Path


def timed(argv: list[str]) -> dict[str, float]:
    """Run a program; return its exit code, and seconds by the clock and of the processor."""
    silent = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
    ]
    begin = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=silent)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - begin
    code = os.waitstatus_to_exitcode(status)
    return {"code": code, "wall": wall, "cpu": usage.ru_utime + usage.ru_stime}


def memory(argv: list[str]) -> dict[str, float]:
    """Run a program that says "ready" and waits, and look at its memory then.

    Returns its exit code; bytes resident at most, resident now, and private: those that each
    further process of the kind adds to a node.
    """
    child_in, to_child = os.pipe()
    from_child, child_out = os.pipe()
    ends = [(os.POSIX_SPAWN_DUP2, child_in, 0), (os.POSIX_SPAWN_DUP2, child_out, 1)]
    pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=ends)
    os.close(child_in)
    os.close(child_out)
    found = {}
    if os.read(from_child, 6).startswith(b"ready"):
        now = _sizes(Path(f"/proc/{pid}/smaps_rollup"))
        # What ru_maxrss tells includes the memory of whoever started it.
        most = _sizes(Path(f"/proc/{pid}/status"))["VmHWM"]
        found = {"most": most, "resident": now["Rss"], "private": now["Private_Dirty"]}
        os.write(to_child, b"\n")
    os.close(to_child)
    os.close(from_child)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return {"code": code, **found}


def _sizes(path: Path) -> dict[str, int]:
    """Return the sizes that a file of /proc has, in bytes."""
    rows = (line.split() for line in path.read_text().splitlines() if line.endswith(" kB"))
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in rows}


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        run = memory if request["memory"] else timed
        print(json.dumps(run(request["argv"])), flush=True)


if __name__ == "__main__":
    main()
