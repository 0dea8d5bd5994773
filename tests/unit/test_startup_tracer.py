"""The tracer of starts: every call of a program and of all that it starts."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from processes import python

from workloads.startup.calls import KINDS, Call, summary


def calls_of(code: str, *options: Any) -> Any:
    """Count the calls of a program that imports nothing by itself."""
    command = [sys.executable, "-I", "-S", *options, "-c", code]
    done = python("-m", "workloads.startup.tracer", *command)
    assert done.stderr == ""
    found = json.loads(done.stdout)
    if "error" in found:
        pytest.skip(found["error"])
    assert found["code"] == 0
    return {**found, **summary([Call(*call) for call in found["each"]])}


class TestTracer:
    BASE = "import os"

    def more(self, code: str) -> Any:
        """Return how much more a program does than one that does nothing."""
        base, found = calls_of(self.BASE), calls_of(f"{self.BASE}\n{code}")
        kinds = {k: found["kinds"][k] - base["kinds"][k] for k in KINDS}
        rest = {k: found[k] - base[k] for k in found if isinstance(found[k], int)}
        return {key: value for key, value in {**rest, **kinds}.items() if value}

    def test_every_kind_is_counted(self) -> None:
        code = (
            "for call in (os.stat, os.readlink, os.rmdir, lambda p: os.open(p, 0)):\n"
            "    try: call('/nonexistent/x')\n"
            "    except OSError: pass\n"
            "os.access('/proc/none', os.R_OK)\n"
        )
        found = self.more(code)
        one_each = {"open": 1, "stat": 1, "access": 1, "readlink": 1, "other": 1}
        assert one_each.items() <= found.items()
        # /proc is node-local, and nothing was opened.
        assert (found["path_calls"], found["off_node"], found.get("opens", 0)) == (5, 4, 0)

    def test_bytes_are_those_of_files_that_are_off_node(self, tmp_path: Path) -> None:
        path = tmp_path / "x"
        path.write_bytes(b"x" * 5_000)
        code = (
            f"f = os.open({str(path)!r}, 0); os.read(f, 3_000); os.pread(f, 9_000, 1_000)\n"
            "r, w = os.pipe(); os.write(w, bytes(700)); os.read(r, 700)\n"
            "g = os.open('/etc/passwd', 0); os.read(g, 10)\n"
        )
        found = self.more(code)
        assert (found["bytes_read"], found["read"], found["opens"]) == (7_000, 4, 2)

    def test_threads_and_processes_are_followed(self) -> None:
        code = (
            "import _thread, time\n"
            "lock = _thread.allocate_lock(); lock.acquire()\n"
            "def work():\n"
            "    os.access('/nonexistent/a', 0); lock.release()\n"
            "_thread.start_new_thread(work, ()); lock.acquire()\n"
            "if not os.fork():\n"
            "    os.access('/nonexistent/b', 0); os._exit(0)\n"
            "os.wait()\n"
        )
        found = self.more(code)
        assert (found["threads"], found["processes"], found["access"]) == (1, 1, 2)

    def test_a_link_is_looked_up_and_its_target_is_not(self, tmp_path: Path) -> None:
        link = tmp_path / "link"
        code = f"import os; os.chdir({str(tmp_path)!r}); os.symlink('/etc/none', 'link')"
        found = {call[0]: call[2] for call in calls_of(code)["each"]}
        assert found["symlink"] == str(link)

    def test_what_cannot_be_started_is_said(self) -> None:
        done = python("-m", "workloads.startup.tracer", "/nonexistent/python")
        said = json.loads(done.stdout)["error"]
        assert "cannot be started (No such file or directory)" in said or "refuses" in said
