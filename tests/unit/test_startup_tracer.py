"""The tracer of starts: every call of a program and of all that it starts."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from processes import python

from hpcpy.adopt.trace import Traced, traced
from hpcpy.stages import StageError
from workloads.startup.syscalls import KINDS


def calls_of(code: str, *options: Any) -> Any:
    """Count the calls of a program that imports nothing by itself."""
    command = [sys.executable, "-I", "-S", *options, "-c", code]
    done = python("-m", "workloads.startup.tracer", *command)
    assert done.stderr == ""
    found = json.loads(done.stdout)
    if "error" in found:
        pytest.skip(found["error"])
    assert found["code"] == 0
    return found


class TestTracer:
    BASE = "import os"

    def more(self, code: str) -> Any:
        """Return how much more a program does than one that does nothing."""
        base, found = calls_of(self.BASE), calls_of(f"{self.BASE}\n{code}")
        kinds = {k: found["kinds"][k] - base["kinds"][k] for k in KINDS}
        rest = {k: found[k] - base[k] for k in found if k not in ("kinds", "code", "folders")}
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

    def test_off_node_calls_are_told_by_folder_and_whether_they_found_something(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "x").touch()
        code = (
            "import os\n"
            f"os.chdir({str(tmp_path)!r})\n"
            "for name in ('x', 'y', 'z', 'sub/y', '/proc/none') * 9: os.access(name, os.R_OK)\n"
        )
        # Only the folders that are asked most are listed, and a start asks some dozens.
        folders = {folder: rest for folder, *rest in calls_of(code)["folders"]}
        assert folders[str(tmp_path)] == [27, 18]
        assert folders[str(tmp_path / "sub")] == [9, 9]
        assert "/proc" not in folders

    def test_bytes_are_those_of_files_that_are_off_node(self, tmp_path: Path) -> None:
        path = tmp_path / "x"
        path.write_bytes(b"x" * 5_000)
        code = (
            f"f = os.open({str(path)!r}, 0); os.read(f, 3_000); os.pread(f, 9_000, 1_000)\n"
            "r, w = os.pipe(); os.write(w, bytes(700)); os.read(r, 700)\n"
            "g = os.open('/etc/passwd', 0); os.read(g, 10)\n"
        )
        found = self.more(code)
        assert (found["bytes_read"], found["bytes_moved"]) == (7_000, 7_710)
        assert (found["read"], found["opens"]) == (4, 2)
        assert found["accounted"] == found["bytes_moved"]

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

    def test_it_begins_with_the_programs_own_execve(self) -> None:
        found = calls_of("pass")
        assert found["kinds"]["execve"] == 1
        assert found["calls"] >= sum(found["kinds"].values())

    @pytest.mark.long
    def test_signals_reach_the_program(self) -> None:
        calls_of(
            "import os, signal\n"
            "seen = []\n"
            "signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))\n"
            "os.kill(os.getpid(), signal.SIGUSR1)\n"
            "assert seen == [1]\n"
        )

    @pytest.mark.long
    def test_threads_that_are_killed_in_the_middle_of_a_call(self) -> None:
        code = (
            "import _thread, os, time\n"
            "def work():\n"
            "    while True: os.access('/nonexistent/a', 0)\n"
            "for _ in range(4): _thread.start_new_thread(work, ())\n"
            "time.sleep(0.02)\n"
            "os._exit(0)\n"
        )
        for _ in range(3):
            assert calls_of(code)["threads"] == 4

    @pytest.mark.long
    def test_a_thread_that_starts_another_program(self) -> None:
        code = (
            "import _thread, os, sys, time\n"
            "rest = ['-I', '-S', '-c', 'import os; os.access(\"/nonexistent/b\", 0)']\n"
            "_thread.start_new_thread(os.execv, (sys.executable, [sys.executable, *rest]))\n"
            "time.sleep(60)\n"
        )
        found = calls_of(code)
        assert (found["kinds"]["execve"], found["processes"], found["threads"]) == (2, 0, 1)

    def test_what_cannot_be_started_is_said(self) -> None:
        done = python("-m", "workloads.startup.tracer", "/nonexistent/python")
        said = json.loads(done.stdout)["error"]
        assert "cannot be started (No such file or directory)" in said or "refuses" in said


class TestOneProgramOfACommand:
    """As `hpcpy bench startup` counts a Python that a container starts."""

    def counted(self, script: str) -> tuple[Traced, set[str]]:
        found = traced(["sh", "-c", script], sys.executable)
        return found, {call.path for call in found.paths if "/nonexistent/" in call.path}

    def test_what_starts_it_and_what_is_beside_it_does_not_count(self) -> None:
        code = "import os, subprocess; subprocess.run(['ls', '/nonexistent/its-own'])"
        found, paths = self.counted(
            "ls /nonexistent/before; ls /nonexistent/beside & "
            f'{shlex.quote(sys.executable)} -I -S -c "{code}"; code=$?; wait; '
            "ls /nonexistent/after; exit $code"
        )
        assert paths == {"/nonexistent/its-own"}
        assert found.paths[0].path == sys.executable
        assert found.summary["processes"] == 1
        assert found.summary["path_calls"] == len(found.paths)

    def test_a_changed_root_is_no_part_of_a_path(self, tmp_path: Path) -> None:
        become = [] if os.geteuid() == 0 else ["--map-root-user"]
        bind = 'mount --rbind / "$0" && exec chroot "$0" "$1" -I -S -c "$2"'
        code = (
            "import os; os.chdir('/usr'); os.access('nonexistent/x', 0)\n"
            "folder = os.open('/opt', 0); os.access('nonexistent/y', 0, dir_fd=folder)"
        )
        command = ["unshare", "--mount", *become, "sh", "-c", bind, str(tmp_path)]
        tried = subprocess.run([*command, "/bin/true", ""], capture_output=True, check=False)
        if tried.returncode:
            pytest.skip("no mounts of one's own here; as root: sudo make check")
        found = traced([*command, sys.executable, code], sys.executable)
        paths = {call.path for call in found.paths if "nonexistent" in call.path}
        assert paths == {"/usr/nonexistent/x", "/opt/nonexistent/y"}

    def test_a_command_that_fails_or_never_starts_it_is_an_error(self) -> None:
        with pytest.raises(StageError, match=r"exit code 3: it said nothing"):
            traced(["sh", "-c", "exit 3"], sys.executable)
        with pytest.raises(StageError, match="was never started"):
            traced(["true"], sys.executable)


class TestRefusal:
    """A process that is traced already cannot be traced by another: a real refusal."""

    def traced(self, tmp_path: Path, *options: Any) -> Any:
        report = tmp_path / "s.json"
        words = ["-m", "workloads", "startup", "--case", "pass", "--json", str(report), *options]
        command = ["-m", "workloads.startup.tracer", sys.executable, *words]
        done = python(*command)
        return done, report

    def test_ptrace_alone_is_69_and_one_line(self, tmp_path: Path) -> None:
        done, report = self.traced(tmp_path, "--impl", "ptrace")
        assert json.loads(done.stdout)["code"] == 69
        want = "startup: the kernel refuses ptrace (Operation not permitted)"
        assert done.stderr == f"workloads: {want}\n"
        assert not report.exists()

    def test_the_others_are_left(self, tmp_path: Path) -> None:
        done, report = self.traced(tmp_path)
        assert (json.loads(done.stdout)["code"], done.stderr) == (0, "")
        results = json.loads(report.read_text())["results"]
        assert [one["impl"] for one in results] == ["spawn", "spawn-many", "importtime"]
