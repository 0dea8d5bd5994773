"""A stage is a line; its failure shows why; Ctrl-C ends all that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from processes import runs, start, wait_until

from hpcpy import paths
from hpcpy.errors import DiskError
from hpcpy.stages import StageError, skipped, stage

# A tool as the user has it: hpcpy's own main around a command with a stage
# whose program has children of its own.
TOOL = """
import sys, types
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from hpcpy import __main__, commands, paths
from hpcpy.stages import stage
paths.LOGS = Path(sys.argv[1])
command = types.ModuleType("long_command")
def declare(parser):
    pass
def main(options):
    with stage("compile it all") as current:
        current.run(["sh", "-c", sys.argv[2], "sh", sys.argv[1]])
command.declare, command.main = declare, main
sys.modules["long_command"] = command
commands.COMMANDS["long"] = ("long_command", "takes long")
sys.exit(__main__.main(["long"]))
"""
TREE = 'sh -c "echo \\$\\$ >$1/grandchild; sleep 1000" & echo $$ >$1/child; wait'


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "LOGS", tmp_path / "logs")
    monkeypatch.setenv("HPCPY_CACHE", str(tmp_path))
    return tmp_path / "logs"


def test_stage_is_one_line_with_its_note(capfd: pytest.CaptureFixture[str]) -> None:
    with stage("unpack it") as current:
        current.run(["echo", "not for the terminal"])
        current.note = "5 MB"
    skipped("build it", "up to date")
    out, err = capfd.readouterr()
    first, second = err.splitlines()
    assert first.endswith(" s unpack it (5 MB)")
    assert second.endswith("build it (up to date)")
    assert out == ""


def test_failing_stage_shows_the_last_lines_and_the_name_of_its_log(
    logs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    script = "for i in $(seq 30); do echo line $i; done; exit 3"
    with pytest.raises(StageError, match="sh ended with exit code 3"), stage("Build part") as now:
        now.run(["sh", "-c", script])
    shown = capfd.readouterr().err.splitlines()
    assert shown[0].endswith(" s Build part: FAILED")
    assert shown[1:-1] == [f"        | line {number}" for number in range(11, 31)]
    assert shown[-1] == f"        full log: {logs / 'build-part.log'}"
    assert "line 1\n" in (logs / "build-part.log").read_text()


def test_log_holds_errors_and_commands_of_this_run_alone(logs: Path) -> None:
    for word in ("first", "second"):
        with stage("talk") as current:
            current.run(["sh", "-c", f"echo {word} >&2"])
    assert (logs / "talk.log").read_text() == "$ sh -c echo second >&2\nsecond\n"


def test_missing_program_is_told_by_name() -> None:
    with pytest.raises(StageError, match="hpcpy-not-there: No such file"), stage("run") as current:
        current.run(["hpcpy-not-there"])


def test_death_by_a_signal_is_told_as_one() -> None:
    with pytest.raises(StageError, match="sh ended with signal 9"), stage("run") as current:
        current.run(["sh", "-c", "kill -9 $$"])


def test_standard_input_is_what_was_given_or_empty(logs: Path) -> None:
    with stage("read") as current:
        current.run(["cat"], stdin=b"given\n")
        current.run(["cat"])
    assert (logs / "read.log").read_text() == "$ cat\ngiven\n$ cat\n"


@pytest.mark.long
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "kill"]
)
def test_stopping_the_tool_ends_everything_that_a_stage_started(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    (tmp_path / "logs").mkdir()
    files = [tmp_path / "logs" / name for name in ("child", "grandchild")]
    with start(TOOL, tmp_path / "logs", TREE) as tool:
        wait_until(lambda: all(file.exists() and file.read_text() for file in files))
        started = [int(file.read_text()) for file in files]
        tool.send_signal(number)
        _, err = tool.communicate()
    assert tool.returncode == code
    assert "compile it all" in err
    assert "Traceback" not in err
    wait_until(lambda: not any(runs(pid) for pid in started))


@pytest.mark.long
def test_killing_the_tool_ends_everything_that_a_stage_started(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    files = [tmp_path / "logs" / name for name in ("child", "grandchild")]
    with start(TOOL, tmp_path / "logs", TREE) as tool:
        wait_until(lambda: all(file.exists() and file.read_text() for file in files))
        started = [int(file.read_text()) for file in files]
        tool.kill()
    wait_until(lambda: not any(runs(pid) for pid in started))


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_has_just_been_started_is_stopped_too(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    started = []

    class Popen(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **more: Any) -> None:
            super().__init__(*arguments, **more)
            started.append(self.pid)
            os.kill(os.getpid(), number)
            # Python looks for signals between its instructions.
            time.sleep(0.01)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", Popen)
    kept = signal.signal(number, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt), stage("start it") as current:
            current.run(["sleep", "100"])
        assert signal.getsignal(number) is interrupt
    finally:
        signal.signal(number, kept)
    wait_until(lambda: not any(runs(pid) for pid in started))


def test_ctrl_c_says_that_the_command_can_go_on(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    child = tmp_path / "logs/child"
    with start(TOOL, tmp_path / "logs", TREE) as tool:
        wait_until(lambda: child.exists() and bool(child.read_text()))
        tool.send_signal(signal.SIGINT)
        _, err = tool.communicate()
    first, last = err.splitlines()
    assert first.endswith("compile it all: stopped")
    assert last == "hpcpy long: stopped; the same command continues from here"


def test_command_without_room_says_so() -> None:
    # The kernel's own ENOSPC, from the device that is always full.
    words = r"build it: no space left on the device \(sh ended with exit code 2\); free some"
    with pytest.raises(DiskError, match=words) as failed, stage("build it") as current:
        current.run(["env", "sh", "-c", "cat /etc/passwd >/dev/full; exit 2"])
    assert failed.value.exit_code == 73
    assert isinstance(failed.value, StageError)


def test_command_without_room_for_its_words_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=4096))
    with pytest.raises(DiskError, match="no space left"), stage("build it") as current:
        current.run(["false"])


def test_what_failed_before_is_no_lack_of_room() -> None:
    with contextlib.ExitStack() as stack:
        failed = stack.enter_context(pytest.raises(StageError))
        current = stack.enter_context(stage("build it"))
        current.run(["sh", "-c", "cat /etc/passwd >/dev/full; exit 0"])
        current.run(["false"])
    assert (str(failed.value), failed.value.exit_code) == ("false ended with exit code 1", 1)
