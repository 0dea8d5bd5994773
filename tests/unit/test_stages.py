"""A stage is a line; its failure shows why."""

from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.core.errors import DiskError
from hpcpy.core.stages import StageError, stage


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


def test_command_without_room_says_so() -> None:
    # The kernel's own ENOSPC, from the device that is always full.
    words = r"build it: no space left on the device \(sh ended with exit code 2\); free some"
    with pytest.raises(DiskError, match=words) as failed, stage("build it") as current:
        current.run(["sh", "-c", "cat /etc/passwd >/dev/full; exit 2"])
    assert failed.value.exit_code == 73
    assert isinstance(failed.value, StageError)
