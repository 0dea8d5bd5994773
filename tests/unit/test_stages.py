"""A stage is a line; its failure shows why; Ctrl-C ends all that it started."""

import signal
from pathlib import Path

import pytest
from processes import runs, start

from hpcpy.core import paths
from hpcpy.core.errors import DiskError
from hpcpy.core.stages import StageError, stage
from running import wait_until

# A tool as the user has it: hpcpy's own main around a command with a stage
# whose program has children of its own.
TOOL = """
import sys, types
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from hpcpy import __main__
from hpcpy.cli import commands
from hpcpy.core import paths
from hpcpy.core.stages import stage
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


def test_missing_program_is_told_by_name() -> None:
    with pytest.raises(StageError, match="hpcpy-not-there: No such file"), stage("run") as current:
        current.run(["hpcpy-not-there"])


@pytest.mark.long
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
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
        said = tool.communicate()[1]
        if number == signal.SIGINT:
            first, last = said.splitlines()
            assert first.endswith("compile it all: stopped")
            assert last == "hpcpy long: stopped; the same command continues from here"
    assert tool.returncode == code
    wait_until(lambda: not any(runs(pid) for pid in started))


def test_command_without_room_says_so() -> None:
    # The kernel's own ENOSPC, from the device that is always full.
    words = r"build it: no space left on the device \(sh ended with exit code 2\); free some"
    with pytest.raises(DiskError, match=words) as failed, stage("build it") as current:
        current.run(["sh", "-c", "cat /etc/passwd >/dev/full; exit 2"])
    assert failed.value.exit_code == 73
    assert isinstance(failed.value, StageError)
