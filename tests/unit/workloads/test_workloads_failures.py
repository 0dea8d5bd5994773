"""One technique's failure: a row with its reason, beside all others' rows, in each output."""

import itertools
import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import create_autospec

import pytest
from processes import environment, python

from hpcpy_common.errors import DiskError, UnavailableError, UsageError
from running import run
from tiers import sampled
from workloads.__main__ import main
from workloads.bench import scaling
from workloads.pi.command import WORKLOAD
from workloads.pi.registry import TECHNIQUES


def killed(_pairs: int, _seed: int, pool: Any) -> None:
    os.kill(pool.submit(os.getpid).result(), signal.SIGKILL)
    pool.submit(signal.pause).result()


# What a technique raises, None where its worker is killed; the reason; the exit code after
# another row, of `all`, of this one alone.
KINDS: list[tuple[Exception | None, str, int, int, int]] = [
    (ValueError("mine"), "ValueError: mine (", 1, 1, 1),
    (MemoryError(), "MemoryError (", 1, 1, 1),
    (None, "a worker process ended unasked", 1, 1, 1),
    (DiskError("a.npy: No space left on device"), "a.npy: No space left on device", 73, 73, 73),
    (UsageError("--workers 16: too many"), "--workers 16: too many", 1, 1, 2),
    (UnavailableError("no device answers"), "no device answers", 1, 0, 69),
]
# What is asked for, and how many rows another technique and this one have.
FAMILIES = ("threads", "multiprocessing")
REQUESTS = {"python,{name}": (1, 1), "all": (1, 1), "{name} --scale 1,2": (0, 2)}


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(("asked", "name"), sampled(itertools.product(REQUESTS, FAMILIES), 2))
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind[1])
def test_a_failure_is_a_row_and_loses_no_other(
    kind: tuple[Exception | None, str, int, int, int],
    asked: str,
    name: str,
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    error, reason, *codes = kind
    loaded = create_autospec(killed, side_effect=error) if error else killed
    monkeypatch.setattr(sys.modules[__name__], "fails", loaded, raising=False)
    broken = replace(TECHNIQUES[name], where=f"{__name__}:fails")
    rows = {"python": TECHNIQUES["python"], name: broken}
    monkeypatch.setattr("workloads.pi.command.WORKLOAD", replace(WORKLOAD, techniques=rows))
    others, own = REQUESTS[asked]
    code = codes[[*REQUESTS].index(asked)]
    file = tmp_path / "pi.json"
    words = asked.format(name=name).split()
    assert main(["pi", "-n", "1000", "--json", str(file), "--impl", *words]) == code
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    if code in (2, 69):
        assert (shown.out, shown.err) == ("", f"workloads: pi: {reason}\n")
        assert not file.exists()
    elif code == 0:
        assert f"  {name}: left out: {reason}" in shown.out
    else:
        report = json.loads(file.read_text())
        assert len(report["results"]) == others
        assert [each["reason"].startswith(reason) for each in report["failures"]] == [True] * own
        assert shown.out.count(f"  FAILED: {reason}") == own
        assert shown.err.count(f"pi: {name} on 1,000 pairs: FAILED: {reason}") == own


def counts(pairs: int, seed: int) -> float:
    return float(TECHNIQUES["python"].load()(pairs, seed))


def names_too_much(_pairs: int, _seed: int, wrkers: int) -> int:
    return wrkers


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    ("where", "code", "told"),
    [
        ("counts", 0, "matches the definition"),
        ("names_too_much", 1, "names_too_much names wrkers; it can have "),
    ],
)
def test_a_student_s_technique_ends_in_its_row(
    where: str,
    code: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = {"mine": replace(TECHNIQUES["python"], where=f"{__name__}:{where}")}
    monkeypatch.setattr("workloads.pi.command.WORKLOAD", replace(WORKLOAD, techniques=rows))
    assert main(["pi", "-n", "1000", "--impl", "mine"]) == code
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    assert told in shown.out


def test_what_cannot_be_printed_is_still_written(tmp_path: Path) -> None:
    file = tmp_path / "pi.json"
    command = f'"$0" -m workloads pi --impl python -n 1000 --json {file} >/dev/full'
    done = run("sh", "-c", command, sys.executable, env=environment())
    assert (done.returncode, done.stderr.count("\n")) == (73, 1)
    assert json.loads(file.read_text())["results"]


@pytest.mark.parametrize("name", ["DASK_SCHEDULER_ADDRESS", "DASK_SCHEDULER_FILE"])
def test_workers_of_a_given_cluster_are_not_counted(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "tcp://127.0.0.1:1")
    with pytest.raises(UsageError, match=f"dask has no workers to count but those of {name}"):
        scaling.counts(["dask"], TECHNIQUES, [1, 2])


ON_CLUSTER = """
import os, sys
from hpcpy_job import cluster
sys.exit(cluster.run(sys.argv[1:], dict(os.environ), {}))
"""
# What a program does at its end, its exit code, and what is said of it.
ENDS = {
    "sys.exit(256)": (1, "SystemExit: 256\n"),
    "sys.exit(7)": (7, ""),
    "sys.exit('mine')": (1, "mine\n"),
    "os.kill(os.getpid(), 9)": (137, ""),
    "print(sys.argv[1:] == ['-b'], __name__)": (0, ""),
}


@pytest.mark.parametrize("end", ENDS)
def test_the_program_of_a_cluster_keeps_its_exit_code(end: str, tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text(f"import os, sys\n{end}\n")
    done = python("-c", ON_CLUSTER, script, "-b")
    assert (done.returncode, done.stderr) == ENDS[end]
    assert done.stdout in ("", "True __main__\n")
