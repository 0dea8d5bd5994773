"""The probe: never more calls than it may do, and nothing left in any case."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

import pytest
from processes import python, start, wait_until

from workloads.errors import OutputError
from workloads.forecast.probe import LEAST_OPERATIONS, Limits, probe

LITTLE = Limits(operations=LEAST_OPERATIONS, size=1000, seconds=60)
LOOK = """
import sys
import time
from pathlib import Path
from workloads.forecast.probe import Limits, probe
limits = Limits(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
probe(Path(sys.argv[1]), limits)
"""


@pytest.mark.parametrize("operations", [LEAST_OPERATIONS, 777])
def test_it_does_no_more_calls_than_it_may_by_the_kernels_count(
    operations: int, tmp_path: Path
) -> None:
    script, folder = tmp_path / "look.py", tmp_path / "probed"
    script.write_text(LOOK)
    folder.mkdir()
    told = python("-c", TRACE, sys.executable, script, folder, str(operations), "1000", "60")
    assert told.stderr == ""
    found = json.loads(told.stdout)
    if "error" in found:
        pytest.skip(found["error"])
    assert found["code"] == 0
    calls = [name for name, _, path, _ in found["paths"] if path.startswith(f"{folder}/")]
    # Python also stats what it has opened, and lists the folder to remove it.
    assert 0.8 * operations <= len(calls) <= operations
    assert list(folder.iterdir()) == []


TRACE = """
import json, sys
from workloads.startup.tracer import trace
print(json.dumps(trace(sys.argv[1:], calls=True)))
"""


def test_it_tells_what_it_found_and_took(tmp_path: Path) -> None:
    found = probe(tmp_path, LITTLE)
    assert found.size == LITTLE.size
    assert 0 < found.operations <= LITTLE.operations
    for value in (found.look_up, found.opening, found.rate, found.read, found.threads):
        assert value > 0
    assert list(tmp_path.iterdir()) == []


def test_no_operation_begins_after_its_time(tmp_path: Path) -> None:
    found = probe(tmp_path, Limits(operations=100_000, size=1 << 30, seconds=0))
    assert found.operations < 100
    assert found.size <= 1 << 20
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_a_file_whose_writing_took_all_the_time_is_not_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No disk of the tests takes so long for its last bytes.
    monkeypatch.setattr("os.fsync", lambda _: time.sleep(5))
    before = read_by_this_process()
    found = probe(tmp_path, Limits(operations=LEAST_OPERATIONS, size=64 << 20, seconds=5))
    assert read_by_this_process() - before < 8 << 20
    assert found.read > 0
    assert list(tmp_path.iterdir()) == []


def read_by_this_process() -> int:
    """Return how many bytes this process has read, by the kernel's count (rchar)."""
    return int(Path("/proc/self/io").read_text().split()[1])


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
