"""Parts are built several at once, each after those it needs."""

import threading
from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.core.stages import StageError, in_order, stage

NEEDS = {"a": (), "b": (), "c": ("a", "b"), "d": ("c",), "e": ("not among them",)}


@pytest.fixture(autouse=True)
def _logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "LOGS", tmp_path)


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
