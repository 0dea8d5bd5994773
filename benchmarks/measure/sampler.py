"""Start programs as told on standard input, and say what each took.

This file alone is run by the interpreters that are measured, inside of
containers too: a line of JSON in, ``{"argv": [...], "memory": false}``, a
line of JSON out.
"""

import json
import os
import sys
import tempfile
import time


def timed(argv: list[str], log: str) -> dict[str, float]:
    """Run a program; return its exit code, and seconds by the clock and of the processor."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, log, flags, 0o600),
    ]
    begin = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=files)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - begin
    code = os.waitstatus_to_exitcode(status)
    return {"code": code, "wall": wall, "cpu": usage.ru_utime + usage.ru_stime}


def memory(argv: list[str]) -> dict[str, float]:
    """Run a program that prints at its end what /proc says of its memory.

    Returns its exit code; bytes resident at most, resident now, and private: those that each
    further process of the kind adds to a node.
    """
    with tempfile.NamedTemporaryFile("r") as log:
        code = timed(argv, log.name)["code"]
        rows = (line.split() for line in log if line.endswith(" kB\n"))
        sizes = {words[0]: int(words[1]) * 1024 for words in rows}
    # What ru_maxrss tells includes the memory of whoever started it.
    names = {"most": "VmHWM:", "resident": "Rss:", "private": "Private_Dirty:"}
    return {"code": code, **{name: sizes[key] for name, key in names.items() if key in sizes}}


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        argv = request["argv"]
        taken = memory(argv) if request["memory"] else timed(argv, os.devnull)
        print(json.dumps(taken), flush=True)


if __name__ == "__main__":
    main()
