"""The probe: never more calls than it may do, and nothing left in any case."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from processes import python, start

from running import wait_until
from workloads.errors import OutputError
from workloads.forecast.probe import LEAST_OPERATIONS, Limits, probe

LITTLE = Limits(operations=LEAST_OPERATIONS, size=1000, seconds=60)


def test_it_tells_what_it_found_and_took(tmp_path: Path) -> None:
    found = probe(tmp_path, LITTLE)
    assert found.size == LITTLE.size
    assert 0 < found.operations <= LITTLE.operations
    for value in (found.look_up, found.opening, found.rate, found.read, found.threads):
        assert value > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_its_folder_is_gone_when_it_is_stopped(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    words = ["forecast", "--import", "json", "--probe", str(tmp_path), "--seconds", "600"]
    words += ["--operations", "100000", "--size", "16384"]
    running = "import sys; from workloads.__main__ import _entry; sys.exit(_entry())"
    with start(running, *words) as job:
        try:
            wait_until(lambda: any(tmp_path.glob(".hpcpy-forecast-*/*")))
        finally:
            # Otherwise a failure would wait for the job's ten minutes.
            job.send_signal(number)
        out, said = job.communicate()
    assert (job.returncode, out) == (code, "")
    assert len(said.splitlines()) <= 1
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_nothing_is_one_line_and_73() -> None:
    with pytest.raises(OutputError, match=r"^/proc cannot be probed: .*; --probe FOLDER") as caught:
        probe(Path("/proc"), LITTLE)
    assert caught.value.exit_code == 73


def test_a_file_that_may_not_grow_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    # As a full disk does in the middle of the large file; Python ignores the signal.
    code = (
        "import resource, sys; from workloads.__main__ import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    done = python("-c", code, "forecast", "--import", "json", "--probe", tmp_path)
    assert (done.returncode, done.stdout) == (73, "")
    assert done.stderr == (
        f"workloads: forecast: {tmp_path} cannot be probed: File too large; --probe FOLDER names "
        "another folder of the same file system\n"
    )
    assert list(tmp_path.iterdir()) == []
