"""Which tests `make test` and `make test-long` run, and that each says what it leaves out."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpcpy.commands import run as run_command
from hpcpy.testing import check, command
from hpcpy.testing.check import pytest_options
from tiers import sampled

pytestmark = pytest.mark.long

FOLDER = Path(__file__).resolve().parents[1]
TESTS = """
import pytest
from tiers import sampled

@pytest.mark.parametrize("number", sampled(range(5), keep=2))
@pytest.mark.parametrize("name", ["a", "b"])
def test_sweep(number, name): ...

@pytest.mark.long
@pytest.mark.fault("it is slow", "it waits")
def test_storm(record_property):
    record_property("s", 2)

def test_quick(): ...
"""


def run(folder: Path, *options: str, tests: str = TESTS, code: int = 0) -> str:
    for name in ("conftest.py", "fault_table.py", "tiers.py"):
        shutil.copy(FOLDER / name, folder)
    (folder / "test_it.py").write_text(tests)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("--strict-markers", f"--rootdir={folder}", *options, str(folder)),
        ],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


@pytest.mark.parametrize("processes", [(), ("--numprocesses=2",)], ids=["one", "xdist"])
def test_each_tier_runs_its_own_and_tells_the_others_command(
    tmp_path: Path, processes: tuple[str, ...]
) -> None:
    short = run(tmp_path, "--tier=short", *processes)
    assert "5 passed" in short
    assert "7 long tests were left out: make test-long runs them" in short
    long = run(tmp_path, "--tier=long", *processes)
    assert "7 passed" in long
    assert "5 short tests were left out: make test runs them" in long
    both = run(tmp_path, *processes)
    assert "12 passed" in both
    assert "left out" not in both


@pytest.mark.parametrize("processes", [(), ("--numprocesses=2",)], ids=["one", "xdist"])
def test_faults_alone_run_and_leave_a_row_each(tmp_path: Path, processes: tuple[str, ...]) -> None:
    assert "1 passed" in run(tmp_path, f"--faults={tmp_path}/rows.json", *processes)
    (row,) = json.loads((tmp_path / "rows.json").read_bytes())
    assert row.pop("seconds") >= 0
    assert row == {
        "fault": "it is slow",
        "then": "it waits",
        "test": "test_it.py::test_storm",
        "outcome": "passed",
        "measured": {"s": 2},
    }


LIMITS = {
    "host": (check.LIMIT, "--dist=loadfile", "Timeout (>1.0s) from pytest-timeout"),
    "image": (command.LIMIT, "--dist=worksteal", "crashed while running 'test_it.py::test_waits'"),
}


@pytest.mark.parametrize("where", LIMITS)
def test_a_test_that_hangs_fails_by_its_name(tmp_path: Path, where: str) -> None:
    # It ended with CI's own limit, which names none.
    waits = "import threading\ndef test_waits(): threading.Event().wait()\ndef test_next(): ...\n"
    limit, by, words = LIMITS[where]
    options = [option.replace(str(check.HUNG_SECONDS), "1") for option in limit]
    done = run(tmp_path, *options, "--numprocesses=1", by, tests=waits, code=1)
    assert words in done
    assert "1 failed, 1 passed" in done


@pytest.mark.parametrize("tier", ["short", "long"])
def test_make_names_the_tier(tier: str) -> None:
    assert f"--tier={tier}" in pytest_options(tier)


@pytest.mark.parametrize(
    ("words", "tier"),
    [(["test"], "short"), (["test", "--long"], "long")],
    ids=["test", "test-long"],
)
def test_command_runs_its_tier_on_the_host_and_in_the_image(
    words: list[str],
    tier: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    ran: list[tuple[tuple[str, ...], str]] = []
    others: list[tuple[str, str]] = []
    built: list[tuple[str, str]] = []

    def have(kind: str, name: str = "the") -> tuple[Path, None, None]:
        built.append((kind, name))
        return Path(f"{name}.sif"), None, None

    def image_tests(sif: Path, folder: str) -> int:
        others.append((sif.name, folder))
        return 0

    def host_tests(*folders: str, tier: str) -> int:
        ran.append((folders, tier))
        return 0

    @contextlib.contextmanager
    def pytest_in(sif: Path, *, tier: str) -> Iterator[list[str]]:
        yield ["echo", f"{sif} {tier}"]

    monkeypatch.setattr(command, "ensure", lambda *_: None)
    monkeypatch.setattr(command, "have", have)
    monkeypatch.setattr(command, "image_tests", image_tests)
    monkeypatch.setattr(command, "host_tests", host_tests)
    monkeypatch.setattr(command, "pytest_in", pytest_in)
    assert run_command(words) == 0
    assert (("oci", "hpcpy-core") in built) is (tier == "long")
    for image in ("hpcpy-dev", "hpcpy-spark"):
        assert (("sif", image) in built) is (tier == "long")
    assert ran == [(("tests/launch", "tests/unit"), tier)]
    assert f"== tests in the image\nthe.sif {tier}\n" in capfd.readouterr().out
    # The short tests, in images that `make test` does not use.
    plain = [("plain.sif", "image"), ("hpcpy-core.sif", "image")]
    sci = [("hpcpy-sci.sif", "image"), ("hpcpy-sci.sif", "image_sci")]
    dev = [("hpcpy-dev.sif", "image"), ("hpcpy-dev.sif", "image_dev")]
    spark = [("hpcpy-spark.sif", "image"), ("hpcpy-spark.sif", "image_spark")]
    sanitized = [("sanitized.sif", "image"), ("sanitized.sif", "image_sanitized")]
    assert others == ([*plain, *sci, *dev, *spark, *sanitized] if tier == "long" else [])


def test_marks_names_and_several_values_of_a_case_stay() -> None:
    skipped = pytest.mark.skip
    first, second, third = sampled([1, pytest.param(2, 3, id="x", marks=skipped), (4, 5)])
    assert first == 1
    assert (second.values, second.id) == ((2, 3), "x")
    assert [mark.name for mark in second.marks] == ["skip", "long"]
    assert third.values == (4, 5)
