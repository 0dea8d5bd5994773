"""A stage is a line, its failure shows why; parts are built at once, each after its needs."""

import threading
from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.core.stages import StageError, in_order, stage
from hpcpy_common.errors import DiskError

NEEDS = {"a": (), "b": (), "c": ("a", "b"), "d": ("c",), "e": ("not among them",)}


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


def test_a_command_that_is_not_there_or_has_no_room_says_so() -> None:
    with pytest.raises(StageError, match="hpcpy-not-there: No such file"), stage("run") as current:
        current.run(["hpcpy-not-there"])
    # The kernel's own ENOSPC, from the device that is always full.
    words = r"build it: no space left on the device \(sh ended with exit code 2\); free some"
    with pytest.raises(DiskError, match=words) as failed, stage("build it") as current:
        current.run(["sh", "-c", "cat /etc/passwd >/dev/full; exit 2"])
    assert failed.value.exit_code == 73
    assert isinstance(failed.value, StageError)


def test_everything_is_done_after_what_it_needs() -> None:
    done: list[str] = []
    in_order(list(NEEDS), NEEDS.__getitem__, done.append, at_once=2)
    assert sorted(done) == sorted(NEEDS)
    for name, needs in NEEDS.items():
        assert all(done.index(need) < done.index(name) for need in needs if need in done)


def test_a_failure_keeps_what_was_begun_and_begins_nothing_more(
    capfd: pytest.CaptureFixture[str],
) -> None:
    done = []
    failed = threading.Event()

    def build(name: str) -> None:
        with stage(name) as current:
            if name == "a":
                failed.wait(300)
            else:
                failed.set()
                current.run(["sh", "-c", "echo a mistake; exit 3"])
            done.append(name)

    with pytest.raises(StageError, match="exit code 3"):
        in_order(["a", "b", "c"], NEEDS.__getitem__, build, at_once=2)
    said = capfd.readouterr().err
    assert done == ["a"]
    assert "b: FAILED" in said
    assert said.count("full log") == 1
